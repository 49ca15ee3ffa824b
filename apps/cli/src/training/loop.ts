/** The training loop as a stream of updates: batches in, reports out; files, messages and decisions are the consumer's. */
import { performance } from 'node:perf_hooks';
import type { BatchStream } from '@gdarknet/data';
import type { StepReport, Trainer } from '@gdarknet/yolo';
import { turn } from '../core/turn.ts';
import type { Crew } from '../parallel/crew.ts';

export type Update = {
  /** Counts from 1, over all runs that the weights have seen. */
  readonly batch: number;
  readonly report: StepReport;
  /** The first loss of the run, afterwards .9 of itself and .1 of the new one. */
  readonly average: number;
  readonly waitMs: number;
  /** Of the step, without waiting for data. */
  readonly stepMs: number;
  /** Of the step, exchanging values with others. */
  readonly exchangeMs: number;
  /** Seen so far. */
  readonly images: number;
  readonly paths: readonly string[];
  /** Nothing has been begun after it: the trainer's weights and state are those after this update. */
  readonly settled: boolean;
};

export type LoopOptions = {
  readonly trainer: Trainer;
  readonly stream: BatchStream;
  /** Ends at this batch. */
  readonly limit: number;
  /** Ends after the batch in which it is raised. */
  readonly signal: AbortSignal;
  /** Whether an update must be settled when it is handed out, as the last of a run always is. Default: all. */
  readonly settle?: (batch: number) => boolean;
  /** Running average to go on with. */
  readonly average?: number | undefined;
  readonly crew?: Crew | undefined;
};

const averaged = (before: number | undefined, loss: number): number =>
  before === undefined ? loss : 0.9 * before + 0.1 * loss;

/** Batches between comparisons of all members' weights. */
const compareEvery = 100;
/** The original's (SPEC 8.3). */
const averageEvery = 4;

/** Time in which the member does nothing else. */
const lost = <A>({ team }: Crew, act: Promise<A>): Promise<A> => team.wait?.(act) ?? act;

type Shared = { readonly loss: number; readonly stop: boolean };

/** The original's exchange: losses, and every four batches the weights; member 0 counts what the others have seen. */
const exchangeAsDarknet = async (trainer: Trainer, report: StepReport, stop: boolean, crew: Crew): Promise<Shared> => {
  const { team } = crew;
  const notes = Float64Array.of(report.loss, Number(stop));
  await team.sum(notes);
  if (Number.isFinite(notes[0]) && report.batch % averageEvery === 0) {
    await trainer.average(team);
    trainer.count(averageEvery * (team.size - 1) * trainer.batch);
  }
  return { loss: notes[0] / team.size, stop: notes[1] > 0 };
};

type Begun = {
  readonly batch: number;
  readonly ended: () => Promise<StepReport>;
  readonly from: number;
  readonly exchangedBefore: number;
  readonly waitMs: number;
  readonly paths: readonly string[];
};

/**
 * An update with a loss that is not finite changed nothing and is the last. A device that computes by itself has the next
 * update before this thread hears of the one before.
 */
export const updates = async function* (options: LoopOptions): AsyncGenerator<Update> {
  const { trainer, stream, limit, signal, crew, settle = () => true } = options;
  let mean = options.average;
  let lastEnd = 0;
  const atLimit = (): boolean => trainer.seen() / trainer.batch >= limit;
  // Of several, all make the step, and learn in it that one wants to stop.
  const interrupted = (): boolean => crew === undefined && signal.aborted;

  const finish = async (begun: Begun, settled: boolean): Promise<Update & { readonly last: boolean }> => {
    const report = await begun.ended();
    const { loss, stop } =
      crew?.sync === 'darknet' ? await lost(crew, exchangeAsDarknet(trainer, report, signal.aborted, crew)) : report;
    const finite = Number.isFinite(loss);
    if (finite && crew?.sync === 'exact' && report.batch % compareEvery === 0)
      await lost(crew, trainer.compare(crew.team));
    mean = finite ? averaged(mean, loss) : mean;
    const now = performance.now();
    const stepMs = now - Math.max(begun.from, lastEnd);
    lastEnd = now;
    return {
      batch: report.batch,
      report: { ...report, loss },
      average: mean ?? loss,
      waitMs: begun.waitMs,
      stepMs,
      exchangeMs: (crew?.spentMs() ?? 0) - begun.exchangedBefore,
      images: settled ? trainer.seen() : trainer.seen() - trainer.batch,
      paths: begun.paths,
      settled: settled || !finite,
      last: !finite || stop,
    };
  };

  const ahead = trainer.ahead && crew === undefined;
  let before: Begun | undefined;
  if (atLimit() || interrupted()) return;
  try {
    for await (const batch of stream) {
      await turn();
      if (interrupted()) break;
      const from = performance.now();
      const exchangedBefore = crew?.spentMs() ?? 0;
      const ended = await trainer.begin(batch, signal.aborted);
      const { waitMs, paths } = batch;
      stream.recycle(batch);
      const begun = { batch: Math.floor(trainer.seen() / trainer.batch), ended, from, exchangedBefore, waitMs, paths };
      if (before) {
        const update = await finish(before, false);
        before = begun;
        yield update;
        if (update.last) return;
      }
      before = begun;
      if (ahead && !atLimit() && !interrupted() && !settle(begun.batch)) continue;
      before = undefined;
      const update = await finish(begun, true);
      yield update;
      if (update.last || atLimit() || interrupted()) return;
    }
  } catch (error) {
    // No more pictures: what has been computed is not lost.
    if (before) yield await finish(before, true);
    throw error;
  }
  if (before) yield await finish(before, true);
};

/** The loop of those that only compute: member 0 writes what there is to write. */
export const follow = async (options: LoopOptions): Promise<void> => {
  for await (const _ of updates(options)) {
    // Everything happens in the step.
  }
};
