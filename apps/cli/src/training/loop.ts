/** The training loop as a stream of updates: batches in, reports out; files, messages and decisions are the consumer's. */
import { performance } from 'node:perf_hooks';
import type { BatchStream } from '@gdarknet/data';
import type { StepReport, Trainer } from '@gdarknet/yolo';
import { turn } from '../turn.ts';

export type Update = {
  /** Counts from 1, over all runs that the weights have seen. */
  readonly batch: number;
  readonly report: StepReport;
  /** The first loss of the run, afterwards .9 of itself and .1 of the new one. */
  readonly average: number;
  readonly waitMs: number;
  /** Of the step, without waiting for data. */
  readonly stepMs: number;
  /** Seen so far. */
  readonly images: number;
  readonly paths: readonly string[];
};

const average = (before: number | undefined, loss: number): number =>
  before === undefined ? loss : 0.9 * before + 0.1 * loss;

/** Ends at batch `limit`, when the stream ends, or when `signal` is raised. An update with a loss that is not finite changed nothing and is the last. */
export const updates = async function* (
  trainer: Trainer,
  stream: BatchStream,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<Update> {
  let mean: number | undefined;
  const reached = (): boolean => signal.aborted || trainer.seen() / trainer.batch >= limit;
  if (reached()) return;
  for await (const batch of stream) {
    await turn();
    if (signal.aborted) return;
    const from = performance.now();
    const report = await trainer.step(batch);
    const finite = Number.isFinite(report.loss);
    mean = finite ? average(mean, report.loss) : mean;
    yield {
      batch: report.batch,
      report,
      average: mean ?? report.loss,
      waitMs: batch.waitMs,
      stepMs: performance.now() - from,
      images: report.batch * trainer.batch,
      paths: batch.paths,
    };
    if (!finite || reached()) return;
  }
};
