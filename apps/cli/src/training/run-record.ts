/** `run.json`: what a run was started with, enough to go on with it wherever its files lie now. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Device } from '@gdarknet/tensor';
import type { Trainer } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import * as t from 'io-ts';
import { type Failure, refused } from '../core/failure.ts';
import { version } from '../core/version.ts';
import { textOf } from '../inputs/files.ts';
import { runFolder } from './run-folder.ts';

const codec = t.type({
  /** Words of the command line behind `gdarknet`, and the folder they were given in. */
  argv: t.array(t.string),
  cwd: t.string,
  /** File name of the .data file, and what it held. */
  data: t.string,
  dataText: t.string,
  cfg: t.type({ file: t.string, text: t.string }),
  device: t.type({ name: t.string, description: t.string }),
  /** Of the list of training images. */
  imagesHash: t.string,
});

/** The part of the file that `--resume` reads. */
export type RunRecord = t.TypeOf<typeof codec>;

export const listHash = (images: readonly string[]): string =>
  createHash('sha256').update(images.join('\n')).digest('hex');

type Started = {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly data: { readonly file: string; readonly text: string };
  readonly cfg: { readonly file: string; readonly text: string };
  readonly weights: string | undefined;
  readonly images: readonly string[];
  readonly limit: number;
  readonly seed: number;
  readonly gradient: string;
};

export const runRecord = (started: Started, { name, description }: Device, trainer: Trainer, members: string) => ({
  gdarknet: version,
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  host: hostname(),
  command: ['gdarknet', ...started.argv],
  argv: started.argv,
  cwd: started.cwd,
  started: new Date().toISOString(),
  ...{ seed: started.seed, gradient: started.gradient, limit: started.limit },
  ...{ images: started.images.length, imagesHash: listHash(started.images) },
  device: { name, description },
  members,
  data: started.data.file,
  dataText: started.data.text,
  weights: started.weights ?? null,
  seen: trainer.seen(),
  cfg: started.cfg,
});

const parse = (file: string, text: string): E.Either<Failure, RunRecord> =>
  pipe(
    E.tryCatch(
      () => JSON.parse(text) as unknown,
      () => refused(`${file}: is not JSON`, 'start a new run from the .backup'),
    ),
    E.flatMap((value) =>
      pipe(
        codec.decode(value),
        E.mapLeft((errors) => {
          const keys = errors.map(({ context }) =>
            context
              .map(({ key }) => key)
              .join('.')
              .slice(1),
          );
          return refused(
            `${file}: lacks ${[...new Set(keys)].join(', ')}, which runs of this version hold`,
            'start a new run from the .backup',
          );
        }),
      ),
    ),
  );

export const readRun = (path: string): TE.TaskEither<Failure, RunRecord> => {
  const file = runFolder(path, '').runJson;
  return existsSync(file)
    ? pipe(
        textOf(file),
        TE.flatMapEither((text) => parse(file, text)),
      )
    : TE.left(refused(`${path}: is no run folder: it has no run.json`, 'give the folder <backup>/<prefix> of a run'));
};
