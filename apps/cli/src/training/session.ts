/** A training run with everything around the loop: lines, log, events, weights, assessments, charts. */
import { type BatchStream, showFault } from '@gdarknet/data';
import { addMapRow, type LayerLog } from '@gdarknet/data/runs';
import type { StepReport, Trainer } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../context.ts';
import { dataFailure, type Failure, refused, thrown } from '../failure.ts';
import type { Assessment, Metric } from './assess.ts';
import { writeCharts } from './charts.ts';
import { type Update, updates } from './loop.ts';
import { logBatch, type RunEvent, type RunFolder, record, saveWeights } from './run-folder.ts';
import { savesAt } from './schedule.ts';

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

const layersOf = ({ parts }: StepReport): readonly LayerLog[] =>
  parts.flatMap(({ heads }) =>
    heads
      .filter(({ count }) => count > 0)
      .map(({ iou, giou, boxPart, classPart, cost }) => ({ iou, giou, boxLoss: boxPart, classLoss: classPart, cost })),
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

const must = async <A>(task: TaskEither<Failure, A>): Promise<A> => {
  const done = await task();
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
    'lower learning_rate, raise burn_in, or look at the labels of these pictures',
  );
};

const train = async (session: Session, context: Context): Promise<Trained> => {
  const { trainer, stream, folder, limit } = session;
  const { tell, signal } = context;
  const log = (event: RunEvent): Promise<void> => must(record(folder, event));
  const save = async (path: string, batch: number, weights: Uint8Array): Promise<void> => {
    if (!(await must(saveWeights(path, weights)))) {
      tell(`batch ${batch}: the weights are not finite; ${path} is not written`);
      return;
    }
    tell(`Saving weights to ${path}`);
    await log({ type: 'save', batch, file: path });
  };
  const assessNow = async (id: number | 'final', batch: number, weights: Uint8Array) => {
    const assessment = session.assess && (await must(session.assess(weights)));
    if (assessment === undefined) return undefined;
    for (const metric of metrics) {
      const { stats, perThreshold } = assessment.results[metric];
      const row = { metric, id, mean: stats[0], perThreshold: perThreshold.map(({ AP }) => AP) };
      const added = await addMapRow(folder.map, row)();
      if (E.isLeft(added)) throw new Stop(dataFailure(added.left));
      await log({ type: 'map', batch, metric, stats });
    }
    const shown = metrics.map((metric) => {
      const [AP, AP50, AP75] = assessment.results[metric].stats.map((value) => value.toFixed(3));
      return `${metric} AP ${AP} AP50 ${AP50} AP75 ${AP75}`;
    });
    tell(`${folder.base}, batch ${batch}: ${shown.join(', ')}`);
    return assessment;
  };

  let batch = Math.floor(trainer.seen() / trainer.batch);
  let lastSave = batch;
  let loss = Number.NaN;
  let dropped = 0;
  for await (const update of updates(trainer, stream, limit, signal)) {
    const { report } = update;
    if (!Number.isFinite(report.loss)) {
      await save(folder.backup, batch, await trainer.weights());
      await log({ type: 'end', batch: update.batch, reason: 'not-finite', paths: update.paths });
      throw new Stop(notFinite(update, folder.backup));
    }
    batch = update.batch;
    loss = update.average;
    dropped += report.dropped;
    session.onUpdate(update);
    const layers = layersOf(report);
    await must(logBatch(folder, { batch, maxBatches: limit, averageLoss: update.average, layers }));
    await log({
      ...{ type: 'batch', batch, loss: report.loss, average: update.average, rate: report.rate },
      ...{ stepMs: Math.round(update.stepMs), waitMs: Math.round(update.waitMs), images: update.images, heads: layers },
    });
    const due = savesAt(batch, lastSave);
    const assessDue = session.assess !== undefined && session.assessEvery > 0 && batch % session.assessEvery === 0;
    if (due.backup || due.numbered || assessDue) {
      const weights = await trainer.weights();
      if (due.backup) await save(folder.backup, batch, weights);
      if (due.numbered) {
        await save(folder.numbered(batch), batch, weights);
        lastSave = batch;
      }
      if (assessDue && batch < limit) await assessNow(batch, batch, weights);
      await must(writeCharts(folder));
    }
  }
  const weights = await trainer.weights();
  if (signal.aborted) {
    await save(folder.backup, batch, weights);
    await log({ type: 'end', batch, reason: 'interrupted' });
    await must(writeCharts(folder));
    throw new Stop({ tag: 'interrupted', what: `at batch ${batch}; go on from ${folder.backup}` });
  }
  await save(folder.final, batch, weights);
  const assessment = await assessNow('final', batch, weights);
  await must(writeCharts(folder));
  const { skipped, faults } = stream.report();
  await log({ type: 'end', batch, reason: 'finished', skipped, dropped, faults: faults.map(showFault) });
  return { batch, loss, weights: folder.final, skipped, dropped, assessment };
};

/** Ends the stream, whatever happens. */
export const runSession =
  (session: Session, context: Context): TaskEither<Failure, Trained> =>
  async () => {
    try {
      return E.right(await train(session, context));
    } catch (error) {
      return E.left(error instanceof Stop ? error.failure : thrown(error));
    } finally {
      await session.stream.close();
    }
  };
