/** A whole precision-recall curve: one point a detection, as it is drawn and as VOC keeps it. */
import type { CurvePlace, Tallied } from './place.ts';
import { placeOf, refuseUnevaluated } from './place.ts';
import { rankingOf } from './ranking.ts';
import type { Id } from './tally.ts';
import { groupsByCategory, wordsOf } from './tally.ts';

/** Points by descending score. A detection that is left out of the count repeats the point before it. */
export interface Curve {
  /** Objects to find. */
  readonly positives: number;
  readonly recall: Float64Array;
  readonly precision: Float64Array;
  readonly score: Float64Array;
}

/** A result of `evaluateCoco` or `evaluateVoc`, which tells its categories. */
export interface CurveSource extends Tallied {
  readonly params: Tallied['params'] & { readonly classes?: readonly string[] };
  readonly perCategory?: readonly { readonly id: number }[];
}

/**
 * The curve of one category (COCO's id, VOC's class name). Recall is NaN where nothing is to be found.
 * @throws OptionError on a threshold, area or category that was not evaluated.
 */
export const curveOf = (result: CurveSource, category: Id, place: CurvePlace): Curve => {
  const { t, area, limit } = placeOf(result, place);
  const { tally, params } = result;
  refuseUnevaluated(category, params.classes ?? result.perCategory?.map(({ id }) => id));
  const words = wordsOf(params.thresholds.length);
  const areas = params.areas?.length ?? 1;
  const ranking = rankingOf(groupsByCategory(tally).get(category) ?? [], areas, words);
  const n = ranking.scores.length;
  const positives = ranking.positives[area] ?? 0;
  const lane = (area * words + (t >>> 5)) * n;
  const bit = 1 << (t & 31);
  const recall = new Float64Array(n);
  const precision = new Float64Array(n);
  const score = new Float64Array(n);
  let hits = 0;
  let wrong = 0;
  let points = 0;
  for (let i = 0; i < n; i++) {
    if (ranking.rank[i] >= limit) continue;
    if ((ranking.found[lane + i] & bit) !== 0) hits++;
    else if ((ranking.ignored[lane + i] & bit) === 0) wrong++;
    recall[points] = hits / positives;
    precision[points] = hits / Math.max(hits + wrong, Number.EPSILON);
    score[points++] = ranking.scores[i];
  }
  const cut = (column: Float64Array): Float64Array => column.slice(0, points);
  return { positives, recall: cut(recall), precision: cut(precision), score: cut(score) };
};
