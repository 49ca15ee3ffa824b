/** Contestants that take turns, so that what else the machine does falls on all of them alike. */
export type Row = {
  readonly name: string;
  readonly peer: string;
  readonly threads: number;
  /** Medians; the ratio is of the medians, below 1 is faster. `best` is the ratio of the bests. */
  readonly ours: number;
  readonly theirs: number;
  readonly unit: string;
  readonly ratio: number;
  readonly best: number;
};

export type Contestant = () => Promise<unknown> | unknown;

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
const least = (values: readonly number[]): number => Math.min(...values);
const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

/** Milliseconds of each contestant in each round; one that gives a number has timed itself. */
export const takeTurns = async (contestants: readonly Contestant[], rounds: number, warm = 2): Promise<number[][]> => {
  const times = contestants.map(() => [] as number[]);
  for (let round = -warm; round < rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      // The threads of the last one go to sleep: onnxruntime's look for work for about 40 ms more.
      await pause(100);
      const start = performance.now();
      const own = await contestant();
      const taken = typeof own === 'number' ? own : performance.now() - start;
      if (round >= 0) times[i].push(taken);
    }
  }
  return times;
};

/** Milliseconds before those that count: the system takes some to spread threads that slept over the cores again. */
const warmUp = 40;
/** Milliseconds that count, at least: the mean of so many calls. */
const window = 30;

/** Times itself once caches are warm and threads awake, as one call after another finds them. */
export const steadily = (f: () => Promise<unknown> | unknown) => async (): Promise<number> => {
  for (const start = performance.now(); performance.now() - start < warmUp; ) await f();
  const start = performance.now();
  let calls = 0;
  for (; performance.now() - start < window; calls++) await f();
  return (performance.now() - start) / calls;
};

export const rowOf = (name: string, peer: string, threads: number, ours: number[], theirs: number[]): Row => ({
  name,
  peer,
  threads,
  ours: median(ours),
  theirs: median(theirs),
  unit: 'ms',
  ratio: median(ours) / median(theirs),
  best: least(ours) / least(theirs),
});

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);

export const print = (row: Row): void => {
  const ms = (value: number) => value.toFixed(1).padStart(9);
  console.log(
    `${row.name.padEnd(44)} ${String(row.threads).padStart(2)}T ${ms(row.ours)} ${ms(row.theirs)} ms   ${row.ratio.toFixed(2)} (best ${row.best.toFixed(2)})  ${row.peer}`,
  );
};
