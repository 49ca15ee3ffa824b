/** What was wrong with the pictures of a stream so far: each fault once, and how often it stood in the way. */
import { type DataFault, showFault } from '../fault.ts';
import type { Made } from './make.ts';

/** A file that cannot be used is one fault, whatever words the decoder finds for it each time. */
const keyOf = (fault: DataFault): string =>
  fault.tag === 'line' || fault.tag === 'key' ? showFault(fault) : `file ${fault.file}`;

export type FaultReport = {
  /** Pictures that were passed over, counted each time. */
  readonly skipped: number;
  /** What was wrong, a file that cannot be used once, in the order found. */
  readonly faults: readonly DataFault[];
  /** How often each of `faults` stood in the way. */
  readonly times: readonly number[];
};

/** `fresh` hears of each fault when it is found for the first time. */
export const faultTally = (fresh: (fault: DataFault) => void = () => {}) => {
  const seen = new Map<string, { readonly fault: DataFault; times: number }>();
  let skipped = 0;
  return {
    add: (made: Pick<Made, 'skipped' | 'faults'>): void => {
      skipped += made.skipped;
      for (const fault of made.faults) {
        const key = keyOf(fault);
        const known = seen.get(key);
        if (known) {
          known.times++;
          continue;
        }
        seen.set(key, { fault, times: 1 });
        fresh(fault);
      }
    },
    report: (): FaultReport => {
      const all = [...seen.values()];
      return { skipped, faults: all.map(({ fault }) => fault), times: all.map(({ times }) => times) };
    },
  };
};
