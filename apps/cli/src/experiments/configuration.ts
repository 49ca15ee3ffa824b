/** A run's configuration, `cfg`, `data` and what lies beside them, as a copy under another name (the original's build_run.sh). */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readText } from '@gdarknet/data';
import { pipe } from 'fp-ts/lib/function.js';
import * as A from 'fp-ts/lib/ReadonlyArray.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import * as t from 'io-ts';
import { dataFailure, type Failure, refused } from '../core/failure.ts';
import { jsonOf } from '../inputs/json.ts';
import type { Output } from '../outputs/write-set.ts';
import { withKeys } from '../slurm/sweep.ts';
import { type Preset, presetCfg, presetData } from './presets.ts';

/** What the original's runs start from. */
export const backbone = 'darknet53.conv.74';

/** Where the original keeps them. */
const home = join('cfg', 'runs');

/** A path as it stands, a bare name as a folder of cfg/runs. */
export const placeOf = (given: string): string =>
  given.includes('/') || existsSync(given) ? given : join(home, given);

/** Next to the source when it is a bare name. */
export const targetOf = (source: string | undefined, given: string): string =>
  given.includes('/') ? given : source === undefined ? join(home, given) : join(dirname(source), given);

const lines = (entries: Readonly<Record<string, string>>): string =>
  Object.entries(entries)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('');

export const ofPreset = (preset: Preset, target: string): readonly Output[] => [
  { path: join(target, 'cfg'), content: presetCfg(preset) },
  { path: join(target, 'data'), content: lines(presetData(preset, basename(target))) },
];

/** What a run's folder says of how it was started. */
const record = t.readonly(
  t.type({
    dataText: t.string,
    cfg: t.readonly(t.type({ file: t.string, text: t.string })),
    weights: t.union([t.string, t.null]),
  }),
);

export type Configuration = {
  readonly outputs: readonly Output[];
  /** What training starts from; undefined where it started from nothing. */
  readonly weights: string | undefined;
};

/** From the folder of a run that was trained: the cfg and the .data file as they were then, with another prefix. */
const ofRun = (source: string, target: string): TE.TaskEither<Failure, Configuration> => {
  const file = join(source, 'run.json');
  return pipe(
    jsonOf(record, file, refused(`${file}: does not say what the run was`, 'copy its cfg and data by hand')),
    TE.map(({ dataText, cfg, weights }) => ({
      outputs: [
        { path: join(target, basename(cfg.file)), content: cfg.text },
        { path: join(target, 'data'), content: withPrefix(dataText, basename(target)) },
      ],
      weights: weights ?? undefined,
    })),
  );
};

/** The .data file with another prefix; its other lines stay. */
export const withPrefix = (data: string, prefix: string): string =>
  withKeys(`[x]\n${data}`, 'x', { prefix }).split('\n').slice(1).join('\n');

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));

/** From a folder of configuration: every file, the old name replaced by the new in texts and in names. */
const ofFolder = (source: string, target: string): TE.TaskEither<Failure, Configuration> => {
  const [from, to] = [basename(source), basename(target)];
  const outputs = A.traverse(TE.ApplicativePar)((file: string) =>
    pipe(
      TE.mapLeft(dataFailure)(readText(join(source, file))),
      TE.map((text): Output => ({ path: join(target, file.replaceAll(from, to)), content: text.replaceAll(from, to) })),
    ),
  )(filesIn(source));
  return TE.map((outputs: readonly Output[]) => ({ outputs, weights: backbone }))(outputs);
};

export const copied = (source: string, target: string): TE.TaskEither<Failure, Configuration> => {
  if (!existsSync(source) || !statSync(source).isDirectory()) {
    return TE.left(
      refused(`${source}: there is no such folder`, 'name a folder of configuration, the folder of a run, or --preset'),
    );
  }
  return existsSync(join(source, 'run.json')) ? ofRun(source, target) : ofFolder(source, target);
};
