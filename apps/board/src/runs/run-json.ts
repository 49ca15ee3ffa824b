/** What a run was started with: run.json to parameters. */
import type { Pair } from './point.ts';

/** Those of MLflow's server. */
const maxKey = 250;
const maxValue = 6000;

type Section = { readonly name: string; readonly pairs: readonly Pair[] };

/** A cfg's sections in order, without judging it. */
export const cfgSections = (text: string): readonly Section[] => {
  const sections: { name: string; pairs: Pair[] }[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const header = /^\[(.+?)\]/.exec(line);
    if (header) sections.push({ name: header[1], pairs: [] });
    const at = line.indexOf('=');
    if (!header && at > 0) {
      sections.at(-1)?.pairs.push({ key: line.slice(0, at).trim(), value: line.slice(at + 1).trim() });
    }
  }
  return sections;
};

const shownSections = ['net', 'yolo'];

/** [net], and the last [yolo] layer: what tells one run from another. */
export const cfgParams = (text: string): readonly Pair[] => {
  const sections = cfgSections(text);
  return shownSections.flatMap((name) => {
    const section = sections.findLast((one) => one.name === name || (name === 'net' && one.name === 'network'));
    return (section?.pairs ?? []).map(({ key, value }) => ({ key: `${name}.${key}`, value }));
  });
};

const wordOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** `seed`, `device.name`, `plan.batch`, ... without the command and the text of the cfg. */
const flat = (value: unknown, path: string): readonly Pair[] => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([name, inner]) => flat(inner, path === '' ? name : `${path}.${name}`));
  }
  return value === null || value === undefined ? [] : [{ key: path, value: wordOf(value) }];
};

const left = new Set(['started', 'cfg.text', 'data.text']);

export type RunStart = {
  readonly params: readonly Pair[];
  readonly cfg: string | undefined;
  readonly started: number | undefined;
};

/** Undefined for what is no JSON object. A key given twice counts once. */
export const readRunJson = (text: string): RunStart | undefined => {
  let run: unknown;
  try {
    run = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof run !== 'object' || run === null || Array.isArray(run)) return undefined;
  const { cfg, started } = run as { readonly cfg?: { readonly text?: unknown }; readonly started?: unknown };
  const cfgText = typeof cfg?.text === 'string' ? cfg.text : undefined;
  const time = typeof started === 'string' ? Date.parse(started) : Number.NaN;
  const pairs = [...flat(run, ''), ...(cfgText === undefined ? [] : cfgParams(cfgText))]
    .filter(({ key }) => !left.has(key))
    .map(({ key, value }) => ({
      key: key.slice(0, maxKey).replace(/[^\w\-. /:]/g, '_'),
      value: value.slice(0, maxValue),
    }));
  return {
    params: [...new Map(pairs.map((pair) => [pair.key, pair])).values()],
    cfg: cfgText,
    started: Number.isSafeInteger(time) ? time : undefined,
  };
};
