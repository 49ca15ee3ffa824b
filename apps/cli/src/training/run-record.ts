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
import type { Crew } from '../parallel/crew.ts';
import type { TrainFiles } from './files.ts';
import type { TrainValues } from './options.ts';
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

/** What is known when a run starts. */
export type Start = {
  readonly values: TrainValues;
  readonly files: TrainFiles;
  readonly crew: Crew | undefined;
  readonly trainer: Trainer;
  readonly device: Device;
  readonly limit: number;
};

export const runRecord = ({ values, files, crew, trainer, device, limit }: Start, argv: readonly string[]) => ({
  gdarknet: version,
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  host: hostname(),
  command: ['gdarknet', ...argv],
  argv,
  cwd: process.cwd(),
  started: new Date().toISOString(),
  seed: values.seed,
  gradient: values.gradient,
  limit,
  images: files.images.length,
  imagesHash: listHash(files.images),
  device: { name: device.name, description: device.description },
  members: crew?.description ?? '1 device',
  data: values.data,
  dataText: files.dataText,
  weights: values.weights ?? null,
  seen: trainer.seen(),
  cfg: { file: values.cfg, text: files.cfg },
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
