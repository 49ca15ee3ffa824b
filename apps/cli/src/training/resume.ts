/** `train --resume <run>`: the words that the run was started with, and those given now in their place. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Usage, usageText } from '../arguments/parse.ts';
import type { Context } from '../core/context.ts';
import { type Failure, refused } from '../core/failure.ts';
import { kernelsIn } from '../inputs/device.ts';
import type { TrainValues } from './options.ts';
import { type RunRecord, readRun } from './run-record.ts';

export type Resumed = {
  /** Absolute. */
  readonly folder: string;
  readonly values: TrainValues;
  readonly record: RunRecord;
  /** What it has computed with. */
  readonly kernels: string | undefined;
  /** Options given now that make of it another run than it was. */
  readonly changed: readonly string[];
  /** Options given now that it is too late for. */
  readonly late: readonly string[];
};

const others = ['seed', 'gradient', 'freeze', 'clipNorm', 'ignore', 'sync', 'gpuRates', 'shrinkTo'] as const;
const settled = ['prefix', 'clear', 'partial'] as const;

const spelt = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const different = (names: readonly (keyof TrainValues)[], before: TrainValues, now: TrainValues): readonly string[] =>
  names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name])).map(spelt);

/** The words of a command line without the command's own and `--resume <folder>`. */
const overrides = (argv: readonly string[]): readonly string[] => {
  const words = argv.slice(argv.indexOf('train') + 1);
  const at = words.findIndex((word) => /^--?resume(=|$)/.test(word));
  const taken = words[at]?.includes('=') ? 1 : 2;
  return words.filter((_, i) => at < 0 || i < at || i >= at + taken);
};

/** Places outside of the run's folder that it writes to or sends to: a folder that came from elsewhere chooses none unheard. */
const outward = ['profile', 'tensorboard', 'logTo'] as const;

const tellOutward = (before: TrainValues, now: TrainValues, tell: Context['tell']): void => {
  for (const name of outward)
    if (now[name] !== undefined && now[name] === before[name])
      tell(`note: ${spelt(name)} ${now[name]}: as the run was started with; give it anew to choose another place`);
};

export const resumed = (
  path: string,
  parse: (words: readonly string[]) => E.Either<Usage, TrainValues>,
  { argv, tell }: Context,
): TE.TaskEither<Failure, Resumed> => {
  const folder = resolve(path);
  return pipe(
    readRun(folder),
    TE.flatMapEither((record) => {
      // Paths in the run's command line were meant from there.
      if (existsSync(record.cwd)) process.chdir(record.cwd);
      else tell(`note: ${record.cwd}, where the run was started, is not there; paths are taken from ${process.cwd()}`);
      const kept = record.argv.slice(record.argv.indexOf('train') + 1);
      return pipe(
        E.Do,
        E.bind('before', () => parse(kept)),
        E.bind('values', () => parse([...kept, ...overrides(argv)])),
        E.bimap(
          (usage) => refused(`${folder}: ${usageText(usage)}`, 'give other options'),
          ({ before, values }): Resumed => {
            tellOutward(before, values, tell);
            return {
              folder,
              values,
              record,
              kernels: kernelsIn(record.device.description),
              changed: different(others, before, values),
              late: different(settled, before, values),
            };
          },
        ),
      );
    }),
  );
};
