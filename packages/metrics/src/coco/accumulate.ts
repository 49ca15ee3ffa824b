/**
 * From a tally to COCO's arrays (accumulate of pycocotools): precision at 101 recalls, the score there, and the recall
 * reached, for each threshold, category, area range and limit. -1 where a category has nothing to find.
 */
import { visitHits } from '../core/hits.ts';
import { rankingOf } from '../core/ranking.ts';
import type { Tally } from '../core/tally.ts';
import { groupsByCategory, wordsOf } from '../core/tally.ts';
import { CocoInputError } from './input.ts';
import type { CocoParams } from './params.ts';

export interface CocoCurves {
  /** `[threshold, recall, category, area, limit]` */
  readonly precision: Float64Array;
  /** As `precision`: the score of the detection at which the recall is reached. */
  readonly scores: Float64Array;
  /** `[threshold, category, area, limit]` */
  readonly recall: Float64Array;
}

/** numpy's spacing(1), which keeps 0 / 0 away and makes one hit of one detection 0.9999999999999998. */
const spacing = 2 ** -52;

/** For each recall how many found objects reach it: the least c with c / positives >= recall. */
const hitsNeeded = (recalls: readonly number[], positives: number): Uint32Array =>
  Uint32Array.from(recalls, (recall) => {
    let c = Math.max(0, Math.floor(recall * positives) - 1);
    while (c / positives < recall) c++;
    return c;
  });

/** 1 GB a column; 10,000 categories with all else as in COCO stay below. */
const mostCells = 2 ** 27;

/** @throws CocoInputError when the arrays would be larger than memory allows. */
export const accumulate = (tally: Tally, categories: readonly number[], params: CocoParams): CocoCurves => {
  const { thresholds, recalls, areas, maxDets } = params;
  const [T, R, K, A, M] = [thresholds.length, recalls.length, categories.length, areas.length, maxDets.length];
  const cells = T * R * K * A * M;
  if (cells > mostCells) {
    throw new CocoInputError(
      `${K} categories, ${T} thresholds, ${R} recalls, ${A} areas and ${M} limits make ${cells} precisions, more than ${mostCells}; evaluate with fewer of them.`,
    );
  }
  const precision = new Float64Array(cells).fill(-1);
  const scores = new Float64Array(cells).fill(-1);
  const recall = new Float64Array(T * K * A * M).fill(-1);
  const groups = groupsByCategory(tally);
  let envelope = new Float64Array(0);

  categories.forEach((category, k) => {
    const ranking = rankingOf(groups.get(category) ?? [], A, wordsOf(T));
    for (let a = 0; a < A; a++) {
      const positives = ranking.positives[a]!;
      if (positives === 0) continue;
      const needed = hitsNeeded(recalls, positives);
      for (let m = 0; m < M; m++) {
        visitHits(ranking, a, maxDets[m]!, T, (t, hits) => {
          recall[((t * K + k) * A + a) * M + m] = hits.count / positives;
          if (envelope.length < hits.count) envelope = new Float64Array(2 * hits.count);
          let best = 0;
          for (let c = hits.count - 1; c >= 0; c--) {
            best = Math.max(best, (c + 1) / (hits.counted[c]! + spacing));
            envelope[c] = best;
          }
          for (let r = 0; r < R; r++) {
            const c = needed[r]!;
            const to = (((t * R + r) * K + k) * A + a) * M + m;
            const reached = c <= hits.count;
            // Recall 0 is reached by the first detection, whatever it is.
            precision[to] = !reached || hits.count === 0 ? 0 : envelope[Math.max(c, 1) - 1]!;
            scores[to] = !reached || hits.detections === 0 ? 0 : c === 0 ? ranking.scores[0]! : hits.scores[c - 1]!;
          }
        });
      }
    }
  });
  return { precision, scores, recall };
};
