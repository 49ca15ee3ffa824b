/** How fast: rows of milliseconds, ours and where it can be had PyTorch's, in rounds that take turns. */
import { median } from '../cpu/rounds.ts';
import type { Clock } from './clock.ts';
import type { Contestant } from './contestants.ts';

export type Precision = 'f32' | 'f16';

/** One figure to come. Opening is part of what it takes. */
export type Measurement = {
  readonly name: string;
  readonly precision: Precision;
  /** Floating-point operations of one call; a multiply-add is two. */
  readonly flops: number;
  readonly ours: () => Promise<Contestant> | string;
  readonly theirs: () => Promise<Contestant | string> | string;
};

export type Row = {
  readonly name: string;
  readonly peer: string;
  /** Of the processor, which the work does not run on. */
  readonly threads: 1;
  readonly precision: Precision;
  /** Medians; null where there is none, and `notes` says why. */
  readonly ours: number | null;
  readonly theirs: number | null;
  readonly unit: 'ms';
  /** Ours by theirs: below 1 is faster. */
  readonly ratio: number | null;
  /** GFLOP/s. */
  readonly oursRate: number | null;
  readonly theirsRate: number | null;
  /** The processor's milliseconds to enqueue one call. */
  readonly enqueue: number | null;
  readonly rounds: number;
  readonly notes: readonly string[];
};

/** Milliseconds of calls between two looks at the clock. */
const window = 150;
const mostCalls = 100;
/** Rounds below which a median says little. */
const fewest = 3;

type Ready = {
  readonly contestant: Contestant;
  readonly calls: number;
  readonly ms: number[];
  readonly enqueue: number[];
};

/** Warmed up, with so many calls a round as fill the window. */
const warm = async (contestant: Contestant): Promise<Ready> => {
  // The first call compiles, the second may still take memory.
  await contestant.run(1);
  const { ms } = await contestant.run(2);
  return { contestant, calls: Math.min(mostCalls, Math.max(1, Math.ceil(window / ms))), ms: [], enqueue: [] };
};

const turn = async ({ contestant, calls, ms, enqueue }: Ready): Promise<void> => {
  const timed = await contestant.run(calls);
  ms.push(timed.ms);
  if (timed.enqueue !== undefined) enqueue.push(timed.enqueue);
};

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0];

/** Opens, or says why not; only faults that are about room are excused. */
const opened = async (open: () => Promise<Contestant | string> | string): Promise<Ready | string> => {
  const contestant = await open();
  if (typeof contestant === 'string') return contestant;
  try {
    return await warm(contestant);
  } catch (error) {
    await contestant.close();
    if (error instanceof Error && /memory|allows/i.test(error.message)) return firstLine(error);
    throw error;
  }
};

export const measure = async (
  { name, precision, flops, ours, theirs }: Measurement,
  rounds: number,
  deadline: number,
): Promise<Row> => {
  const notes: string[] = [];
  const sides = [await opened(ours), await opened(theirs)];
  for (const [i, side] of sides.entries())
    if (typeof side === 'string') notes.push(`${['ours', 'theirs'][i]} not found: ${side}`);
  const ready = sides.filter((side): side is Ready => typeof side !== 'string');
  let done = 0;
  while (ready.length > 0 && done < rounds && (done < 1 || performance.now() < deadline)) {
    for (const side of ready) await turn(side);
    done++;
  }
  for (const side of ready) await side.contestant.close();
  if (ready.length > 0 && done < Math.min(rounds, fewest))
    notes.push(`only ${done} round${done === 1 ? '' : 's'}: short of time`);
  else if (ready.length > 0 && done < rounds) notes.push(`${done} of ${rounds} rounds: short of time`);
  const [mine, other] = sides.map((side) => (typeof side === 'string' ? null : median(side.ms)));
  const [enqueue] = sides.map((side) => (typeof side === 'string' ? null : median(side.enqueue)));
  const rate = (ms: number | null): number | null => (ms === null ? null : flops / ms / 1e6);
  return {
    ...{ name, peer: 'PyTorch', threads: 1, precision, ours: mine, theirs: other, unit: 'ms' },
    ratio: mine !== null && other !== null ? mine / other : null,
    ...{ oursRate: rate(mine), theirsRate: rate(other), enqueue, rounds: done, notes },
  };
};

/** Rows one by one; the time left is shared among those to come, and what there is no time for says so. */
export async function* measureAll(list: readonly Measurement[], rounds: number, clock: Clock): AsyncGenerator<Row> {
  for (const [i, measurement] of list.entries()) {
    const none = (): string => 'no time was left (--budget)';
    const inTime = clock.left() > 0 ? measurement : { ...measurement, ours: none, theirs: none };
    yield await measure(inTime, rounds, clock.deadline(list.length - i));
  }
}
