/** The numbers of COCO, twelve for boxes and masks, ten for keypoints; the means they are, and the lines in which they are known. */
import type { CocoSums } from './accumulate.ts';
import type { CocoCategory } from './input.ts';
import type { CocoParams } from './params.ts';

export type BoxStat =
  | 'AP'
  | 'AP50'
  | 'AP75'
  | 'APsmall'
  | 'APmedium'
  | 'APlarge'
  | 'AR1'
  | 'AR10'
  | 'AR100'
  | 'ARsmall'
  | 'ARmedium'
  | 'ARlarge';
export type KeypointStat =
  | 'AP'
  | 'AP50'
  | 'AP75'
  | 'APmedium'
  | 'APlarge'
  | 'AR'
  | 'AR50'
  | 'AR75'
  | 'ARmedium'
  | 'ARlarge';

/** By how many images of LVIS's training set show a category: rare, common, frequent. */
export type Frequency = 'r' | 'c' | 'f';
export type LvisStat =
  | 'AP'
  | 'AP50'
  | 'AP75'
  | 'APsmall'
  | 'APmedium'
  | 'APlarge'
  | 'APr'
  | 'APc'
  | 'APf'
  | 'AR300'
  | 'ARsmall'
  | 'ARmedium'
  | 'ARlarge';

/** One of the numbers. */
export interface Stat<Name extends string = string> {
  /** As loggers and tables call it. */
  readonly name: Name;
  readonly kind: 'AP' | 'AR';
  readonly threshold?: number;
  readonly area: string;
  /** Place in the list of limits, or the last. */
  readonly limit: number | 'last';
  /** The limit that pycocotools asks for by its value (`compat`): -1 without it. */
  readonly fixed?: number;
  /** Over the categories of this frequency alone. */
  readonly frequency?: Frequency;
}

export const boxStats: readonly Stat<BoxStat>[] = [
  { name: 'AP', kind: 'AP', area: 'all', limit: 'last', fixed: 100 },
  { name: 'AP50', kind: 'AP', threshold: 0.5, area: 'all', limit: 'last' },
  { name: 'AP75', kind: 'AP', threshold: 0.75, area: 'all', limit: 'last' },
  { name: 'APsmall', kind: 'AP', area: 'small', limit: 'last' },
  { name: 'APmedium', kind: 'AP', area: 'medium', limit: 'last' },
  { name: 'APlarge', kind: 'AP', area: 'large', limit: 'last' },
  { name: 'AR1', kind: 'AR', area: 'all', limit: 0 },
  { name: 'AR10', kind: 'AR', area: 'all', limit: 1 },
  { name: 'AR100', kind: 'AR', area: 'all', limit: 2 },
  { name: 'ARsmall', kind: 'AR', area: 'small', limit: 'last' },
  { name: 'ARmedium', kind: 'AR', area: 'medium', limit: 'last' },
  { name: 'ARlarge', kind: 'AR', area: 'large', limit: 'last' },
];

export const keypointStats: readonly Stat<KeypointStat>[] = [
  { name: 'AP', kind: 'AP', area: 'all', limit: 'last', fixed: 20 },
  { name: 'AP50', kind: 'AP', threshold: 0.5, area: 'all', limit: 'last', fixed: 20 },
  { name: 'AP75', kind: 'AP', threshold: 0.75, area: 'all', limit: 'last', fixed: 20 },
  { name: 'APmedium', kind: 'AP', area: 'medium', limit: 'last', fixed: 20 },
  { name: 'APlarge', kind: 'AP', area: 'large', limit: 'last', fixed: 20 },
  { name: 'AR', kind: 'AR', area: 'all', limit: 'last', fixed: 20 },
  { name: 'AR50', kind: 'AR', threshold: 0.5, area: 'all', limit: 'last', fixed: 20 },
  { name: 'AR75', kind: 'AR', threshold: 0.75, area: 'all', limit: 'last', fixed: 20 },
  { name: 'ARmedium', kind: 'AR', area: 'medium', limit: 'last', fixed: 20 },
  { name: 'ARlarge', kind: 'AR', area: 'large', limit: 'last', fixed: 20 },
];

