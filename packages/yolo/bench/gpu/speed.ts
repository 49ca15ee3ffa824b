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
  /** Ours ended with an error, which a note tells. */
  readonly failed: boolean;
  readonly notes: readonly string[];
};

/** Milliseconds of calls between two looks at the clock. */
const window = 150;
const mostCalls = 100;
const owners = ['ours', 'theirs'] as const;

/** One side of a measurement: under way, or ended with the reason. */
type Side = { ready?: Ready; failure?: string; thrown?: boolean };
type Ready = {
  readonly contestant: Contestant;
  readonly calls: number;
  readonly ms: number[];
  readonly enqueue: number[];
};

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0];

/** One side's failure is a note of its row: the other rows are wanted all the same. */
const attempt = async (side: Side, work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    side.failure = firstLine(error);
    side.thrown = true;
    const { ready } = side;
    delete side.ready;
    await ready?.contestant.close();
  }
};

/** Warmed up, with so many calls a round as fill the window. */
const open = async (made: () => Promise<Contestant | string> | string): Promise<Side> => {
  const side: Side = {};
  await attempt(side, async () => {
    const contestant = await made();
    if (typeof contestant === 'string') {
      side.failure = contestant;
      return;
    }
    side.ready = { contestant, calls: 1, ms: [], enqueue: [] };
    // The first call compiles, the second may still take memory.
    await contestant.run(1);
    const { ms } = await contestant.run(2);
    side.ready = { ...side.ready, calls: Math.min(mostCalls, Math.max(1, Math.ceil(window / ms))) };
  });
  return side;
};

const turn = async ({ contestant, calls, ms, enqueue }: Ready): Promise<void> => {
  const timed = await contestant.run(calls);
  ms.push(timed.ms);
  if (timed.enqueue !== undefined) enqueue.push(timed.enqueue);
};

export const measure = async (
  { name, precision, flops, ours, theirs }: Measurement,
  rounds: number,
  deadline: number,
): Promise<Row> => {
  const sides = [await open(ours), await open(theirs)];
  let done = 0;
  while (done < rounds && sides.some(({ ready }) => ready) && (done < 1 || performance.now() < deadline)) {
    for (const side of sides) {
      const { ready } = side;
      if (ready) await attempt(side, () => turn(ready));
    }
    done++;
  }
  for (const { ready } of sides) await ready?.contestant.close();
  const [mine, other] = sides.map(({ ready }) => (ready && ready.ms.length > 0 ? median(ready.ms) : null));
  const enqueue = sides[0].ready?.enqueue ?? [];
  const rate = (ms: number | null): number | null => (ms === null || flops === 0 ? null : flops / ms / 1e6);
  return {
    name,
    peer: 'PyTorch',
    threads: 1,
    precision,
    ours: mine,
    theirs: other,
    unit: 'ms',
    ratio: mine !== null && other !== null ? mine / other : null,
    oursRate: rate(mine),
    theirsRate: rate(other),
    enqueue: enqueue.length > 0 ? median(enqueue) : null,
    rounds: done,
    failed: sides[0].thrown ?? false,
    notes: [
      ...sides.flatMap(({ failure }, i) => (failure === undefined ? [] : [`${owners[i]} not found: ${failure}`])),
      ...(mine !== null && done < rounds ? [`${done} of ${rounds} rounds: short of time (--budget)`] : []),
    ],
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
