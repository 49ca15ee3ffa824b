/**
 * The score at which to cut each category's detections so that F is largest, and F at a cut of one's own:
 * F_b = (1 + b²) P R / (b² P + R), F1 the harmonic mean of precision and recall.
 */
import { checkOptions, numberRule, rule } from '../check/options.ts';
import type { CurvePlace, Tallied } from '../core/place.ts';
import type { Id } from '../core/tally.ts';
import { outcomesOf } from './outcomes.ts';

export interface BestF1 {
  readonly category: Id;
  /** Keep detections with this score and above; 1 when nothing is worth keeping. */
  readonly score: number;
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
}

export interface FScore extends Omit<BestF1, 'f1'> {
  readonly f: number;
}

export interface FScoreOptions extends CurvePlace {
  /** How much more recall weighs than precision. Default 1. */
  readonly beta?: number | undefined;
  /** Keep detections with this score and above; the best for each category when left out. */
  readonly score?: number | undefined;
}

const rules = /* @__PURE__ */ (() => ({
  beta: rule((value) => typeof value === 'number' && value > 0 && Number.isFinite(value), 'a number above 0'),
  score: numberRule(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
}))();

/**
 * One row a category that has objects. Detections of equal score are kept or cut together.
 * @throws OptionError on a threshold or area that was not evaluated.
 */
export const fScores = (result: Tallied, options: FScoreOptions): readonly FScore[] => {
  const { beta, score: cut, ...place } = options ?? {};
  checkOptions({ beta, score: cut }, rules);
  const square = (beta ?? 1) ** 2;
  return [...outcomesOf(result, place)].flatMap(([category, { positives, scores, right }]) => {
    if (positives === 0) return [];
    const at = (kept: number, hits: number, score: number): FScore => ({
      category,
      score,
      f: hits === 0 ? 0 : ((1 + square) * hits) / (kept + square * positives),
      precision: kept === 0 ? 0 : hits / kept,
      recall: hits / positives,
    });
    let best: FScore = at(0, 0, cut ?? 1);
    let hits = 0;
    for (let i = 0; i < scores.length; i++) {
      if (cut !== undefined && scores[i] < cut) break;
      hits += right[i];
      if (cut === undefined && scores[i] === scores[i + 1]) continue;
      const here = at(i + 1, hits, cut ?? scores[i]);
      if (cut !== undefined || here.f > best.f) best = here;
    }
    return [best];
  });
};

/** `fScores` at the best cut with beta 1. */
export const bestF1 = (result: Tallied, place: CurvePlace): readonly BestF1[] =>
  fScores(result, place).map(({ category, score, f, precision, recall }) => ({
    category,
    score,
    f1: f,
    precision,
    recall,
  }));
