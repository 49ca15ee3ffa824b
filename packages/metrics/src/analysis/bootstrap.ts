/**
 * Whether one run is better than another or only luckier: images are drawn with replacement, both runs are scored on
 * the same draw, and the spread of the difference is the answer (paired bootstrap; Efron and Tibshirani, 1993).
 * Nothing is matched again: a draw gives every image a weight, and counts become sums of weights.
 */
import type { OptionRules } from '../check/options.ts';
import { checkOptions, rule, wholeRule, within } from '../check/options.ts';
import type { CocoResult } from '../coco/result.ts';
import { rankingOf } from '../core/ranking.ts';
import type { Id } from '../core/tally.ts';
import { compareIds, groupsByCategory, wordsOf } from '../core/tally.ts';

export interface BootstrapOptions {
  /** Draws; default 1000. */
  readonly samples?: number | undefined;
  /** The same seed gives the same draws. Default 1. */
  readonly seed?: number | undefined;
  /** Of the interval; default 0.95. */
  readonly confidence?: number | undefined;
}

export interface Interval {
  /** AP of the second run minus that of the first, on all images. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Part of the draws in which the second run is ahead (a tie counts half). */
  readonly ahead: number;
}

export const bootstrapRules: OptionRules<BootstrapOptions> = /* @__PURE__ */ (() => ({
  samples: wholeRule(1),
  seed: rule(Number.isSafeInteger, 'a whole number'),
  confidence: rule((value) => within(0, 1)(value) && value !== 0 && value !== 1, 'a number between 0 and 1'),
}))();

/** Thrown when two runs were not scored on the same images, categories and thresholds. */
export class UnpairedRunsError extends Error {
  override readonly name = 'UnpairedRunsError';
}

/** Mulberry32: a small generator of known quality, enough for drawing images. Numbers in [0, 1). */
const random = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const imagesOf = (result: CocoResult): readonly Id[] =>
  result.tally.chunks.flatMap((chunk) => chunk.images).sort(compareIds);

/** AP (all areas, the largest limit) for weights of the images; weights of 1 give the AP of the evaluation. */
export const weightedAp = (result: CocoResult): ((weights: ArrayLike<number>) => number) => {
  const { thresholds, recalls, areas, maxDets } = result.params;
  const imageAt = new Map(imagesOf(result).map((image, i) => [image, i]));
  const groups = groupsByCategory(result.tally);
  const words = wordsOf(thresholds.length);
  const limit = maxDets.at(-1) ?? 0;
  const area = Math.max(
    0,
    areas.findIndex((range) => range.name === 'all'),
  );
  const rows = result.perCategory.map(({ id }) => {
    const places = groups.get(id) ?? [];
    const image = Uint32Array.from(places, ({ chunk, group }) => imageAt.get(chunk.groupImage[group])!);
    const positives = Float64Array.from(places, ({ chunk, group }) => chunk.positives[group * areas.length + area]);
    return { image, positives, ranking: rankingOf(places, areas.length, words) };
  });

  return (weights) => {
    let sum = 0;
    let categories = 0;
    for (const { image, positives, ranking } of rows) {
      let there = 0;
      positives.forEach((count, g) => {
        there += count * weights[image[g]];
      });
      if (there === 0) continue;
      categories++;
      const n = ranking.scores.length;
      for (let t = 0; t < thresholds.length; t++) {
        const lane = (area * words + (t >>> 5)) * n;
        const bit = 1 << (t & 31);
        const hits: number[] = [];
        const envelope: number[] = [];
        let right = 0;
        let counted = 0;
        for (let i = 0; i < n; i++) {
          const weight = ranking.rank[i] < limit ? weights[image[ranking.group[i]]] : 0;
          if (weight === 0 || (ranking.ignored[lane + i] & bit) !== 0) continue;
          counted += weight;
          if ((ranking.found[lane + i] & bit) === 0) continue;
          right += weight;
          hits.push(right);
          envelope.push(right / (counted + Number.EPSILON));
        }
        for (let c = envelope.length - 2; c >= 0; c--) envelope[c] = Math.max(envelope[c], envelope[c + 1]);
        let at = 0;
        for (const recall of recalls) {
          while (at < hits.length && hits[at] / there < recall) at++;
          sum += (envelope[at] ?? 0) / (recalls.length * thresholds.length);
        }
      }
    }
    return categories === 0 ? -1 : sum / categories;
  };
};

/**
 * Confidence interval of AP(second) - AP(first).
 * @throws UnpairedRunsError
 */
export const pairedBootstrap = (first: CocoResult, second: CocoResult, options: BootstrapOptions = {}): Interval => {
  checkOptions(options, bootstrapRules);
  const { samples = 1000, seed = 1, confidence = 0.95 } = options;
  const images = imagesOf(first);
  const others = imagesOf(second);
  const same = images.length === others.length && images.every((image, i) => image === others[i]);
  if (!same || first.params.thresholds.join() !== second.params.thresholds.join()) {
    throw new UnpairedRunsError('Both runs must be scored on the same images and thresholds.');
  }
  const [apOfFirst, apOfSecond] = [weightedAp(first), weightedAp(second)];
  const draw = random(seed);
  const weights = new Uint32Array(images.length);
  const differences = Float64Array.from({ length: samples }, () => {
    weights.fill(0);
    for (let i = 0; i < images.length; i++) weights[Math.floor(draw() * images.length)]++;
    return apOfSecond(weights) - apOfFirst(weights);
  }).sort();
  const quantile = (q: number): number =>
    differences[Math.min(samples - 1, Math.max(0, Math.round(q * (samples - 1))))];
  const tail = (1 - confidence) / 2;
  weights.fill(1);
  return {
    difference: apOfSecond(weights) - apOfFirst(weights),
    low: quantile(tail),
    high: quantile(1 - tail),
    ahead: differences.reduce((sum, d) => sum + (d > 0 ? 1 : d === 0 ? 0.5 : 0), 0) / samples,
  };
};
