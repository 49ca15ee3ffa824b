/** A run from its files and options: alone or as a member of a crew, new or gone on with. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Device } from '@gdarknet/tensor';
import { type DataConfig, parseData, type Trainer } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../context.ts';
import { type Failure, refused, thrown } from '../failure.ts';
import { withDevice } from '../inputs/device.ts';
import { bytesOf, checked, imagesOf, namesOf, tellNotices, textOf } from '../inputs/files.ts';
import type { Crew } from '../parallel/crew.ts';
import { assessor } from './assessor.ts';
import { withCompanion } from './companion.ts';
import { advice, ratesFor } from './crew-rates.ts';
import { rehearse, rehearsed } from './dry-run.ts';
import { gallerySize, withGallery } from './gallery.ts';
import { batchLine, detailLines, openingLines } from './lines.ts';
import { type Lock, takeLock } from './lock.ts';
import { follow } from './loop.ts';
import type { TrainValues } from './options.ts';
import type { Resumed } from './resume.ts';
import { makeFolder, openRun, type RunFolder, runFolder, tidyFolder } from './run-folder.ts';
import { listHash, runRecord } from './run-record.ts';
import { runSession, type Session, type Trained } from './session.ts';
import { type Counters, type RunState, readState } from './state-file.ts';
import { largestSide, lastHead, streamFor } from './stream.ts';
import { withTrainer } from './trainer.ts';

export type TrainFiles = {
  readonly data: DataConfig;
  readonly dataText: string;
  readonly images: readonly string[];
  readonly cfg: string;
  readonly weights: Uint8Array | undefined;
};

type Texts = { readonly data: string; readonly cfg: string };

/** Texts are those of the run that goes on, where there is one. */
export const filesOf = (
  values: TrainValues,
  kept: Texts | undefined,
  context: Context,
): TE.TaskEither<Failure, TrainFiles> =>
  pipe(
    TE.Do,
    TE.bind('dataText', () => (kept ? TE.right(kept.data) : textOf(values.data))),
    TE.bind('data', ({ dataText }) => TE.fromEither(checked(context)(parseData(dataText, { file: values.data })))),
    TE.bind('images', ({ data }) => imagesOf(data, 'train')),
    TE.bind('cfg', () => (kept ? TE.right(kept.cfg) : textOf(values.cfg))),
    // A run that goes on has its weights in its state.
    TE.bind('weights', () => (kept || values.weights === undefined ? TE.right(undefined) : bytesOf(values.weights))),
  );

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

const usingTrainer = <A>(
  { values, files, crew, kernels }: Task,
  members: number,
  use: (trainer: Trainer, device: Device) => TE.TaskEither<Failure, A>,
): TE.TaskEither<Failure, A> =>
  withDevice({ ...values, threads: threadsFor(values, members), kernels })((device) =>
    withTrainer(
      {
        cfg: { file: values.cfg, text: files.cfg },
        weights: files.weights && { file: values.weights ?? '', bytes: files.weights },
        ...{ seed: values.seed, gradient: values.gradient, clear: values.clear },
        ...{ partial: values.partial, ignore: values.ignore, freeze: values.freeze, clipNorm: values.clipNorm },
        ...ratesFor(crew, values.gpuRates),
        ...(crew?.sync === 'exact' && { team: crew.team }),
      },
      device,
    )((trainer) => use(trainer, device)),
  );

const limitOf = ({ maxBatches, cfg }: TrainValues, trainer: Trainer): E.Either<Failure, number> => {
  const limit = maxBatches ?? trainer.plan.net.max_batches;
  return limit === 0
    ? E.left(refused(`${cfg}: has no max_batches in [net]`, 'write it there or give --max-batches'))
    : E.right(limit);
};

const fits = ({ values, crew }: Task, trainer: Trainer): E.Either<Failure, Trainer> => {
  const [first] = trainer.plan.heads;
  if (values.freeze > first) {
    return E.left(refused(`--freeze ${values.freeze}: layer ${first} is a head`, `freeze at most ${first} layers`));
  }
  if (crew?.sync === 'exact' && trainer.subdivisions < crew.team.size) {
    return E.left(
      refused(
        `${values.cfg}: subdivisions=${trainer.subdivisions} cannot be dealt out to ${crew.team.size} devices`,
        `write subdivisions=${crew.team.size} or a multiple, or give --sync darknet`,
      ),
    );
  }
  return E.right(trainer);
};

const restore = (trainer: Trainer, state: RunState | undefined, path: string): TE.TaskEither<Failure, void> =>
  state === undefined
    ? TE.right(undefined)
    : pipe(
        () => trainer.restore(state.snapshot),
        TE.mapLeft(([problem]) => refused(`${path}: ${problem}`, 'the state belongs to another cfg')),
      );

