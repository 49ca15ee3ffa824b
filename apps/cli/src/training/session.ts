/** A training run with everything around the loop: lines, log, events, weights, state, assessments, charts. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type BatchStream, NoUsablePicture, showFault } from '@gdarknet/data';
import { DeviceLostError } from '@gdarknet/tensor';
import { DivergedMembers, type Trainer } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import { CrewEnded, type Failure, refused } from '../core/failure.ts';
import { failureOf, orStop, Stop } from '../core/stop.ts';
import type { Assessment } from '../detection/assess.ts';
import type { Lock } from '../locks/run-lock.ts';
import type { Crew } from '../parallel/crew.ts';
import { recordAssessment } from './assessments.ts';
import { openCharts } from './charts.ts';
import { type Keeper, openKeeper, type Progress } from './keeper.ts';
import { type Update, updates } from './loop.ts';
import { openRecords, type Records } from './records.ts';
import { type RunFolder, saveWeights } from './run-folder.ts';
import { crosses } from './schedule.ts';
import type { Counters } from './state-file.ts';
import { recordsOf } from './update-event.ts';

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

const shownPaths = 8;

const notFinite = ({ batch, paths, report }: Update, backup: string): Failure => {
  const more = paths.length > shownPaths ? ` and ${paths.length - shownPaths} more` : '';
  const pictures = `${paths.slice(0, shownPaths).join(', ')}${more}`;
  return refused(
    `batch ${batch}: the loss is ${report.loss}; training stops, the weights from before it are in ${backup} (pictures: ${pictures})`,
    'lower learning_rate, raise burn_in, give --clip-norm, or look at the labels of these pictures',
  );
};

const lostLock = ({ path, lock }: RunFolder, becameOf: 'gone' | 'taken'): Failure =>
  becameOf === 'taken'
    ? refused(`${lock}: another process has taken this run over`, 'let only one process work in a run')
    : refused(`${lock}: was removed while this process trained`, `go on with: gdarknet train --resume ${path}`);

/** The weights beside a run's folder that is gone, where they can be written. */
const lostFolder = async ({ trainer, folder }: Session): Promise<Failure> => {
  const beside = join(`${folder.path}.rescued`, basename(folder.backup));
  const saved = await saveWeights(beside, await trainer.weights())();
  const isSaved = E.isRight(saved) && saved.right;
  return refused(
    `${folder.path}: the run's folder was removed while it was trained`,
    isSaved ? `the weights are in ${beside}: start from them, in another folder` : 'start the run again',
  );
};

/** How often the owner of a lock renews it. */
const touchMs = 20_000;

/** What ends a run without more to save, and how its record calls that. */
const endings = [
  [CrewEnded, 'crew'],
  [DivergedMembers, 'crew'],
  [DeviceLostError, 'device-lost'],
] as const;

/** How to go on with a run that has ended. */
const wayOn = (folder: RunFolder, keeper: Keeper): string => {
  const at = keeper.resumesAt();
  const ways = [
    ...(at === undefined || existsSync(folder.backup) ? [`from ${folder.backup}`] : []),
    ...(at === undefined ? [] : [`exactly from batch ${at} with: gdarknet train --resume ${folder.path}`]),
  ];
  return `go on ${ways.join(', or ')}`;
};

/** Where a run is: what the last update left. */
type Standing = { readonly progress: Progress; readonly loss: number; readonly dropped: number };

/** The files of a run under way. */
type Files = { readonly records: Records; readonly keeper: Keeper; readonly draw: () => Promise<void> };

/** Hands out where the run is after each update; ends at the limit, or when it is interrupted. */
const trainOn = async function* (
  session: Session,
  { records, keeper, draw }: Files,
  start: Standing,
  { signal, saves, losses, tell }: Context,
): AsyncGenerator<Standing> {
  const { trainer, stream, folder, limit, lock, crew, counters } = session;
  let { progress, dropped } = start;
  let touched = performance.now();
  let lost = 0;
  const assessesAt = (batch: number, before = batch - 1): boolean =>
    session.assess !== undefined && session.assessEvery > 0 && crosses(before, batch, session.assessEvery);
  const hear = (): void => {
    if (saves.taken()) keeper.ask();
  };
  const settle = (batch: number): boolean => {
    hear();
    return keeper.isDue(batch) || assessesAt(batch);
  };
  for await (const update of updates({ trainer, stream, limit, signal, average: counters?.average, crew, settle })) {
    const { batch, average, report } = update;
    // Nothing is written from here on: it would make a folder that is no run.
    if (!existsSync(folder.runJson)) throw new Stop(await lostFolder(session));
    if (!Number.isFinite(report.loss)) {
      orStop(await keeper.saveAs(folder.backup, progress.batch, await trainer.weights()));
      await records.event({ type: 'end', batch, reason: 'not-finite', paths: update.paths });
      await draw();
      throw new Stop(notFinite(update, folder.backup));
    }
    const assessDue = assessesAt(batch, progress.batch);
    progress = { batch, position: progress.position + 1, average };
    dropped += report.dropped;
    session.onUpdate(update);
    const { row, event } = recordsOf(update, trainer, limit, crew);
    await records.batch(row);
    await records.event(event);
    for (; lost < losses.length; lost++) await records.event({ type: 'fault', batch, ...losses[lost] });
    if (performance.now() - touched > touchMs) {
      touched = performance.now();
      const becameOf = (await lock?.touch()) ?? 'ours';
      if (becameOf !== 'ours') throw new Stop(lostLock(folder, becameOf));
    }
    yield { progress, loss: average, dropped };
    if (!update.settled) continue;
    hear();
    const saved = orStop(await keeper.after(progress));
    if (assessDue && batch < limit) {
      const assessment = session.assess && orStop(await session.assess(saved ?? (await trainer.weights()))());
      if (assessment) await recordAssessment(assessment, { id: batch, batch }, folder, records, tell);
    }
    if (saved || assessDue) await draw();
  }
};

