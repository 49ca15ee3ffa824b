/** A run from its files and options, new or gone on with: the member that writes. */
import { join } from 'node:path';
import type { Device } from '@gdarknet/tensor';
import type { Trainer } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import { type Failure, refused, thrown } from '../core/failure.ts';
import { noticesFor, tellNotices } from '../inputs/cfg.ts';
import { classDifferences } from '../inputs/classes.ts';
import { imagesOf, namesOf } from '../inputs/files.ts';
import { type Lock, takeLock } from '../locks/run-lock.ts';
import { assessor } from './assessor.ts';
import { withCompanion } from './companion.ts';
import { advice } from './crew-rates.ts';
import { rehearse, rehearsed } from './dry-run.ts';
import { gallerySize, withGallery } from './gallery.ts';
import { batchLine, detailLines, openingLines } from './lines.ts';
import type { Update } from './loop.ts';
import { devicesOf, fits, gather, limitOf, plan, started, type Task, usingTrainer } from './member.ts';
import { makeFolder, openRun, type RunFolder, runFolder, tidyFolder } from './run-folder.ts';
import { listHash, runRecord } from './run-record.ts';
import { runSession, type Session, type Trained } from './session.ts';
import { type RunState, readState } from './state-file.ts';
import { lastHead, streamFor } from './stream.ts';

const restore = (trainer: Trainer, state: RunState | undefined, path: string): TE.TaskEither<Failure, void> =>
  state === undefined
    ? TE.right(undefined)
    : pipe(
        () => trainer.restore(state.snapshot),
        TE.mapLeft(([problem]) => refused(`${path}: ${problem}`, 'the state belongs to another cfg')),
      );

const stateOf = ({ resumed }: Task, folder: RunFolder): TE.TaskEither<Failure, RunState | undefined> =>
  resumed ? readState(folder.state) : TE.right(undefined);

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
        TE.bind('images', () => imagesOf(files.data, 'valid', context)),
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

const report = (
  trained: Trained,
  trainer: Trainer,
  folder: RunFolder,
  asJson: boolean,
  { print, tell }: Context,
): void => {
  const { skipped, dropped, assessment, ...rest } = trained;
  if (skipped > 0)
    tell(`${skipped} times a picture could not be used and another took its place; each is listed above`);
  if (dropped > 0) tell(`${dropped} boxes without area were left out`);
  if (!asJson) return;
  const ap = assessment && { iou: assessment.results.iou.stats, giou: assessment.results.giou.stats };
  const notices = noticesFor('training', trainer.notices);
  print(JSON.stringify({ run: folder.path, ...rest, skipped, dropped, ...(ap && { stats: ap }), notices }));
};

/** What goes together badly, but goes. */
const tellOddities = ({ values, crew }: Task, { plan }: Trainer, { tell }: Pick<Context, 'tell'>): void => {
  if (crew) for (const line of advice(plan.net, crew, values.gpuRates)) tell(line);
  else if (values.gpuRates || values.sync === 'darknet') {
    tell('note: --sync and --gpu-rates are for several devices, and this run has one');
  }
};

