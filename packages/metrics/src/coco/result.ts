/** A result: the figures, the arrays when they are asked for, and what is needed to go on from them. */
import type { Id, Tally } from '../core/tally.ts';
import type { CocoCurves, CocoSums } from './accumulate.ts';
import { curvesOf, sumsOf } from './accumulate.ts';
import type { Counted } from './counts.ts';
import { countIds } from './counts.ts';
import type { CocoCategory } from './input.ts';
import type { CocoCounts, CocoNote } from './notes.ts';
import { notesOf } from './notes.ts';
import type { CocoParams } from './params.ts';
import { apByThreshold, boxStats, statsOf } from './summary.ts';

/** -1 where the category has nothing to find. */
export interface CocoCategoryResult {
  readonly id: number;
  readonly name: string;
  readonly AP: number;
  readonly AP50: number;
  readonly AP75: number;
  readonly APsmall: number;
  readonly APmedium: number;
  readonly APlarge: number;
  readonly AR1: number;
  readonly AR10: number;
  readonly AR100: number;
}

export interface CocoResult extends CocoCurves {
  /** COCO's twelve numbers in their order; -1 for one that has no value. */
  readonly stats: readonly number[];
  readonly perCategory: readonly CocoCategoryResult[];
  readonly perThreshold: readonly { readonly threshold: number; readonly AP: number }[];
  readonly params: CocoParams;
  readonly tally: Tally;
  /** What the input held that was left out, is taken otherwise elsewhere, or is easily meant otherwise. */
  readonly notes: readonly CocoNote[];
}

/** Images in which a category has more objects than detections are looked at. */
export const crowdedIn = ({ chunks }: Tally, { areas, maxDets }: Pick<CocoParams, 'areas' | 'maxDets'>): Counted => {
  const all = areas.findIndex((range) => range.name === 'all');
  const ids = new Set<Id>();
  for (const { groupImage, positives } of chunks) {
    for (let g = 0; g < groupImage.length; g++) {
      if (positives[g * areas.length + all]! > maxDets.at(-1)!) ids.add(groupImage[g]!);
    }
  }
  return countIds([...ids]);
};

/** The large arrays of a tally, made once and only when they are asked for. */
export const lazyCurves = (
  tally: Tally,
  categories: readonly CocoCategory[],
  params: CocoParams,
): (() => Pick<CocoCurves, 'precision' | 'scores'>) => {
  let made: Pick<CocoCurves, 'precision' | 'scores'> | undefined;
  return () => {
    made ??= curvesOf(
      tally,
      categories.map(({ id }) => id),
      params,
    );
    return made;
  };
};

/** Figures of the sums; the last part of an evaluation. */
export const resultOf = (
  tally: Tally,
  sums: CocoSums,
  categories: readonly CocoCategory[],
  params: CocoParams,
  counts: CocoCounts,
): CocoResult => {
  const K = categories.length;
  const ap = apByThreshold(sums, params, K);
  const curves = lazyCurves(tally, categories, params);
  return {
    stats: statsOf(boxStats, sums, params, K),
    perCategory: categories.map(({ id, name }, k) => {
      const [AP, AP50, AP75, APsmall, APmedium, APlarge, AR1, AR10, AR100] = statsOf(
        boxStats,
        sums,
        params,
        K,
        k,
      ) as number[];
      return {
        id,
        name: name ?? String(id),
        AP: AP!,
        AP50: AP50!,
        AP75: AP75!,
        APsmall: APsmall!,
        APmedium: APmedium!,
        APlarge: APlarge!,
        AR1: AR1!,
        AR10: AR10!,
        AR100: AR100!,
      };
    }),
    perThreshold: params.thresholds.map((threshold, t) => ({ threshold, AP: ap[t]! })),
    recall: sums.recall,
    get precision() {
      return curves().precision;
    },
    get scores() {
      return curves().scores;
    },
    params,
    tally,
    notes: notesOf(counts, { crowded: crowdedIn(tally, params), tied: sums.tied }, params),
  };
};

/** Sums and figures of a tally; the second half of an evaluation. */
export const finishCoco = (
  tally: Tally,
  categories: readonly CocoCategory[],
  params: CocoParams,
  counts: CocoCounts,
): CocoResult => {
  const ids = categories.map((category) => category.id);
  const [sums] = sumsOf(tally, ids, params);
  return resultOf(tally, sums!, categories, params, counts);
};