/** Saves what there is, and ends. */
const halt = async (
  { trainer }: Session,
  { records, keeper, draw }: Files,
  progress: Progress,
  reason: string,
  failure: () => Failure,
): Promise<never> => {
  await keeper.saveBackup(progress, await trainer.weights());
  await records.event({ type: 'end', batch: progress.batch, reason });
  await records.settle();
  await draw();
  throw new Stop(failure());
};

/** The end of a run that something other than its limit or an interruption has ended. */
const brokenOff = async (session: Session, files: Files, progress: Progress, error: unknown): Promise<never> => {
  const { folder } = session;
  const at = (what: string): string => `batch ${progress.batch}: ${what}`;
  const reason = endings.find(([kind]) => error instanceof kind)?.[1];
  if (error instanceof Error && reason !== undefined) {
    await files.records.event({ type: 'end', batch: progress.batch, reason });
    throw new Stop(refused(at(error.message), wayOn(folder, files.keeper)));
  }
  if (!(error instanceof NoUsablePicture)) throw error;
  return halt(session, files, progress, 'no-pictures', () =>
    refused(at(error.message), `when the pictures are back, ${wayOn(folder, files.keeper)}`),
  );
};

/** The last weights, their assessment and the last event. */
const finish = async (session: Session, files: Files, { progress, loss, dropped }: Standing, tell: Context['tell']) => {
  const { trainer, stream, folder } = session;
  const { records, keeper, draw } = files;
  // In the original's way with several devices the last update counts those of the others too.
  const batch = Math.floor(trainer.seen() / trainer.batch);
  const weights = await trainer.weights();
  if (!orStop(await keeper.saveAs(folder.final, batch, weights))) {
    await records.event({ type: 'end', batch, reason: 'unsaved' });
    const what = `${folder.final}: the last weights could not be written`;
    throw new Stop(refused(what, `make room and ${wayOn(folder, keeper)}`));
  }
  if (trainer.averaged) orStop(await keeper.saveAs(folder.average, batch, await trainer.weights('average')));
  const assessment = session.assess && orStop(await session.assess(weights)());
  if (assessment) await recordAssessment(assessment, { id: 'final', batch }, folder, records, tell);
  await draw();
  const { skipped, faults } = stream.report();
  await records.event({ type: 'end', batch, reason: 'finished', skipped, dropped, faults: faults.map(showFault) });
  orStop(await keeper.saveState(progress));
  return { batch, loss, weights: folder.final, skipped, dropped, assessment };
};

const train = async (session: Session, context: Context): Promise<Trained> => {
  const { trainer, folder, limit, counters, keepState } = session;
  const { tell, signal } = context;
  const records = openRecords(folder, tell);
  const from = Math.floor(trainer.seen() / trainer.batch);
  const keeper = openKeeper({
    trainer,
    folder,
    records,
    tell,
    limit,
    batch: from,
    lastSave: counters?.lastSave ?? from,
    resumable: keepState !== undefined,
    minutes: keepState?.minutes ?? 0,
  });
  const files: Files = { records, keeper, draw: openCharts(folder, tell) };
  let standing: Standing = {
    progress: { batch: from, position: counters?.position ?? from, average: counters?.average },
    loss: Number.NaN,
    dropped: 0,
  };
  await records.event({ type: 'start', batch: from, ...session.start });
  // Whatever happens before the first save, the run can go on from its start.
  if (counters === undefined) orStop(await keeper.saveState(standing.progress));
  else if (!(await records.settle())) tell(`${folder.events}: waits for room on the disk`);
  context.onRisk(() => {
    const saved = keeper.savedAt() ?? keeper.resumesAt() ?? from;
    const { batch } = standing.progress;
    return batch > saved ? `batches ${saved + 1} to ${batch}, made since the last save` : undefined;
  });
  try {
    for await (const next of trainOn(session, files, standing, context)) standing = next;
  } catch (error) {
    await brokenOff(session, files, standing.progress, error);
  } finally {
    context.onRisk(undefined);
  }
  const batch = Math.floor(trainer.seen() / trainer.batch);
  if (signal.aborted || batch < limit) {
    const interrupted = (): Failure => ({ tag: 'interrupted', what: `at batch ${batch}; ${wayOn(folder, keeper)}` });
    await halt(session, files, standing.progress, 'interrupted', interrupted);
  }
  return finish(session, files, standing, tell);
};

/** Ends the stream, whatever happens. */
export const runSession =
  (session: Session, context: Context): TaskEither<Failure, Trained> =>
  async () => {
    try {
      return E.right(await train(session, context));
    } catch (error) {
      return E.left(failureOf(error));
    } finally {
      await session.stream.close();
    }
  };
