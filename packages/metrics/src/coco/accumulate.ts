/**
 * From a tally to COCO's arrays (accumulate of pycocotools): precision at 101 recalls, the score there, and the recall
 * reached, for each threshold, category, area range and limit. -1 where a category has nothing to find.
 */
import type { Hits } from '../core/hits.ts';
import { hitsVisitor } from '../core/hits.ts';
import type { Bits } from '../core/ranking.ts';
import { rankingOf, ranksOf } from '../core/ranking.ts';
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
export const refuseTooMany = (params: CocoParams, K: number): void => {
  const { thresholds, recalls, areas, maxDets } = params;
  const [T, R, A, M] = [thresholds.length, recalls.length, areas.length, maxDets.length];
  const cells = T * R * K * A * M;
  if (cells <= mostCells) return;
  throw new CocoInputError(
    `${K} categories, ${T} thresholds, ${R} recalls, ${A} areas and ${M} limits make ${cells} precisions, more than ${mostCells}; evaluate with fewer of them.`,
  );
};

const emptyCurves = ({ thresholds, recalls, areas, maxDets }: CocoParams, K: number): CocoCurves => {
  const cells = thresholds.length * K * areas.length * maxDets.length;
  return {
    precision: new Float64Array(cells * recalls.length).fill(-1),
    scores: new Float64Array(cells * recalls.length).fill(-1),
    recall: new Float64Array(cells).fill(-1),
  };
};

/** Writes the hits of one threshold, category, area range and limit into the arrays. */
type Write = (hits: Hits, t: number, k: number, a: number, m: number) => void;

const writerOf = (curves: CocoCurves, { recalls, areas, maxDets }: CocoParams, K: number) => {
  const [R, A, M] = [recalls.length, areas.length, maxDets.length];
  const { precision, scores, recall } = curves;
  let envelope = new Float64Array(0);
  return (positives: number, needed: Uint32Array, best: readonly number[]): Write =>
    (hits, t, k, a, m) => {
      const { count, counted } = hits;
      recall[((t * K + k) * A + a) * M + m] = count / positives;
      if (envelope.length < count) envelope = new Float64Array(2 * count);
      let highest = 0;
      for (let c = count - 1; c >= 0; c--) {
        const value = (c + 1) / (counted[c]! + spacing);
        if (value > highest) highest = value;
        envelope[c] = highest;
      }
      for (let r = 0; r < R; r++) {
        const c = needed[r]!;
        const to = (((t * R + r) * K + k) * A + a) * M + m;
        const reached = c <= count;
        // Recall 0 is reached by the first detection, whatever it is.
        precision[to] = !reached || count === 0 ? 0 : envelope[Math.max(c, 1) - 1]!;
        scores[to] = !reached ? 0 : c === 0 ? best[m]! : hits.scores[c - 1]!;
      }
    };
};

/**
 * The arrays of a tally; with `chunks` those of each chunk, which all have the boxes of the tally and the bits of an
 * overlap of their own.
 * @throws CocoInputError when the arrays would be larger than memory allows.
 */
export const accumulate = (
  tally: Tally,
  categories: readonly number[],
  params: CocoParams,
  chunks: readonly (Bits | undefined)[] = [undefined],
): readonly CocoCurves[] => {
  const { thresholds, recalls, areas, maxDets } = params;
  const K = categories.length;
  refuseTooMany(params, K);
  const words = wordsOf(thresholds.length);
  const visitHits = hitsVisitor(maxDets, thresholds.length);
  const runs = chunks.map((bits) => {
    const curves = emptyCurves(params, K);
    return { bits, curves, writer: writerOf(curves, params, K) };
  });
  const groups = groupsByCategory(tally);

  categories.forEach((category, k) => {
    const places = groups.get(category);
    if (places === undefined) return;
    const ranks = ranksOf(places);
    // Each image has a best detection, which any limit but 0 lets in.
    const best = maxDets.map((limit) => (limit > 0 ? (ranks.scores[0] ?? 0) : 0));
    let needed: readonly Uint32Array[] | undefined;
    for (const { bits, writer } of runs) {
      const ranking = rankingOf(places, areas.length, words, ranks, bits);
      needed ??= areas.map((_, a) => hitsNeeded(recalls, ranking.positives[a]!));
      for (let a = 0; a < areas.length; a++) {
        const positives = ranking.positives[a]!;
        if (positives === 0) continue;
        const write = writer(positives, needed[a]!, best);
        visitHits(ranking, a, (m, t, hits) => write(hits, t, k, a, m));
      }
    }
  });
  return runs.map((run) => run.curves);
};