export const lvisStats: readonly Stat<LvisStat>[] = [
  { name: 'AP', kind: 'AP', area: 'all', limit: 'last', fixed: 300 },
  { name: 'AP50', kind: 'AP', threshold: 0.5, area: 'all', limit: 'last' },
  { name: 'AP75', kind: 'AP', threshold: 0.75, area: 'all', limit: 'last' },
  { name: 'APsmall', kind: 'AP', area: 'small', limit: 'last' },
  { name: 'APmedium', kind: 'AP', area: 'medium', limit: 'last' },
  { name: 'APlarge', kind: 'AP', area: 'large', limit: 'last' },
  { name: 'APr', kind: 'AP', area: 'all', limit: 'last', frequency: 'r' },
  { name: 'APc', kind: 'AP', area: 'all', limit: 'last', frequency: 'c' },
  { name: 'APf', kind: 'AP', area: 'all', limit: 'last', frequency: 'f' },
  { name: 'AR300', kind: 'AR', area: 'all', limit: 'last' },
  { name: 'ARsmall', kind: 'AR', area: 'small', limit: 'last' },
  { name: 'ARmedium', kind: 'AR', area: 'medium', limit: 'last' },
  { name: 'ARlarge', kind: 'AR', area: 'large', limit: 'last' },
];

type StatParams = Pick<CocoParams, 'thresholds' | 'recalls' | 'areas' | 'maxDets' | 'compat'>;

/** Which part of the sums a mean is taken of; what is left out is taken whole. */
interface Slice {
  readonly threshold?: number;
  readonly category?: number;
  readonly frequency?: Frequency | undefined;
  readonly area: number;
  readonly limit: number;
}

type RankedCategory = Pick<CocoCategory, 'frequency'>;

/** Mean over the entries that are not -1, or -1 when there is none. */
const meanOf = (
  kind: Stat['kind'],
  sums: CocoSums,
  params: StatParams,
  categories: readonly RankedCategory[],
  slice: Slice,
): number => {
  const [T, R, A, M] = [params.thresholds.length, params.recalls.length, params.areas.length, params.maxDets.length];
  const K = categories.length;
  const column = kind === 'AP' ? sums.precision : sums.recall;
  const points = kind === 'AP' ? R : 1;
  let sum = 0;
  let count = 0;
  for (let t = slice.threshold ?? 0; t < (slice.threshold === undefined ? T : slice.threshold + 1); t++) {
    for (let k = slice.category ?? 0; k < (slice.category === undefined ? K : slice.category + 1); k++) {
      const value = column[((t * K + k) * A + slice.area) * M + slice.limit];
      if (value <= -1 || (slice.frequency !== undefined && categories[k].frequency !== slice.frequency)) continue;
      sum += value;
      count += points;
    }
  }
  return count === 0 ? -1 : sum / count;
};

/** The limits for which pycocotools' numbers are defined: as many as the numbers ask for, the fixed one last. */
export const usualLimits =
  (stats: readonly Stat[]) =>
  (maxDets: readonly number[]): boolean => {
    const places = stats.map(({ limit }) => (typeof limit === 'number' ? limit : 0));
    const count = 1 + places.reduce((most, place) => Math.max(most, place), 0);
    const fixed = stats.find((stat) => stat.fixed !== undefined)?.fixed;
    return maxDets.length === count && maxDets.at(-1) === fixed;
  };

/** The place of a limit; -1 where the parameters lack it. */
const limitAt = ({ limit, fixed }: Stat, { maxDets, compat }: Pick<CocoParams, 'maxDets' | 'compat'>): number => {
  if (typeof limit === 'number') return limit < maxDets.length ? limit : -1;
  return fixed !== undefined && compat ? maxDets.indexOf(fixed) : maxDets.length - 1;
};

