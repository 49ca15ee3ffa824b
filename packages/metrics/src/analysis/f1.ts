/** The score at which to cut each category's detections so that F1 = 2 P R / (P + R) is largest. */
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

/** One row a category that has objects. Detections of equal score are kept or cut together. */
export const bestF1 = (result: Tallied, place: CurvePlace): readonly BestF1[] =>
  [...outcomesOf(result, place)].flatMap(([category, { positives, scores, right }]) => {
    if (positives === 0) return [];
    let best: BestF1 = { category, score: 1, f1: 0, precision: 0, recall: 0 };
    let hits = 0;
    for (let i = 0; i < scores.length; i++) {
      hits += right[i]!;
      if (scores[i] === scores[i + 1]) continue;
      const f1 = (2 * hits) / (i + 1 + positives);
      if (f1 > best.f1) best = { category, score: scores[i]!, f1, precision: hits / (i + 1), recall: hits / positives };
    }
    return [best];
  });