/** Everyone starts from what member 0 has; gives where the data stands. */
const gather = async (trainer: Trainer, crew: Crew | undefined, position: number): Promise<number> => {
  if (crew === undefined) return position;
  await trainer.follow(crew.team);
  const shared = Float32Array.of(Math.floor(position / 2 ** 20), position % 2 ** 20);
  await crew.team.share(shared);
  return shared[0] * 2 ** 20 + shared[1];
};

/** The largest input is planned first: a device without room for it says so at once. */
const plan = async (trainer: Trainer): Promise<void> => {
  const side = largestSide(trainer.plan);
  if (side !== undefined) await trainer.prepare(side, side);
};

const started = (trainer: Trainer): number => Math.floor(trainer.seen() / trainer.batch);

/** A member that only computes. */
export const runMember = (task: Task & { readonly crew: Crew }, context: Context): TE.TaskEither<Failure, void> =>
  usingTrainer(task, task.crew.localSize, (trainer) =>
    pipe(
      TE.fromEither(fits(task, trainer)),
      TE.flatMapEither(() => limitOf(task.values, trainer)),
      TE.flatMap((limit) =>
        TE.tryCatch(async () => {
          const { values, files, crew } = task;
          const position = await gather(trainer, crew, started(trainer));
          await plan(trainer);
          const { seed, workers, cache } = values;
          const stream = streamFor(
            trainer,
            { images: files.images, seed, workers, cache, position, limit, crew },
            context.tell,
          );
          try {
            await follow({ trainer, stream, limit, signal: context.signal, crew });
          } finally {
            await stream.close();
          }
        }, thrown),
      ),
    ),
  );

const assessing = (
  { values, files }: Task,
  folder: RunFolder,
  device: Device,
  trainer: Trainer,
  context: Context,
): TE.TaskEither<Failure, Session['assess']> =>
  values.assess === undefined
    ? TE.right(undefined)
    : pipe(
        TE.Do,
        TE.bind('names', () => namesOf(files.data, lastHead(trainer.plan).classes, context)),
        TE.bind('images', () => imagesOf(files.data, 'valid')),
        TE.map(({ names, images }) =>
          withGallery(
            assessor(
              { cfg: files.cfg, cfgFile: values.cfg, ignore: values.ignore, device, names, images, keep: gallerySize },
              context,
            ),
            { folder: folder.path, names, batch: () => started(trainer), tell: context.tell },
          ),
        ),
      );

const report = (trained: Trained, folder: RunFolder, asJson: boolean, { print, tell }: Context): void => {
  const { skipped, dropped, assessment, ...rest } = trained;
  if (skipped > 0)
    tell(`${skipped} times a picture could not be used and another took its place; each is listed above`);
  if (dropped > 0) tell(`${dropped} boxes without area were left out`);
  if (!asJson) return;
  const ap = assessment && { iou: assessment.results.iou.stats, giou: assessment.results.giou.stats };
  print(JSON.stringify({ run: folder.path, ...rest, skipped, dropped, ...(ap && { stats: ap }) }));
};

/** What may keep a resumed run from being the same to the bit. */
const tellDifferences = ({ resumed, files }: Task, device: Device, { tell }: Context): void => {
  if (resumed === undefined) return;
  const { record } = resumed;
  const kernels = (text: string): string => text.replace(/, \d+ threads?/, '');
  if (kernels(record.device.description) !== kernels(device.description)) {
    tell(`note: the run was made on ${record.device.description}; it goes on, but not to the bit`);
  }
  if (record.imagesHash !== listHash(files.images)) {
    tell('note: the list of training images has changed; the run goes on with other pictures than it would have had');
  }
};

type Lead = Task & {
  readonly folder: RunFolder;
  readonly lock: Lock;
  readonly trainer: Trainer;
  readonly device: Device;
  readonly limit: number;
  readonly assess: Session['assess'];
};

