/** The twelve numbers of COCO, the means they are, and the lines in which they are known. */
import type { CocoCurves } from './accumulate.ts';
import type { CocoParams } from './params.ts';

interface Stat {
  readonly kind: 'AP' | 'AR';
  readonly threshold?: number;
  readonly area: string;
  /** Place in the list of limits; -1 is the last. */
  readonly limit: number;
}

const stats: readonly Stat[] = [
  { kind: 'AP', area: 'all', limit: -1 },
  { kind: 'AP', threshold: 0.5, area: 'all', limit: -1 },
  { kind: 'AP', threshold: 0.75, area: 'all', limit: -1 },
  { kind: 'AP', area: 'small', limit: -1 },
  { kind: 'AP', area: 'medium', limit: -1 },
  { kind: 'AP', area: 'large', limit: -1 },
  { kind: 'AR', area: 'all', limit: 0 },
  { kind: 'AR', area: 'all', limit: 1 },
  { kind: 'AR', area: 'all', limit: 2 },
  { kind: 'AR', area: 'small', limit: -1 },
  { kind: 'AR', area: 'medium', limit: -1 },
  { kind: 'AR', area: 'large', limit: -1 },
];

/** Which part of the arrays a mean is taken of; what is left out is taken whole. */
export interface Slice {
  readonly threshold?: number;
  readonly category?: number;
  readonly area: number;
  readonly limit: number;
}

/** Mean over the entries that are not -1, or -1 when there is none. */
const meanOf = (kind: Stat['kind'], curves: CocoCurves, params: CocoParams, K: number, slice: Slice): number => {
  const [T, R, A, M] = [params.thresholds.length, params.recalls.length, params.areas.length, params.maxDets.length];
  const column = kind === 'AP' ? curves.precision : curves.recall;
  const points = kind === 'AP' ? R : 1;
  let sum = 0;
  let count = 0;
  for (let t = slice.threshold ?? 0; t < (slice.threshold === undefined ? T : slice.threshold + 1); t++) {
    for (let r = 0; r < points; r++) {
      for (let k = slice.category ?? 0; k < (slice.category === undefined ? K : slice.category + 1); k++) {
        const value = column[(((t * points + r) * K + k) * A + slice.area) * M + slice.limit]!;
        if (value <= -1) continue;
        sum += value;
        count++;
      }
    }
  }
  return count === 0 ? -1 : sum / count;
};

const sliceOf = (stat: Stat, params: CocoParams): Slice | undefined => {
  const area = params.areas.findIndex((range) => range.name === stat.area);
  const limit = stat.limit < 0 ? params.maxDets.length - 1 : stat.limit;
  if (area < 0 || limit >= params.maxDets.length) return undefined;
  if (stat.threshold === undefined) return { area, limit };
  const threshold = params.thresholds.indexOf(stat.threshold);
  return threshold < 0 ? undefined : { area, limit, threshold };
};

/** One of the means for one category or all; -1 when the parameters lack its threshold, area or limit. */
const statOf = (stat: Stat, curves: CocoCurves, params: CocoParams, K: number, category?: number): number => {
  const slice = sliceOf(stat, params);
  if (slice === undefined) return -1;
  return meanOf(stat.kind, curves, params, K, category === undefined ? slice : { ...slice, category });
};

/** AP, AP50, AP75, AP small, medium, large, AR with 1, 10, 100 detections, AR small, medium, large. */
export const statsOf = (curves: CocoCurves, params: CocoParams, K: number, category?: number): readonly number[] =>
  stats.map((stat) => statOf(stat, curves, params, K, category));

/** AP at each threshold over all categories, all areas, the largest limit. */
export const apByThreshold = (curves: CocoCurves, params: CocoParams, K: number): readonly number[] => {
  const area = Math.max(
    0,
    params.areas.findIndex((range) => range.name === 'all'),
  );
  const limit = params.maxDets.length - 1;
  return params.thresholds.map((_, threshold) => meanOf('AP', curves, params, K, { area, limit, threshold }));
};

const titles = { AP: 'Average Precision', AR: 'Average Recall' };

/**
 * The twelve lines as pycocotools prints them, without a final newline.
 * @param maxDets the three limits; 1, 10, 100 unless told.
 */
export const cocoSummary = (
  values: readonly number[],
  { thresholds, maxDets }: Pick<CocoParams, 'thresholds' | 'maxDets'> = {
    thresholds: [0.5, 0.95],
    maxDets: [1, 10, 100],
  },
): string => {
  const range = `${thresholds[0]!.toFixed(2)}:${thresholds.at(-1)!.toFixed(2)}`;
  return stats
    .map((stat, i) => {
      const iou = stat.threshold === undefined ? range : stat.threshold.toFixed(2);
      const limit = stat.limit < 0 ? maxDets.at(-1) : maxDets[stat.limit];
      return ` ${titles[stat.kind].padEnd(18)} (${stat.kind}) @[ IoU=${iou.padEnd(9)} | area=${stat.area.padStart(6)} | maxDets=${String(limit ?? '-').padStart(3)} ] = ${(values[i] ?? -1).toFixed(3)}`;
    })
    .join('\n');
};
