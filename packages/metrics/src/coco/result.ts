/** A result: the figures, the arrays when they are asked for, and what is needed to go on from them. */
import type { Id, Tally } from '../core/tally.ts';
import type { CocoCurves, CocoSums } from './accumulate.ts';
import { curvesOf } from './accumulate.ts';
import type { Counted } from './counts.ts';
import { countIds } from './counts.ts';
import type { CocoCategory } from './input.ts';
import type { CocoCounts, CocoNote } from './notes.ts';
import { notesOf } from './notes.ts';
import type { CocoParams } from './params.ts';
import type { BoxStat, Stat } from './summary.ts';
import { apByThreshold, boxStats, statsOf, usualLimits } from './summary.ts';

/** The numbers of one category by their names; -1 where there is nothing to find. */
export type NamedStats<Name extends string> = { readonly [N in Name]: number };
export type CategoryResult<Name extends string> = { readonly id: number; readonly name: string } & NamedStats<Name>;
export type CocoCategoryResult = CategoryResult<BoxStat>;

/** What every kind of COCO evaluation gives: boxes, masks, keypoints. */
export interface CocoFigures<Name extends string> extends CocoCurves {
  /** COCO's numbers in their order; -1 for one that has no value. */
  readonly stats: readonly number[];
  /** What the numbers of `stats` are called. */
  readonly names: readonly Name[];
  readonly perCategory: readonly CategoryResult<Name>[];
  readonly perThreshold: readonly { readonly threshold: number; readonly AP: number }[];
  readonly params: CocoParams;
  readonly tally: Tally;
  /** What the input held that was left out, is taken otherwise elsewhere, or is easily meant otherwise. */
  readonly notes: readonly CocoNote[];
}

/** The twelve numbers of boxes or masks. */
export type CocoResult = CocoFigures<BoxStat>;

/** A result of any kind, by what all have. */
export interface AnyFigures extends Omit<CocoFigures<'AP' | 'AP50' | 'AP75'>, 'names'> {
  readonly names: readonly string[];
}

/** Images in which a category has more objects than detections are looked at. */
export const crowdedIn = ({ chunks }: Tally, { areas, maxDets }: Pick<CocoParams, 'areas' | 'maxDets'>): Counted => {
  const all = areas.findIndex((range) => range.name === 'all');
  const ids = new Set<Id>();
  for (const { groupImage, positives } of chunks) {
    for (let g = 0; g < groupImage.length; g++) {
      if (positives[g * areas.length + all] > maxDets.at(-1)!) ids.add(groupImage[g]);
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
export const figuresOf = <Name extends string>(
  list: readonly Stat<Name>[],
  tally: Tally,
  sums: CocoSums,
  categories: readonly CocoCategory[],
  params: CocoParams,
  counts: CocoCounts,
): CocoFigures<Name> => {
  const ap = apByThreshold(sums, params, categories);
  const curves = lazyCurves(tally, categories, params);
  return {
    stats: statsOf(list, sums, params, categories),
    names: list.map(({ name }) => name),
    perCategory: categories.map(({ id, name }, k) => {
      const values = statsOf(list, sums, params, categories, k);
      const named = Object.fromEntries(list.map((stat, i) => [stat.name, values[i]])) as NamedStats<Name>;
      return { id, name: name ?? String(id), ...named };
    }),
    perThreshold: params.thresholds.map((threshold, t) => ({ threshold, AP: ap[t] })),
    recall: sums.recall,
    get precision() {
      return curves().precision;
    },
    get scores() {
      return curves().scores;
    },
    params,
    tally,
    notes: notesOf(counts, { crowded: crowdedIn(tally, params), tied: sums.tied }, params, usualLimits(list)),
  };
};

/** The twelve numbers of boxes or masks. */
export const resultOf = (
  tally: Tally,
  sums: CocoSums,
  categories: readonly CocoCategory[],
  params: CocoParams,
  counts: CocoCounts,
): CocoResult => figuresOf(boxStats, tally, sums, categories, params, counts);
