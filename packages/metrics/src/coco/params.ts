/** Thresholds, areas, limits and subsets of a COCO evaluation; the defaults are those of pycocotools, to the bit. */
import type { BoxOverlap, NamedOverlap } from '../box/named.ts';
import { offsetOverlap, overlapNames } from '../box/named.ts';
import type { Overlap, OverlapRule } from '../box/overlap.ts';
import type { OptionRules } from '../check/options.ts';
import {
  above,
  checkOptions,
  flagRule,
  functionOr,
  isLimit,
  listOf,
  OptionError,
  rule,
  within,
} from '../check/options.ts';
import { isWhole } from '../check/rows.ts';
import { shown } from '../check/words.ts';
import type { Id } from '../core/tally.ts';

export interface AreaRange {
  readonly name: string;
  /** Closed at both ends: an object of exactly 32² pixels is small and medium. */
  readonly low: number;
  readonly high: number;
}

/** By name, or a function of two boxes `x1 y1 x2 y2`. */
export type CocoOverlap = NamedOverlap | BoxOverlap;

export interface CocoParams {
  readonly overlap: CocoOverlap;
  readonly thresholds: readonly number[];
  readonly recalls: readonly number[];
  readonly areas: readonly AreaRange[];
  /** Ascending limits of detections an image and category. */
  readonly maxDets: readonly number[];
  /** pycocotools and its GIoU fork to the bit, defects included. */
  readonly compat: boolean;
  /** Leave out annotations with `"ignore": 1` as crowds are left out. pycocotools does not. */
  readonly ignoreKey: boolean;
  /** `false`: all categories are one, and the means are over detections (micro), not over categories. */
  readonly useCats: boolean;
  /** Only these images; all when left out. */
  readonly imgIds?: readonly Id[] | undefined;
  /** Only these categories; all when left out. */
  readonly catIds?: readonly number[] | undefined;
  /** Whose rules for what was not labelled; COCO, which has none, when left out. */
  readonly federation?: Federation | undefined;
}

/** Data sets whose images are labelled for some categories only. */
export type Federation = 'lvis' | 'open-images';

export type CocoOptions = Partial<Omit<CocoParams, 'federation'>>;

/** As numpy's linspace, whose steps are products: the ninth is 0.8999999999999999. */
export const linspace = (start: number, stop: number, count: number): readonly number[] => {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? stop : i * step + start));
};

export const cocoThresholds: readonly number[] = /* @__PURE__ */ linspace(0.5, 0.95, 10);
export const cocoRecalls: readonly number[] = /* @__PURE__ */ linspace(0, 1, 101);
export const cocoAreas: readonly AreaRange[] = [
  { name: 'all', low: 0, high: 1e10 },
  { name: 'small', low: 0, high: 32 ** 2 },
  { name: 'medium', low: 32 ** 2, high: 96 ** 2 },
  { name: 'large', low: 96 ** 2, high: 1e10 },
];

const isArea = (value: unknown): boolean => {
  const { name, low, high } = (value ?? {}) as Partial<AreaRange>;
  return (
    typeof name === 'string' && name !== '' && within(0, Number.POSITIVE_INFINITY)(low) && (high as number) >= low!
  );
};
const isAreas = (value: unknown): boolean => {
  if (!Array.isArray(value) || !value.every(isArea)) return false;
  const names = new Set(value.map((range: AreaRange) => range.name));
  return names.has('all') && names.size === value.length;
};
/** The bits of a threshold are counted in 32-bit words, one lane each; more would be a mistake. */
const most = 1000;
const isThresholds = (value: unknown): boolean =>
  listOf(above(-1, 1), '').holds(value) && (value as readonly number[]).length <= most;

export const cocoRules: OptionRules<Omit<CocoParams, 'federation'>> = /* @__PURE__ */ (() => ({
  overlap: functionOr(...overlapNames),
  thresholds: rule(isThresholds, 'a list of IoU thresholds above 0 and at most 1, such as [0.5, 0.75]'),
  recalls: listOf(within(0, 1), 'a list of recalls from 0 to 1'),
  areas: rule(
    isAreas,
    "a list of { name, low, high } with names of their own, 0 <= low <= high, one of them named 'all'",
  ),
  maxDets: listOf(isLimit, 'a list of whole numbers of at least 1, such as [1, 10, 100]'),
  compat: flagRule,
  ignoreKey: flagRule,
  useCats: flagRule,
  imgIds: listOf((value) => isWhole(value) || typeof value === 'string', "a list of the images' ids"),
  catIds: listOf(isWhole, "a list of the categories' ids"),
}))();

/** What pycocotools, torchmetrics and others call these options. */
export const cocoAliases: Readonly<Record<string, string>> = {
  iouThrs: 'thresholds',
  iouThresholds: 'thresholds',
  iou_thresholds: 'thresholds',
  threshold: 'thresholds',
  recThrs: 'recalls',
  rec_thresholds: 'recalls',
  areaRng: 'areas',
  areaRngLbl: 'areas',
  maxDetections: 'maxDets',
  max_dets: 'maxDets',
  max_detection_thresholds: 'maxDets',
  metric: 'overlap',
  classAgnostic: 'useCats: false',
  images: 'imgIds',
  categories: 'catIds',
};

/** IoU never is 0 or below for boxes that touch; the others start at -1, and an overlap of one's own where it likes. */
const checkThresholds = ({ overlap, thresholds }: CocoParams): void => {
  const low = overlap === 'iou' ? 0 : -1;
  for (const threshold of thresholds) {
    if (threshold > low) continue;
    const range = overlap === 'iou' ? 'above 0 and at most 1' : 'above -1 and at most 1';
    throw new OptionError('thresholds', `thresholds: found ${shown(threshold)}, expected thresholds ${range}.`);
  }
};

/**
 * The options with what was left out filled in.
 * @param defaults of an evaluation that has others than boxes have.
 * @throws OptionError
 */
export const cocoParams = (options: CocoOptions = {}, defaults: Partial<CocoParams> = {}): CocoParams => {
  checkOptions(options, cocoRules, cocoAliases);
  const params: CocoParams = {
    overlap: options.overlap ?? 'iou',
    thresholds: Array.from(options.thresholds ?? cocoThresholds),
    recalls: Array.from(options.recalls ?? cocoRecalls),
    areas: options.areas ?? defaults.areas ?? cocoAreas,
    maxDets: Array.from(options.maxDets ?? defaults.maxDets ?? [1, 10, 100]).sort((a, b) => a - b),
    compat: options.compat ?? false,
    ignoreKey: options.ignoreKey ?? false,
    useCats: options.useCats ?? true,
    ...(options.imgIds && { imgIds: options.imgIds }),
    ...(options.catIds && { catIds: options.catIds }),
    ...(defaults.federation && { federation: defaults.federation }),
  };
  checkThresholds(params);
  return params;
};

/** How detections are measured against objects: by boxes, or by what a subpath knows besides (masks, keypoints). */
export interface Measure {
  readonly overlap: Overlap;
  /** Boxes that do not touch have at most 0, so that it need not be computed. */
  readonly touching: boolean;
}

export const measureOf = ({ overlap, compat }: Pick<CocoParams, 'overlap' | 'compat'>): Measure => ({
  overlap: offsetOverlap(overlap),
  touching: !compat && typeof overlap === 'string',
});

export const ruleOf = (params: Pick<CocoParams, 'compat'>): OverlapRule => ({
  pixel: 0,
  penalty: 'signed',
  compat: params.compat,
});