/** What may keep a resumed run from being the same to the bit. */
const tellDifferences = ({ resumed, files, crew }: Task, device: Device, { tell }: Pick<Context, 'tell'>): void => {
  if (resumed === undefined) return;
  const { record, changed, late } = resumed;
  if (crew?.sync === 'darknet') {
    tell('note: --sync darknet keeps the state of the first device alone; the run goes on, but not to the bit');
  }
  if (changed.length > 0) {
    tell(
      `note: ${changed.join(', ')}: not what the run was started with; it goes on as another than it would have been`,
    );
  }
  if (late.length > 0) tell(`note: ${late.join(', ')}: without effect on a run that goes on; start a new one for it`);
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

/** What a person is told before the first batch. */
const tellStart = (task: Lead, { print, tell }: Context): void => {
  const { values, files, resumed, folder, lock, trainer, device, limit } = task;
  const from = started(trainer);
  tell(`${values.cfg}: ${trainer.width} x ${trainer.height}, batch ${trainer.batch}, on ${device.description}`);
  tellOddities(task, trainer, { tell });
  tellDifferences(task, device, { tell });
  if (lock.before)
    tell(`note: took the run over from process ${lock.before.pid} on ${lock.before.host}, which is gone`);
  tell(`run folder ${folder.path}, ${files.images.length} images, batches ${from} to ${limit}`);
  if (from >= limit) {
    const action = resumed ? '--max-batches n goes further' : '--clear starts to count anew';
    tell(`note: the weights have seen ${from} batches already; ${action}`);
  }
  if (!values.json) for (const line of openingLines(folder.base, trainer)) print(line);
};

/** The lines and the progress of an update. */
const showing = ({ values, trainer, limit }: Lead, { print, progress }: Context) => {
  const from = started(trainer);
  const meter = progress('train', (limit - from) * trainer.batch);
  return {
    end: meter.end,
    onUpdate: (update: Update): void => {
      if (!values.json) {
        for (const line of values.verbose ? detailLines(update, trainer) : []) print(line);
        print(batchLine(update));
      }
      const done = (update.batch - from) * trainer.batch;
      meter.advance(done, update.waitMs, `loss ${update.average.toFixed(3)}`);
    },
  };
};

/** From the data's position on, to the end. */
const trainFrom = (
  task: Lead,
  state: RunState | undefined,
  position: number,
  context: Context,
): TE.TaskEither<Failure, Trained> => {
  const { values, files, crew, folder, lock, trainer, device, limit, assess } = task;
  tellStart(task, context);
  const { onUpdate, end } = showing(task, context);
  const session = runSession(
    {
      trainer,
      folder,
      limit,
      assess,
      assessEvery: values.assess ?? 0,
      lock,
      crew,
      onUpdate,
      counters: state?.counters,
      stream: streamFor(trainer, { images: files.images, values, position, limit, crew }, context.tell),
      start: { seed: values.seed, device: device.name, ...(state && { resumed: true }) },
      keepState: { minutes: values.saveMinutes },
    },
    context,
  );
  // Whatever came of it, the line must not stand in the way of what is told next.
  return async () => {
    const done = await session();
    end();
    return done;
  };
};

const lead = (task: Lead, context: Context): TE.TaskEither<Failure, void> => {
  const { values, crew, resumed, folder, trainer } = task;
  return pipe(
    TE.Do,
    TE.bind('state', () => stateOf(task, folder)),
    TE.tap(({ state }) => restore(trainer, state, folder.state)),
    TE.bind('position', ({ state }) =>
      TE.tryCatch(async () => {
        const position = await gather(trainer, crew, state?.counters.position ?? started(trainer));
        await plan(trainer);
        return position;
      }, thrown),
    ),
    TE.tap(() => (resumed ? tidyFolder(folder) : openRun(folder, runRecord(task, context.argv)))),
    TE.flatMap(({ state, position }) => trainFrom(task, state, position, context)),
    TE.map((trained) => report(trained, trainer, folder, values.json, context)),
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

/** From where the run would go on, without touching its folder. */
const rehearsal = (task: Task, folder: RunFolder, trainer: Trainer, limit: number, context: Context) =>
  pipe(
    stateOf(task, folder),
    TE.tap((state) => restore(trainer, state, folder.state)),
    TE.flatMap(() =>
      TE.tryCatch(async () => {
        const { values, files } = task;
        const position = started(trainer);
        await plan(trainer);
        const choice = { images: files.images, values, position, limit: position + rehearsed, crew: undefined };
        const stream = streamFor(trainer, choice, context.tell);
        await rehearse({ trainer, limit, stream, devices: devicesOf(task), json: values.json }, context);
      }, thrown),
    ),
  );

/** The member that writes. Nothing is written before the files are found to fit together. */
export const runLeader = (task: Task, context: Context): TE.TaskEither<Failure, void> => {
  const folder = folderOf(task);
  return usingTrainer(task, task.crew?.localSize ?? 1, (trainer, device) =>
    pipe(
      TE.fromTask(async () => {
        const { values, files } = task;
        const network = { file: values.cfg, classes: lastHead(trainer.plan).classes };
        tellNotices(trainer.notices, context, 'training');
        const found = await classDifferences(files.data, files.images, network);
        for (const difference of found) context.tell(`warning: ${difference}`);
      }),
      TE.bind('limit', () => TE.fromEither(limitOf(task.values, trainer))),
      TE.tap(() => TE.fromEither(fits(task, trainer))),
      TE.bind('assess', () => assessing(task, folder, device, trainer, context)),
      TE.flatMap(({ limit, assess }) => {
        if (task.values.dryRun) return rehearsal(task, folder, trainer, limit, context);
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