const lead = (task: Lead, context: Context): TE.TaskEither<Failure, void> => {
  const { values, files, crew, resumed, folder, lock, trainer, device, limit, assess } = task;
  const { print, tell } = context;
  tellNotices(trainer.notices, context);
  return pipe(
    TE.Do,
    TE.bind('state', () => (resumed ? readState(folder.state) : TE.right<Failure, RunState | undefined>(undefined))),
    TE.tap(({ state }) => restore(trainer, state, folder.state)),
    TE.bind('position', ({ state }) =>
      TE.tryCatch(async () => {
        const position = await gather(trainer, crew, state?.counters.position ?? started(trainer));
        await plan(trainer);
        return position;
      }, thrown),
    ),
    TE.tap(() => {
      if (resumed) return tidyFolder(folder);
      const data = { file: values.data, text: files.dataText };
      const cfg = { file: values.cfg, text: files.cfg };
      const { weights, seed, gradient } = values;
      const from = {
        argv: context.argv,
        cwd: process.cwd(),
        data,
        cfg,
        weights,
        images: files.images,
        limit,
        seed,
        gradient,
      };
      return openRun(folder, runRecord(from, device, trainer, crew?.description ?? '1 device'));
    }),
    TE.flatMap(({ state, position }) => {
      const from = started(trainer);
      tell(`${values.cfg}: ${trainer.width} x ${trainer.height}, batch ${trainer.batch}, on ${device.description}`);
      if (crew) for (const line of advice(trainer.plan.net, crew, values.gpuRates)) tell(line);
      tellDifferences(task, device, context);
      if (lock.before)
        tell(`note: took the run over from process ${lock.before.pid} on ${lock.before.host}, which is gone`);
      tell(`run folder ${folder.path}, ${files.images.length} images, batches ${from} to ${limit}`);
      if (from >= limit) {
        const action = resumed ? '--max-batches n goes further' : '--clear starts to count anew';
        tell(`note: the weights have seen ${from} batches already; ${action}`);
      }
      if (!values.json) for (const line of openingLines(folder.base, trainer)) print(line);
      const progress = context.progress('train', (limit - from) * trainer.batch);
      const { seed, workers, cache } = values;
      const counters: Counters | undefined = state?.counters;
      return pipe(
        runSession(
          {
            ...{ trainer, folder, limit, assess, assessEvery: values.assess ?? 0, lock, crew, counters },
            stream: streamFor(trainer, { images: files.images, seed, workers, cache, position, limit, crew }, tell),
            start: { seed, device: device.name, ...(state && { resumed: true }) },
            keepState: { minutes: values.saveMinutes },
            onUpdate: (update) => {
              if (!values.json) {
                for (const line of values.verbose ? detailLines(update, trainer) : []) print(line);
                print(batchLine(update));
              }
              const done = (update.batch - from) * trainer.batch;
              progress.advance(done, update.waitMs, `loss ${update.average.toFixed(3)}`);
            },
          },
          context,
        ),
        // Whatever came of it, the line must not stand in the way of what is told next.
        (session) => async () => {
          const done = await session();
          progress.end();
          return done;
        },
        TE.map((trained) => report(trained, folder, values.json, context)),
      );
    }),
  );
};

const folderOf = ({ values, files, resumed }: Task): RunFolder =>
  runFolder(resumed?.folder ?? join(files.data.backup ?? 'backup', values.prefix ?? files.data.prefix), values.cfg);

const withLock =
  (folder: RunFolder) =>
  <A>(use: (lock: Lock) => TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    pipe(
      makeFolder(folder),
      TE.flatMap(() => TE.bracket(takeLock(folder.lock), use, (lock) => async () => E.right(await lock.release()))),
    );

const rehearsal = (
  { values, files }: Task,
  trainer: Trainer,
  limit: number,
  context: Context,
): TE.TaskEither<Failure, void> =>
  TE.tryCatch(async () => {
    const { seed, workers, cache } = values;
    const position = started(trainer);
    const choice = {
      images: files.images,
      seed,
      workers,
      cache,
      position,
      limit: position + rehearsed,
      crew: undefined,
    };
    await plan(trainer);
    const stream = streamFor(trainer, choice, context.tell);
    await rehearse({ trainer, cfg: files.cfg, limit, stream }, context);
  }, thrown);

/** The member that writes. Nothing is written before the files are found to fit together. */
export const runLeader = (task: Task, context: Context): TE.TaskEither<Failure, void> => {
  const folder = folderOf(task);
  return usingTrainer(task, task.crew?.localSize ?? 1, (trainer, device) =>
    pipe(
      TE.Do,
      TE.bind('limit', () => TE.fromEither(limitOf(task.values, trainer))),
      TE.tap(() => TE.fromEither(fits(task, trainer))),
      TE.bind('assess', () => assessing(task, folder, device, trainer, context)),
      TE.flatMap(({ limit, assess }) => {
        if (task.values.dryRun) return rehearsal(task, trainer, limit, context);
        return withLock(folder)((lock) =>
          withCompanion(
            task.values,
            folder,
            context,
          )(lead({ ...task, folder, lock, trainer, device, limit, assess }, context)),
        );
      }),
    ),
  );
};
