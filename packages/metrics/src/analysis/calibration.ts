/**
 * Whether scores mean what they say: of the detections with a score near 0.7, are 70 % right? Bins of equal width and
 * the expected calibration error, sum over bins of (part of the detections) * |mean score - part that is right|
 * (Naeini et al., AAAI 2015), over all categories.
 */
import { OptionError } from '../check/options.ts';
import { isWhole } from '../check/rows.ts';
import { shown } from '../check/words.ts';
import type { CurvePlace, Tallied } from '../core/place.ts';
import { outcomesOf } from './outcomes.ts';

export interface CalibrationBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** 0 in an empty bin, as `precision`. */
  readonly score: number;
  readonly precision: number;
}

export interface Calibration {
  readonly bins: readonly CalibrationBin[];
  /** Expected and largest calibration error. */
  readonly expected: number;
  readonly largest: number;
  /** Mean of (score - right)². */
  readonly brier: number;
}

/**
 * Scores are taken as probabilities, 0 to 1; one outside falls into the first or last bin.
 * @throws OptionError on a threshold or area that was not evaluated, and on less than one bin.
 */
export const calibration = (result: Tallied, place: CurvePlace, binCount = 10): Calibration => {
  if (!isWhole(binCount) || binCount < 1 || binCount > 1e6) {
    throw new OptionError('binCount', `binCount: found ${shown(binCount)}, expected a whole number from 1 to 1000000.`);
  }
  const count = new Float64Array(binCount);
  const score = new Float64Array(binCount);
  const hits = new Float64Array(binCount);
  let squares = 0;
  for (const { scores, right } of outcomesOf(result, place).values()) {
    for (let i = 0; i < scores.length; i++) {
      const bin = Math.min(binCount - 1, Math.max(0, Math.floor(scores[i] * binCount)));
      count[bin]++;
      score[bin] += scores[i];
      hits[bin] += right[i];
      squares += (scores[i] - right[i]) ** 2;
    }
  }
  const total = count.reduce((sum, n) => sum + n, 0);
  const bins = Array.from(count, (n, bin) => ({
    low: bin / binCount,
    high: (bin + 1) / binCount,
    count: n,
    score: n === 0 ? 0 : score[bin] / n,
    precision: n === 0 ? 0 : hits[bin] / n,
  }));
  const gaps = bins.map((bin) => Math.abs(bin.score - bin.precision));
  return {
    bins,
    expected: total === 0 ? 0 : bins.reduce((sum, bin, i) => sum + (bin.count / total) * gaps[i], 0),
    largest: gaps.reduce((most, gap) => Math.max(most, gap), 0),
    brier: total === 0 ? 0 : squares / total,
  };
};
