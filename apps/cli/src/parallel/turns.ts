/** What a member tells the others, one call after another, in the order in which it was asked for. */
import type { Team } from '@gdarknet/yolo';

export type Turns = Required<Pick<Team, 'sum' | 'share' | 'wait'>> & {
  /** Milliseconds in which this member had nothing to do but to wait. */
  readonly spentMs: () => number;
};

export const takingTurns = ({ sum, share }: Pick<Team, 'sum' | 'share'>): Turns => {
  let last: Promise<void> = Promise.resolve();
  const inTurn = (act: () => Promise<void>): Promise<void> => {
    last = last.then(act);
    // Whoever asked hears of a failure.
    last.catch(() => {});
    return last;
  };
  let spent = 0;
  return {
    sum: (values) => inTurn(() => sum(values)),
    share: (values) => inTurn(() => share(values)),
    wait: async (sums) => {
      const from = performance.now();
      try {
        return await sums;
      } finally {
        spent += performance.now() - from;
      }
    },
    spentMs: () => spent,
  };
};
