/**
 * How far AP, and the difference of two, would move with other images and other seeds: images are drawn with replacement,
 * the same for all runs, and within a group of runs that differ in their seed alone the runs are drawn too (Efron and
 * Tibshirani, 1993, chapters 6 and 8: percentiles of the bootstrap, two levels).
 */
import { type CocoResult, pairedBootstrap, weightedAp } from '@gdarknet/metrics';

/** Runs that differ in their seed alone, scored on the same images. */
export type Group = { readonly name: string; readonly results: readonly CocoResult[] };

export type Range = { readonly value: number; readonly low: number; readonly high: number };

export type GroupInterval = {
  readonly name: string;
  /** Mean AP of the runs. */
  readonly AP: Range;
  /** Minus that of the first group; undefined for that itself. */
  readonly difference: (Range & { /** Part of the draws above 0. */ readonly ahead: number }) | undefined;
};

export type IntervalOptions = { readonly samples: number; readonly seed: number; readonly confidence: number };

/** Mulberry32, in [0, 1). */
const random = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const range = (value: number, draws: readonly number[], confidence: number): Range => {
  const sorted = [...draws].sort((a, b) => a - b);
  const at = (q: number): number =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(q * (sorted.length - 1))))];
  return { value, low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
};

/** `images` is how many there are. Throws UnpairedRunsError when runs were not scored on the same. */
export const groupIntervals = (
  groups: readonly Group[],
  images: number,
  { samples, seed, confidence }: IntervalOptions,
): readonly GroupInterval[] => {
  const [first, ...others] = groups.flatMap(({ results }) => results);
  for (const other of others) pairedBootstrap(first, other, { samples: 1 });
  const scorers = groups.map(({ results }) => results.map(weightedAp));
  const ones = new Uint32Array(images).fill(1);
  const values = scorers.map((runs) => mean(runs.map((ap) => ap(ones))));
  const next = random(seed);
  const pick = (n: number): number => Math.floor(next() * n);
  const draws: number[][] = groups.map(() => []);
  const weights = new Uint32Array(images);
  for (let sample = 0; sample < samples; sample++) {
    weights.fill(0);
    for (let i = 0; i < images; i++) weights[pick(images)]++;
    scorers.forEach((runs, g) => {
      const drawn = runs.length === 1 ? runs : runs.map(() => runs[pick(runs.length)]);
      const scored = new Map(drawn.map((ap) => [ap, 0]));
      for (const ap of scored.keys()) scored.set(ap, ap(weights));
      draws[g].push(mean(drawn.map((ap) => scored.get(ap) ?? 0)));
    });
  }
  return groups.map(({ name }, g) => {
    const apart = draws[g].map((value, i) => value - draws[0][i]);
    const ahead = apart.filter((d) => d > 0).length + apart.filter((d) => d === 0).length / 2;
    const difference = { ...range(values[g] - values[0], apart, confidence), ahead: ahead / samples };
    return { name, AP: range(values[g], draws[g], confidence), difference: g === 0 ? undefined : difference };
  });
};
