/** Batches that are made before they are asked for, in order. */
import type { Job, Made } from './make.ts';

export type Pending = { readonly batch: number; readonly job: Job; readonly made: Promise<Made> };

export type AheadOptions = {
  readonly make: (job: Job) => Promise<Made>;
  /** The job of a batch, or undefined past the last one. */
  readonly jobOf: (batch: number) => Job | undefined;
  /** The first batch. */
  readonly start: number;
  /** Batches made ahead of the one that is taken. */
  readonly prefetch: number;
};

export const batchesAhead = ({ make, jobOf, start, prefetch }: AheadOptions) => {
  const queue: Pending[] = [];
  let next = start;
  let ended = false;
  return {
    fill: (): void => {
      while (!ended && queue.length <= prefetch) {
        const job = jobOf(next);
        if (job === undefined) return;
        const made = make(job);
        // A failure is reported when its turn comes; until then it must not count as unhandled.
        made.catch(() => {});
        queue.push({ batch: next++, job, made });
      }
    },
    /** The next one in order; undefined past the last. */
    take: (): Pending | undefined => queue.shift(),
    /** What has not been taken is forgotten, and nothing more is made. */
    end: (): void => {
      ended = true;
      queue.length = 0;
    },
  };
};
