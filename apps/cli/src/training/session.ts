/** A training run with everything around the loop: lines, log, events, weights, state, assessments, charts. */
import { existsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { type BatchStream, NoUsablePicture, reasonOf, showFault } from '@gdarknet/data';
import { addMapRow, type LayerLog } from '@gdarknet/data/runs';
import { DeviceLostError } from '@gdarknet/tensor';
import { DivergedMembers, type StepReport, type Trainer } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import { CrewEnded, dataFailure, type Failure, refused, showFailure, thrown } from '../core/failure.ts';
import type { Assessment, Metric } from '../detection/assess.ts';
import { exclusively } from '../locks/claim.ts';
import type { Lock } from '../locks/run-lock.ts';
import type { Crew } from '../parallel/crew.ts';
import { claimFolder } from '../watch/record.ts';
import { writeCharts } from './charts.ts';
import { openKeeper, type Progress } from './keeper.ts';
import { type Update, updates } from './loop.ts';
import { openRecords, type Records } from './records.ts';
import type { RunFolder } from './run-folder.ts';
import { crosses } from './schedule.ts';
import type { Counters } from './state-file.ts';

export type Session = {
  readonly trainer: Trainer;
  readonly stream: BatchStream;
  readonly folder: RunFolder;
  /** The batch to end with. */
  readonly limit: number;
  /** How good the weights are; undefined when interrupted. */
  readonly assess: ((weights: Uint8Array) => TaskEither<Failure, Assessment | undefined>) | undefined;
  /** Assess every so many batches, and at the end; 0 at the end only. */
  readonly assessEvery: number;
  readonly onUpdate: (update: Update) => void;
  /** What the `start` event tells. */
  readonly start?: Readonly<Record<string, unknown>>;
  /** Where the run goes on. */
  readonly counters?: Counters | undefined;
  /** Keep a `state`, at the latest after so many minutes; without it the run cannot be resumed to the bit. */
  readonly keepState?: { readonly minutes: number } | undefined;
  readonly lock?: Lock | undefined;
  readonly crew?: Crew | undefined;
};

export type Trained = {
  readonly batch: number;
  readonly loss: number;
  readonly weights: string;
  readonly skipped: number;
  /** Boxes without area, or not finite. */
  readonly dropped: number;
  readonly assessment: Assessment | undefined;
};

/** As log.csv has them: what a head without an object would say is no number. */
type HeadLog = LayerLog & { readonly layer: number; readonly part: number; readonly objects: number };

/** Of each mini-batch the heads in layer order. */
const headsOf = ({ parts }: StepReport, { heads }: Trainer): readonly HeadLog[] =>
  parts.flatMap((statistics, part) =>
    statistics.heads.flatMap(({ iou, giou, boxPart, classPart, cost, count: objects }, i) =>
      objects > 0
        ? [{ layer: heads[i].layer, part, objects, iou, giou, boxLoss: boxPart, classLoss: classPart, cost }]
        : [],
    ),
  );

const metrics: readonly Metric[] = ['iou', 'giou'];

/** Unwraps inside `session`, which turns it back into a value at its end. */
class Stop extends Error {
  override readonly name = 'Stop';
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.tag);
    this.failure = failure;
  }
}

const orStop = <A>(done: E.Either<Failure, A>): A => {
  if (E.isLeft(done)) throw new Stop(done.left);
  return done.right;
};

const shownPaths = 8;

const notFinite = (update: Update, backup: string): Failure => {
  const { batch, paths, report } = update;
  const more = paths.length > shownPaths ? ` and ${paths.length - shownPaths} more` : '';
  const pictures = `${paths.slice(0, shownPaths).join(', ')}${more}`;
  return refused(
    `batch ${batch}: the loss is ${report.loss}; training stops, the weights from before it are in ${backup} (pictures: ${pictures})`,
    'lower learning_rate, raise burn_in, give --clip-norm, or look at the labels of these pictures',
  );
};