const near = (list: readonly number[], wanted: number): number =>
  list.findIndex((value) => Math.abs(value - wanted) < 1e-9);

const sliceOf = (stat: Stat, params: StatParams): Slice | undefined => {
  const area = params.areas.findIndex((range) => range.name === stat.area);
  const limit = limitAt(stat, params);
  if (area < 0 || limit < 0) return undefined;
  const { frequency } = stat;
  if (stat.threshold === undefined) return { area, limit, frequency };
  const threshold = near(params.thresholds, stat.threshold);
  return threshold < 0 ? undefined : { area, limit, threshold, frequency };
};

/** One of the means for one category or all; -1 when the parameters lack its threshold, area or limit. */
const statOf = (
  stat: Stat,
  sums: CocoSums,
  params: StatParams,
  categories: readonly RankedCategory[],
  category?: number,
): number => {
  const slice = sliceOf(stat, params);
  if (slice === undefined) return -1;
  return meanOf(stat.kind, sums, params, categories, category === undefined ? slice : { ...slice, category });
};

/** The numbers of a list, of one category or all. */
export const statsOf = (
  stats: readonly Stat[],
  sums: CocoSums,
  params: StatParams,
  categories: readonly RankedCategory[],
  category?: number,
): readonly number[] => stats.map((stat) => statOf(stat, sums, params, categories, category));

/** AP at each threshold over all categories, all areas, the largest limit. */
export const apByThreshold = (
  sums: CocoSums,
  params: StatParams,
  categories: readonly RankedCategory[],
): readonly number[] => {
  const area = params.areas.findIndex((range) => range.name === 'all');
  const limit = params.maxDets.length - 1;
  return params.thresholds.map((_, threshold) => meanOf('AP', sums, params, categories, { area, limit, threshold }));
};

/** The thirteen lines of LVIS's numbers, as `cocoSummary`. */
export const lvisLines = (
  values: readonly number[],
  params: Pick<CocoParams, 'thresholds' | 'maxDets' | 'compat'>,
): string => summaryLines(lvisStats, values, params);

const frequencies: Readonly<Record<Frequency, string>> = { r: 'rare', c: 'common', f: 'frequent' };
const titles = { AP: 'Average Precision', AR: 'Average Recall' };

export const summaryLines = (
  stats: readonly Stat[],
  values: readonly number[],
  { thresholds, maxDets, compat }: Pick<CocoParams, 'thresholds' | 'maxDets' | 'compat'>,
): string => {
  const range = `${thresholds[0].toFixed(2)}:${thresholds.at(-1)!.toFixed(2)}`;
  return stats
    .map((stat, i) => {
      const iou = stat.threshold === undefined ? range : stat.threshold.toFixed(2);
      const at = limitAt(stat, { maxDets, compat });
      const limit = at >= 0 ? maxDets[at] : (stat.fixed ?? '-');
      return ` ${titles[stat.kind].padEnd(18)} (${stat.kind}) @[ IoU=${iou.padEnd(9)} | area=${stat.area.padStart(6)} | maxDets=${String(limit).padStart(3)}${stat.frequency ? ` | ${frequencies[stat.frequency]}` : ''} ] = ${(values[i] ?? -1).toFixed(3)}`;
    })
    .join('\n');
};

/**
 * The twelve lines as pycocotools prints them, without a final newline.
 * @param params of the result; the thresholds and limits of COCO unless told.
 */
export const cocoSummary = (
  values: readonly number[],
  params: Pick<CocoParams, 'thresholds' | 'maxDets'> & Partial<Pick<CocoParams, 'compat'>> = {
    thresholds: [0.5, 0.95],
    maxDets: [1, 10, 100],
  },
): string => summaryLines(boxStats, values, { compat: false, ...params });
