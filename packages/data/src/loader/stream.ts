/** A bounded queue of batches made ahead, delivered in order. */
import { performance } from 'node:perf_hooks';
import { type DataFault, showFault } from '../fault.ts';
import type { Job, Made } from './make.ts';
import type { Pool } from './pool.ts';

export type LoaderReport = {
  /** Pictures that were passed over, counted each time. */
  readonly skipped: number;
  /** What was wrong, a file that cannot be used once, in the order found. */
  readonly faults: readonly DataFault[];
  /** How often each of `faults` stood in the way. */
  readonly times: readonly number[];
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

export type StreamOptions<T extends Delivered> = {
  readonly pool: Pool;
  /** The job of a batch, or undefined past the last one. */
  readonly jobOf: (batch: number) => Job | undefined;
  readonly deliver: (batch: number, job: Job, made: Made, waitMs: number) => T;
  readonly start: number;
  readonly prefetch: number;
  readonly onFault?: (fault: DataFault) => void;
};

/** A file that cannot be used is one fault, whatever words the decoder finds for it each time. */
const keyOf = (fault: DataFault): string =>
  fault.tag === 'line' || fault.tag === 'key' ? showFault(fault) : `file ${fault.file}`;

type Pending = { readonly batch: number; readonly job: Job; readonly made: Promise<Made> };

export const streamOf = <T extends Delivered>(options: StreamOptions<T>): Stream<T> => {
  const { pool, jobOf, deliver, prefetch, onFault } = options;
  const queue: Pending[] = [];
  const seen = new Map<string, { readonly fault: DataFault; times: number }>();
  let next = options.start;
  let skipped = 0;
  let waited = 0;
  let closed = false;

  const fill = (): void => {
    while (!closed && queue.length <= prefetch) {
      const job = jobOf(next);
      if (job === undefined) return;
      const made = pool.make(job);
      // A failure is reported when its turn comes; until then it must not count as unhandled.
      made.catch(() => {});
      queue.push({ batch: next++, job, made });
    }
  };
  const close = async (): Promise<void> => {
    closed = true;
    queue.length = 0;
    await pool.close();
  };
  const note = (made: Made): void => {
    skipped += made.skipped;
    for (const fault of made.faults) {
      const key = keyOf(fault);
      const known = seen.get(key);
      if (known) {
        known.times++;
        continue;
      }
      seen.set(key, { fault, times: 1 });
      onFault?.(fault);
    }
  };
  const pull = async (): Promise<IteratorResult<T>> => {
    fill();
    const head = queue.shift();
    if (head === undefined || closed) {
      await close();
      return { done: true, value: undefined };
    }
    const from = performance.now();
    pool.hold(true);
    try {
      const made = await head.made;
      const waitMs = performance.now() - from;
      waited += waitMs;
      note(made);
      return { done: false, value: deliver(head.batch, head.job, made, waitMs) };
    } catch (thrown) {
      // Closed while waiting: the end, not a failure.
      if (closed) return { done: true, value: undefined };
      await close();
      throw thrown;
    } finally {
      pool.hold(false);
      fill();
    }
  };
  // One request at a time, so that batches keep their order however `next` is called.
  let last: Promise<unknown> = Promise.resolve();
  const stream: Stream<T> = {
    next: () => {
      const result = last.then(pull);
      last = result.catch(() => {});
      return result;
    },
    return: async () => {
      await close();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => stream,
    report: () => {
      const all = [...seen.values()];
      return { skipped, faults: all.map((s) => s.fault), times: all.map((s) => s.times), waitMs: waited };
    },
    recycle: ({ x }) => {
      if (!closed && x.byteLength > 0) pool.reuse(structuredClone(x.buffer, { transfer: [x.buffer] }));
    },
    close,
  };
  return stream;
};
