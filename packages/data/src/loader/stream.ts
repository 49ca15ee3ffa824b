/** A bounded queue of batches made ahead, delivered in order. */
import { performance } from 'node:perf_hooks';
import type { DataFault } from '../fault.ts';
import { type AheadOptions, batchesAhead, type Pending } from './ahead.ts';
import { type FaultReport, faultTally } from './fault-tally.ts';
import type { Job, Made } from './make.ts';
import type { Pool } from './pool.ts';

export type LoaderReport = FaultReport & {
  /** Milliseconds spent waiting for batches so far. */
  readonly waitMs: number;
};

/** What a stream delivers: the pictures at least. */
export type Delivered = { readonly x: Float32Array<ArrayBuffer> };

export type Stream<T extends Delivered> = AsyncIterableIterator<T> & {
  readonly report: () => LoaderReport;
  /**
   * Gives the memory of a batch's pictures back for the ones to come: its `x` is empty from then on. Without it all goes
   * well too, only each batch takes fresh memory.
   */
  readonly recycle: (batch: T) => void;
  /** Ends the worker threads. Leaving a `for await` does it too. */
  readonly close: () => Promise<void>;
};

export type StreamOptions<T extends Delivered> = Omit<AheadOptions, 'make'> & {
  readonly pool: Pool;
  readonly deliver: (batch: number, job: Job, made: Made, waitMs: number) => T;
  readonly onFault?: (fault: DataFault) => void;
};

/** Runs one after another, so that batches keep their order however often they are asked for. */
const inTurn = () => {
  let last: Promise<unknown> = Promise.resolve();
  return <A>(work: () => Promise<A>): Promise<A> => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
};

export const streamOf = <T extends Delivered>(options: StreamOptions<T>): Stream<T> => {
  const { pool, deliver, onFault, ...order } = options;
  const ahead = batchesAhead({ ...order, make: (job) => pool.make(job) });
  const tally = faultTally(onFault);
  const turn = inTurn();
  let waited = 0;
  let closed = false;

  const close = async (): Promise<void> => {
    closed = true;
    ahead.end();
    await pool.close();
  };
  const wait = async ({ batch, job, made }: Pending): Promise<IteratorResult<T>> => {
    const from = performance.now();
    pool.hold(true);
    try {
      const done = await made;
      const waitMs = performance.now() - from;
      waited += waitMs;
      tally.add(done);
      return { done: false, value: deliver(batch, job, done, waitMs) };
    } catch (thrown) {
      // Closed while waiting: the end, not a failure.
      if (closed) return { done: true, value: undefined };
      await close();
      throw thrown;
    } finally {
      pool.hold(false);
      ahead.fill();
    }
  };
  const pull = async (): Promise<IteratorResult<T>> => {
    ahead.fill();
    const head = ahead.take();
    if (head !== undefined && !closed) return wait(head);
    await close();
    return { done: true, value: undefined };
  };
  const stream: Stream<T> = {
    next: () => turn(pull),
    return: async () => {
      await close();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => stream,
    report: () => ({ ...tally.report(), waitMs: waited }),
    recycle: ({ x }) => {
      if (!closed && x.byteLength > 0) pool.reuse(structuredClone(x.buffer, { transfer: [x.buffer] }));
    },
    close,
  };
  return stream;
};