const lostLock = ({ lock }: RunFolder): Failure =>
  refused(`${lock}: another process has taken this run over`, 'let only one process work in a run');

/** An owner shows so often that it lives. */
const touchMs = 20_000;

const eventOf = (update: Update, heads: readonly HeadLog[], crew: Crew | undefined) => {
  const { batch, report, average, stepMs, waitMs, exchangeMs, images } = update;
  return {
    ...{ type: 'batch' as const, batch, loss: report.loss, average, rate: report.rate },
    ...{ stepMs: Math.round(stepMs), waitMs: Math.round(waitMs), ...(crew && { exchangeMs: Math.round(exchangeMs) }) },
    ...{ images, heads },
  };
};

/** What ends a run without more to save, and how its record calls that. */
const endings = [
  [CrewEnded, 'crew'],
  [DivergedMembers, 'crew'],
  [DeviceLostError, 'device-lost'],
] as const;

const train = async (session: Session, context: Context): Promise<Trained> => {
  const { trainer, stream, folder, limit, lock, crew, counters, keepState } = session;
  const { tell, signal } = context;
  const records: Records = openRecords(folder, tell);
  const from = Math.floor(trainer.seen() / trainer.batch);
  let progress: Progress = { batch: from, position: counters?.position ?? from, average: counters?.average };
  const keeper = openKeeper({
    ...{ trainer, folder, records, tell, limit, batch: from, lastSave: counters?.lastSave ?? from },
    ...{ resumable: keepState !== undefined, minutes: keepState?.minutes ?? 0 },
  });
  const how = (): string => {
    const at = keeper.resumesAt();
    const ways = [
      ...(at === undefined || existsSync(folder.backup) ? [`from ${folder.backup}`] : []),
      ...(at === undefined ? [] : [`exactly from batch ${at} with: gdarknet train --resume ${folder.path}`]),
    ];
    return `go on ${ways.join(', or ')}`;
  };
  let chartsFail = false;
  const drawCharts = async (): Promise<void> => {
    const drawn = await writeCharts(folder)();
    if (E.isLeft(drawn) && !chartsFail) for (const line of showFailure(drawn.left)) tell(`note: ${line}`);
    chartsFail = E.isLeft(drawn);
  };
  const assessNow = async (id: number | 'final', batch: number, weights: Uint8Array) => {
    const assessment = session.assess && orStop(await session.assess(weights)());
    if (assessment === undefined) return undefined;
    for (const metric of metrics) {
      const { stats, perThreshold } = assessment.results[metric];
      const row = { metric, id, mean: stats[0], perThreshold: perThreshold.map(({ AP }) => AP) };
      // A `watch` on the same folder writes there too.
      const added = await exclusively(claimFolder(folder.path), 'map.txt', addMapRow(folder.map, row)).catch(
        (error: unknown) => E.left({ tag: 'unwritable', file: folder.map, reason: reasonOf(error) } as const),
      );
      if (E.isLeft(added)) for (const line of showFailure(dataFailure(added.left))) tell(line);
      await records.event({ type: 'map', batch, metric, stats });
    }
    const shown = metrics.map((metric) => {
      const [AP, AP50, AP75] = assessment.results[metric].stats.map((value) => value.toFixed(3));
      return `${metric} AP ${AP} AP50 ${AP50} AP75 ${AP75}`;
    });
    tell(`${folder.base}, batch ${batch}: ${shown.join(', ')}`);
    return assessment;
  };
  /** Saves what there is, and ends. */
  const halt = async (reason: string, event: object, failure: () => Failure): Promise<never> => {
    await keeper.saveBackup(progress, await trainer.weights());
    await records.event({ type: 'end', batch: progress.batch, reason, ...event });
    await records.settle();
    await drawCharts();
    throw new Stop(failure());
  };

  await records.event({ type: 'start', batch: from, ...session.start });
  // Whatever happens before the first save, the run can go on from its start.
  if (counters === undefined) orStop(await keeper.saveState(progress));
  else if (!(await records.settle())) tell(`${folder.events}: waits for room on the disk`);

  let loss = Number.NaN;
  let dropped = 0;
  let touched = performance.now();
  const assessesAt = (batch: number, before = batch - 1): boolean =>
    session.assess !== undefined && session.assessEvery > 0 && crosses(before, batch, session.assessEvery);
  const settle = (batch: number): boolean => keeper.isDue(batch) || assessesAt(batch);
  const loop = updates({ trainer, stream, limit, signal, average: counters?.average, crew, settle });
  try {
    for await (const update of loop) {
      const { report } = update;
      if (!Number.isFinite(report.loss)) {
        orStop(await keeper.saveAs(folder.backup, progress.batch, await trainer.weights()));
        await records.event({ type: 'end', batch: update.batch, reason: 'not-finite', paths: update.paths });
        await drawCharts();
        throw new Stop(notFinite(update, folder.backup));
      }
      const { batch, average } = update;
      const assessDue = assessesAt(batch, progress.batch);
      progress = { batch, position: progress.position + 1, average };
      loss = average;
      dropped += report.dropped;
      session.onUpdate(update);
      const heads = headsOf(report, trainer);
      await records.batch({ batch, maxBatches: limit, averageLoss: average, layers: heads });
      await records.event(eventOf(update, heads, crew));
      if (performance.now() - touched > touchMs) {
        touched = performance.now();
        if ((await lock?.touch()) === false) throw new Stop(lostLock(folder));
      }
      if (!update.settled) continue;
      const saved = orStop(await keeper.after(progress));
      if (assessDue && batch < limit) await assessNow(batch, batch, saved ?? (await trainer.weights()));
      if (saved || assessDue) await drawCharts();
    }
  } catch (error) {
    const reason = endings.find(([kind]) => error instanceof kind)?.[1];
    if (error instanceof Error && reason !== undefined) {
      await records.event({ type: 'end', batch: progress.batch, reason });
      throw new Stop(refused(`batch ${progress.batch}: ${error.message}`, how()));
    }
    if (!(error instanceof NoUsablePicture)) throw error;
    await halt('no-pictures', {}, () =>
      refused(`batch ${progress.batch}: ${error.message}`, `when the pictures are back, ${how()}`),
    );
  }
  // In the original's way with several devices the last update counts those of the others too.
  const batch = Math.floor(trainer.seen() / trainer.batch);
  if (signal.aborted || batch < limit) {
    await halt('interrupted', {}, () => ({ tag: 'interrupted', what: `at batch ${batch}; ${how()}` }));
  }
  const weights = await trainer.weights();
  if (!orStop(await keeper.saveAs(folder.final, batch, weights))) {
    await records.event({ type: 'end', batch, reason: 'unsaved' });
    throw new Stop(refused(`${folder.final}: the last weights could not be written`, `make room and ${how()}`));
  }
  if (trainer.averaged) orStop(await keeper.saveAs(folder.average, batch, await trainer.weights('average')));
  const assessment = await assessNow('final', batch, weights);
  await drawCharts();
  const { skipped, faults } = stream.report();
  await records.event({ type: 'end', batch, reason: 'finished', skipped, dropped, faults: faults.map(showFault) });
  orStop(await keeper.saveState(progress));
  return { batch, loss, weights: folder.final, skipped, dropped, assessment };
};

/** Ends the stream, whatever happens. */
export const runSession =
  (session: Session, context: Context): TaskEither<Failure, Trained> =>
  async () => {
    try {
      return E.right(await train(session, context));
    } catch (error) {
      const failure = error instanceof Stop ? error.failure : thrown(error);
      return E.left(failure);
    } finally {
      await session.stream.close();
    }
  };
