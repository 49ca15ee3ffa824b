/** What every member of a crew does, and all that one does which only computes. */
import { availableParallelism } from 'node:os';
import type { Device } from '@gdarknet/tensor';
import type { Trainer } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import { CrewEnded, type Failure, refused, thrown } from '../core/failure.ts';
import { withDevice } from '../inputs/device.ts';
import type { Crew } from '../parallel/crew.ts';
import { ratesFor } from './crew-rates.ts';
import type { TrainFiles } from './files.ts';
import { follow } from './loop.ts';
import type { TrainValues } from './options.ts';
import type { Resumed } from './resume.ts';
import { largestSide, streamFor } from './stream.ts';
import { withTrainer } from './trainer.ts';

export type Task = {
  readonly values: TrainValues;
  readonly files: TrainFiles;
  readonly crew: Crew | undefined;
  readonly resumed: Resumed | undefined;
  /** So that all members compute alike. */
  readonly kernels: string | undefined;
};

/** Cores are shared by the members on this host. */
export const threadsFor = ({ threads }: TrainValues, members: number): number | undefined =>
  threads ?? (members > 1 ? Math.max(1, Math.floor(availableParallelism() / members)) : undefined);

/** The processes of MPI see one card each, or choose by `--adapter`. */
const gpuFor = ({ gpus }: TrainValues, crew: Crew | undefined): number | undefined => gpus?.[crew?.team.rank ?? 0];

export const usingTrainer = <A>(
  { values, files, crew, kernels }: Task,
  members: number,
  use: (trainer: Trainer, device: Device) => TE.TaskEither<Failure, A>,
): TE.TaskEither<Failure, A> =>
  withDevice({ ...values, gpu: gpuFor(values, crew), threads: threadsFor(values, members), kernels })((device) =>
    withTrainer(
      {
        values,
        cfg: { file: values.cfg, text: files.cfg },
        weights: files.weights && { file: values.weights ?? '', bytes: files.weights },
        ...ratesFor(crew, values.gpuRates),
        ...(crew?.sync === 'exact' && { team: crew.team }),
      },
      device,
    )((trainer) => use(trainer, device)),
  );

export const limitOf = ({ maxBatches, cfg }: TrainValues, trainer: Trainer): E.Either<Failure, number> => {
  const limit = maxBatches ?? trainer.plan.net.max_batches;
  return limit === 0
    ? E.left(refused(`${cfg}: has no max_batches in [net]`, 'write it there or give --max-batches'))
    : E.right(limit);
};

/** That train together; none of them but this has been started for a rehearsal. */
export const devicesOf = ({ values, crew }: Pick<Task, 'values' | 'crew'>): number =>
  crew?.team.size ?? values.gpus?.length ?? 1;

export const fits = (task: Task, trainer: Trainer): E.Either<Failure, Trainer> => {
  const { values } = task;
  const devices = devicesOf(task);
  const [first] = trainer.plan.heads;
  if (values.freeze > first) {
    return E.left(refused(`--freeze ${values.freeze}: layer ${first} is a head`, `freeze at most ${first} layers`));
  }
  if (values.sync === 'exact' && trainer.subdivisions < devices) {
    return E.left(
      refused(
        `${values.cfg}: subdivisions=${trainer.subdivisions} cannot be dealt out to ${devices} devices`,
        `write subdivisions=${devices} or a multiple, or give --sync darknet`,
      ),
    );
  }
  return E.right(trainer);
};

/** Everyone starts from what member 0 has; gives where the data stands. */
export const gather = async (trainer: Trainer, crew: Crew | undefined, position: number): Promise<number> => {
  if (crew === undefined) return position;
  await trainer.follow(crew.team);
  const shared = Float32Array.of(Math.floor(position / 2 ** 20), position % 2 ** 20);
  await crew.team.share(shared);
  return shared[0] * 2 ** 20 + shared[1];
};

/** The largest input is planned first: a device without room for it says so at once. */
export const plan = async (trainer: Trainer): Promise<void> => {
  const side = largestSide(trainer.plan);
  if (side !== undefined) await trainer.prepare(side, side);
};

export const started = (trainer: Trainer): number => Math.floor(trainer.seen() / trainer.batch);

/** A member that only computes. */
export const runMember = (task: Task & { readonly crew: Crew }, context: Context): TE.TaskEither<Failure, void> =>
  usingTrainer(task, task.crew.localSize, (trainer) =>
    pipe(
      fits(task, trainer),
      E.flatMap(() => limitOf(task.values, trainer)),
      // Member 0 has the same files, and tells.
      E.mapLeft(() => thrown(new CrewEnded())),
      TE.fromEither,
      TE.flatMap((limit) =>
        TE.tryCatch(async () => {
          const { values, files, crew } = task;
          const position = await gather(trainer, crew, started(trainer));
          await plan(trainer);
          const stream = streamFor(trainer, { images: files.images, values, position, limit, crew }, context.tell);
          try {
            await follow({ trainer, stream, limit, signal: context.signal, crew });
          } finally {
            await stream.close();
          }
        }, thrown),
      ),
    ),
  );
