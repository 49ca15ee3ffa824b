/**
 * The layer table that AlexeyAB's program prints of a cfg (`zoo.json`, blanks folded) against a plan of ours: what differs, in
 * words. Rows that it prints without shapes say nothing of them.
 */
import type { NetworkPlan } from '../plan.ts';

export interface Printed {
  /** Other than 0: its program dies on the cfg, and the table ends there. */
  readonly exit: number;
  readonly weights_bytes: number | null;
  readonly parameters: number | null;
  readonly table: readonly string[];
}

const image = /(\d+) ?x ?(\d+) ?x ?(\d+)(?= |$)/g;

/** `512 x 512 x 3 -> 512 x 512 x 32`, or a vector's length. */
const shapesIn = (text: string): readonly string[] => {
  const images = [...text.matchAll(image)].map(([, w, h, c]) => `${w} x ${h} x ${c}`);
  const flat = /(\d+) -> (\d+)$/.exec(text);
  if (flat && images.length === 0) return [`length ${flat[1]}`, `length ${flat[2]}`];
  const last = /-> (\d+)$/.exec(text);
  return last && images.length > 0 ? [...images, `length ${last[1]}`] : images;
};

const conv = /^conv (\d+)(?:\/ ?(\d+))? (\d+) x ?(\d+)\/ ?(\d+) (.*?)(?: [\d.]+ BF)?$/;
const pool = /^max (\d+)x ?(\d+)\/ ?(\d+) (.*?)(?: [\d.]+ BF)?$/;

/** What a row says, by name. */
const said = (row: string): Readonly<Record<string, unknown>> => {
  const c = conv.exec(row);
  if (c) {
    const [input, output] = shapesIn(c[6]);
    return { kind: 'convolutional', filters: +c[1], groups: +(c[2] ?? 1), size: +c[3], stride: +c[5], input, output };
  }
  const p = pool.exec(row);
  if (p) {
    const [input, output] = shapesIn(p[4]);
    return { kind: 'maxpool', size: +p[1], stride: +p[3], input, output };
  }
  const shortcut = /^Shortcut Layer: (\d+), wt = 0, wn = 0, outputs: (.*?)(?: [\d.]+ BF)?$/.exec(row);
  if (shortcut) return { kind: 'shortcut', from: +shortcut[1], output: shapesIn(shortcut[2])[0] };
  const route = /^route ([\d ]+) -> (.*)$/.exec(row);
  if (route) return { kind: 'route', sources: route[1].trim().split(/ +/).map(Number), output: shapesIn(route[2])[0] };
  const kinds = [
    ['upsample', 'upsample'],
    ['avg', 'avgpool'],
    ['connected', 'connected'],
    ['dropout', 'dropout'],
    ['softmax', 'softmax'],
    ['cost', 'cost'],
    ['yolo', 'yolo'],
  ] as const;
  const [, kind] = kinds.find(([word]) => row.startsWith(word)) ?? [];
  const [input, output] = shapesIn(row.replace(/^upsample \d+x /, ''));
  return kind === undefined ? { unreadable: row } : { kind, ...(input && { input }), ...(output && { output }) };
};

/** Lines of the table that are no row of a layer. */
const isRow = (line: string): boolean => /^\d+ /.test(line) && !line.includes('Using default');

export const differences = (plan: NetworkPlan, printed: Printed): readonly string[] => {
  const rows = printed.table.filter(isRow);
  const found: string[] = [];
  if (printed.exit === 0) {
    const bytes = 4 * plan.parameters + 20;
    if (plan.parameters !== printed.parameters) found.push(`${plan.parameters} parameters, not ${printed.parameters}`);
    if (bytes !== printed.weights_bytes) found.push(`${bytes} bytes of weights, not ${printed.weights_bytes}`);
    // Its last layer's row may stand behind words that are no row.
    if (rows.length < plan.layers.length - 1) found.push(`${plan.layers.length} layers, not ${rows.length}`);
  }
  for (const row of rows) {
    const [, index, text] = /^(\d+) (.*)$/.exec(row) ?? [];
    const layer = plan.layers[Number(index)];
    if (layer === undefined) {
      found.push(`no layer ${row}`);
      continue;
    }
    const { config, input, output, sources } = layer;
    const show = ({ w, h, c }: typeof input, like: unknown): string =>
      String(like).startsWith('length') ? `length ${w * h * c}` : `${w} x ${h} x ${c}`;
    const ours: Readonly<Record<string, unknown>> = { ...config, kind: config.type, from: sources[1], sources };
    for (const [name, value] of Object.entries(said(text))) {
      const own = name === 'input' ? show(input, value) : name === 'output' ? show(output, value) : ours[name];
      if (String(own) !== String(value)) found.push(`layer ${index} ${name}: ${own}, not ${value} (${row})`);
    }
  }
  return found;
};
