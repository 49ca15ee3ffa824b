/** A sweep: one cfg for each combination of losses, normalisers and seeds, and the runs that train them. */
import { isAbsolute, join } from 'node:path';
import type { Output } from '../outputs/write-set.ts';
import { baseOf } from '../training/run-folder.ts';
import type { Task } from './script.ts';

/** Values to go through; an empty list leaves the cfg's own. */
export type Grid = {
  readonly losses: readonly string[];
  readonly iouNormalizers: readonly number[];
  readonly clsNormalizers: readonly number[];
  readonly seeds: readonly number[];
};

export type Variant = {
  readonly name: string;
  /** Keys of every [yolo] section. */
  readonly keys: Readonly<Record<string, string>>;
  readonly seed: number;
};

type Choice<A> = { readonly value: A | undefined; readonly tag: string };

const choices = <A extends string | number>(values: readonly A[], prefix: string): readonly Choice<A>[] =>
  values.length === 0 ? [{ value: undefined, tag: '' }] : values.map((value) => ({ value, tag: `${prefix}${value}` }));

const defined = (entries: Readonly<Record<string, string | number | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(entries).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );

/** `giou-n0.5-s2`: what differs within the sweep. */
export const variantsOf = ({ losses, iouNormalizers, clsNormalizers, seeds }: Grid): readonly Variant[] =>
  choices(losses, '').flatMap((loss) =>
    choices(iouNormalizers, 'n').flatMap((iou) =>
      choices(clsNormalizers, 'c').flatMap((cls) =>
        choices(seeds, 's').map((seed) => ({
          name: [loss, iou, cls, seed].flatMap(({ tag }) => (tag === '' ? [] : [tag])).join('-') || 'run',
          keys: defined({ iou_loss: loss.value, iou_normalizer: iou.value, cls_normalizer: cls.value }),
          seed: seed.value ?? 0,
        })),
      ),
    ),
  );

const keyOf = (line: string): string => line.split('=', 1)[0].trim();

/** Sets keys of every section of a name; other lines, comments too, stay as they are. */
export const withKeys = (cfg: string, section: string, keys: Readonly<Record<string, string | number>>): string => {
  const lines: string[] = [];
  let inside = false;
  for (const line of cfg.split('\n')) {
    const heading = /^\s*\[\s*(\w+)\s*\]/.exec(line)?.[1];
    if (heading !== undefined) inside = heading === section || (section === 'net' && heading === 'network');
    if (inside && heading === undefined && Object.hasOwn(keys, keyOf(line))) continue;
    lines.push(line);
    if (!inside || heading === undefined) continue;
    for (const [key, value] of Object.entries(keys)) lines.push(`${key}=${value}`);
  }
  return lines.join('\n');
};

export type SweepPlan = {
  readonly out: string;
  /** Text of the .data file, its paths absolute but for those that are set here. */
  readonly data: Readonly<Record<string, string>>;
  readonly cfg: { readonly file: string; readonly text: string };
  readonly weights: string | undefined;
  readonly grid: Grid;
  /** Options of `train` for every run. */
  readonly more: readonly string[];
};

export type SweptRun = { readonly name: string; readonly run: string; readonly cfg: string; readonly seed: number };

/** What `slurm valid --sweep` and `slurm watch --sweep` read. */
export type SweepManifest = { readonly data: string; readonly runs: readonly SweptRun[] };

export const manifestFile = (out: string): string => join(out, 'sweep.json');

/** Each run is `<out>/<variant>`. */
export const planSweep = ({ out, data, cfg, weights, grid, more }: SweepPlan) => {
  const base = baseOf(cfg.file);
  const dataFile = join(out, 'sweep.data');
  const lines = Object.entries({ ...data, backup: out }).map(([key, value]) => `${key} = ${value}\n`);
  const made = variantsOf(grid).map((variant) => {
    const file = join(out, 'cfg', variant.name, `${base}.cfg`);
    const run = join(out, variant.name);
    const words = ['train', dataFile, file, ...(weights ? [weights] : [])];
    const task: Task = { run, words: [...words, '--prefix', variant.name, '--seed', String(variant.seed), ...more] };
    const output: Output = { path: file, content: withKeys(cfg.text, 'yolo', variant.keys) };
    return { task, output, run: { name: variant.name, run, cfg: file, seed: variant.seed } };
  });
  const manifest: SweepManifest = { data: dataFile, runs: made.map(({ run }) => run) };
  return {
    tasks: made.map(({ task }) => task),
    outputs: [
      ...made.map(({ output }) => output),
      { path: dataFile, content: lines.join('') },
      { path: manifestFile(out), content: `${JSON.stringify(manifest, null, 2)}\n` },
    ],
  };
};

export const absolute = (cwd: string, path: string): string => (isAbsolute(path) ? path : join(cwd, path));
