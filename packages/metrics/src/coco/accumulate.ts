/**
 * From a tally to COCO's numbers (accumulate of pycocotools): precision at 101 recalls, the score there, and the recall
 * reached, for each threshold, category, area range and limit. -1 where a category has nothing to find. The means need
 * only sums over the recalls, so the large arrays are made when they are asked for.
 */
import type { Hits } from '../core/hits.ts';
import { hitsVisitor } from '../core/hits.ts';
import type { Bits, Ranking } from '../core/ranking.ts';
import { rankingOf, ranksOf } from '../core/ranking.ts';
import type { Id, Tally } from '../core/tally.ts';
import { groupsByCategory, wordsOf } from '../core/tally.ts';
import { CocoInputError } from './input.ts';
import type { CocoParams } from './params.ts';

export type AccumulateParams = Pick<CocoParams, 'thresholds' | 'recalls' | 'areas' | 'maxDets'>;

export interface CocoCurves {
  /** `[threshold, recall, category, area, limit]` */
  readonly precision: Float64Array;
  /** As `precision`: the score of the detection at which the recall is reached. */
  readonly scores: Float64Array;
  /** `[threshold, category, area, limit]` */
  readonly recall: Float64Array;
}

export interface CocoSums {
  /** `[threshold, category, area, limit]`: sum of precision over the recalls, -1 where there is nothing to find. */
  readonly precision: Float64Array;
  readonly recall: Float64Array;
  /** Detections whose order among equal scores decides what is right. */
  readonly tied: number;
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

/** 1 GB a column of the arrays, 128 MB one of the sums. */
const mostCells = { arrays: 2 ** 27, sums: 2 ** 24 };

const refuseTooMany = (what: keyof typeof mostCells, cells: number, params: AccumulateParams, K: number): void => {
  if (cells <= mostCells[what]) return;
  const { thresholds, recalls, areas, maxDets } = params;
  const [T, R, A, M] = [thresholds.length, recalls.length, areas.length, maxDets.length];
  throw new CocoInputError(
    `${K} categories, ${T} thresholds, ${R} recalls, ${A} areas and ${M} limits make ${cells} numbers, more than ${mostCells[what]}; evaluate with fewer of them.`,
  );
};

/** Cells of `[threshold, category, area, limit]`. */
const cellsOf = ({ thresholds, areas, maxDets }: AccumulateParams, K: number): number =>
  thresholds.length * K * areas.length * maxDets.length;

/** @throws CocoInputError when even the sums of so many categories are larger than memory allows. */
export const refuseTooManyCategories = (params: AccumulateParams, K: number): void =>
  refuseTooMany('sums', cellsOf(params, K), params, K);

/** Highest precision at the c-th found object or beyond; valid until the next call. */
const envelopeMaker = (): ((hits: Hits) => Float64Array) => {
  let envelope = new Float64Array(0);
  return ({ count, counted }) => {
    if (envelope.length < count) envelope = new Float64Array(2 * count);
    let highest = 0;
    for (let c = count - 1; c >= 0; c--) {
      const value = (c + 1) / (counted[c] + spacing);
      if (value > highest) highest = value;
      envelope[c] = highest;
    }
    return envelope;
  };
};

/** Members of runs of equal scores that do not fare alike, in all areas together (the first range). */
const tiedIn = ({ scores, found, ignored }: Ranking, words: number): number => {
  const n = scores.length;
  let tied = 0;
  for (let from = 0; from < n; ) {
    let to = from + 1;
    let alike = true;
    for (; to < n && scores[to] === scores[from]; to++) {
      for (let w = 0; w < words && alike; w++) {
        alike = found[w * n + to] === found[w * n + from] && ignored[w * n + to] === ignored[w * n + from];
      }
    }
    if (!alike) tied += to - from;
    from = to;
  }
  return tied;
};

/** What is known of one curve: how many found objects each recall needs, and the best score by limit. */
interface Place {
  readonly run: number;
  /** `[threshold, category, area, limit]` */
  readonly cell: number;
  readonly t: number;
  readonly positives: number;
  readonly needed: Uint32Array;
  readonly best: number;
}

/** Visits every curve of every category that has something to find; `ranked` is called once a category and run. */
const visitCurves = (
  tally: Tally,
  categories: readonly Id[],
  params: AccumulateParams,
  runs: readonly (Bits | undefined)[],
  visit: (hits: Hits, place: Place) => void,
  ranked: (ranking: Ranking, run: number) => void = () => undefined,
): void => {
  const { thresholds, recalls, areas, maxDets } = params;
  const [K, A, M] = [categories.length, areas.length, maxDets.length];
  const words = wordsOf(thresholds.length);
  const visitHits = hitsVisitor(maxDets, thresholds.length);
  const groups = groupsByCategory(tally);
  categories.forEach((category, k) => {
    const places = groups.get(category);
    if (places === undefined) return;
    const ranks = ranksOf(places);
    const best = ranks.scores[0] ?? 0;
    let needed: readonly Uint32Array[] | undefined;
    runs.forEach((bits, run) => {
      const ranking = rankingOf(places, A, words, ranks, bits);
      ranked(ranking, run);
      needed ??= areas.map((_, a) => hitsNeeded(recalls, ranking.positives[a]));
      for (let a = 0; a < A; a++) {
        const positives = ranking.positives[a];
        if (positives === 0) continue;
        const place = { run, positives, needed: needed[a], best };
        visitHits(ranking, a, (m, t, hits) => visit(hits, { ...place, t, cell: ((t * K + k) * A + a) * M + m }));
      }
    });
  });
};

/**
 * The sums of a tally; with `chunks` those of each chunk, which all have the boxes of the tally and the bits of an
 * overlap of their own.
 */
export const sumsOf = (
  tally: Tally,
  categories: readonly Id[],
  params: AccumulateParams,
  chunks: readonly (Bits | undefined)[] = [undefined],
): readonly CocoSums[] => {
  const cells = cellsOf(params, categories.length);
  refuseTooManyCategories(params, categories.length);
  const words = wordsOf(params.thresholds.length);
  const column = (): Float64Array => new Float64Array(cells).fill(-1);
  const runs = chunks.map(() => ({ precision: column(), recall: column(), tied: 0 }));
  const envelopeOf = envelopeMaker();
  visitCurves(
    tally,
    categories,
    params,
    chunks,
    (hits, { run, cell, positives, needed }) => {
      const { count } = hits;
      const envelope = envelopeOf(hits);
      let sum = 0;
      if (count > 0) {
        for (let r = 0; r < needed.length; r++) if (needed[r] <= count) sum += envelope[Math.max(needed[r], 1) - 1];
      }
      runs[run].precision[cell] = sum;
      runs[run].recall[cell] = count / positives;
    },
    (ranking, run) => {
      runs[run].tied += tiedIn(ranking, words);
    },
  );
  return runs;
};

/**
 * The whole arrays of a tally.
 * @throws CocoInputError when they would be larger than memory allows.
 */
export const curvesOf = (
  tally: Tally,
  categories: readonly Id[],
  params: AccumulateParams,
): Pick<CocoCurves, 'precision' | 'scores'> => {
  const [K, R] = [categories.length, params.recalls.length];
  const cells = cellsOf(params, K);
  refuseTooMany('arrays', cells * R, params, K);
  const stride = K * params.areas.length * params.maxDets.length;
  const precision = new Float64Array(cells * R).fill(-1);
  const scores = new Float64Array(cells * R).fill(-1);
  const envelopeOf = envelopeMaker();
  visitCurves(tally, categories, params, [undefined], (hits, { cell, t, needed, best }) => {
    const { count } = hits;
    const envelope = envelopeOf(hits);
    const within = cell - t * stride;
    for (let r = 0; r < R; r++) {
      const c = needed[r];
      const to = (t * R + r) * stride + within;
      const reached = c <= count;
      // Recall 0 is reached by the first detection, whatever it is.
      precision[to] = !reached || count === 0 ? 0 : envelope[Math.max(c, 1) - 1];
      scores[to] = !reached ? 0 : c === 0 ? best : hits.scores[c - 1];
    }
  });
  return { precision, scores };
};
