/** What became of the detections of one category: right, wrong, left out; by descending score. */
import type { CurvePlace, Tallied } from '../core/place.ts';
import { placeOf } from '../core/place.ts';
import { rankingOf } from '../core/ranking.ts';
import type { Id } from '../core/tally.ts';
import { groupsByCategory, wordsOf } from '../core/tally.ts';

export interface Outcomes {
  /** Objects to find. */
  readonly positives: number;
  /** Of the detections that count, descending. */
  readonly scores: Float64Array;
  /** 1 where an object was found. */
  readonly right: Uint8Array;
}

/** For every category of the tally; ignored detections are left out. */
export const outcomesOf = (result: Tallied, place: CurvePlace): ReadonlyMap<Id, Outcomes> => {
  const { t, area, limit } = placeOf(result, place);
  const { tally, params } = result;
  const words = wordsOf(params.thresholds.length);
  const areas = params.areas?.length ?? 1;
  const bit = 1 << (t & 31);
  const outcomes = new Map<Id, Outcomes>();
  for (const [category, places] of groupsByCategory(tally)) {
    const { positives, scores, rank, found, ignored } = rankingOf(places, areas, words);
    const lane = (area * words + (t >>> 5)) * scores.length;
    const counted = Array.from(scores.keys()).filter((i) => rank[i] < limit && (ignored[lane + i] & bit) === 0);
    outcomes.set(category, {
      positives: positives[area],
      scores: Float64Array.from(counted, (i) => scores[i]),
      right: Uint8Array.from(counted, (i) => Number((found[lane + i] & bit) !== 0)),
    });
  }
  return outcomes;
};
