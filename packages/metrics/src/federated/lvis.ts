/**
 * The evaluation of LVIS (lvis-api 0.5.3): COCO's, but that of each image the 300 best detections are looked at, that
 * categories which an image was not labelled for are left out there, and that AP is also told by how rare a category is.
 */
import { OptionError } from '../check/options.ts';
import type { Accumulator } from '../coco/accumulator.ts';
import { accumulatorOf } from '../coco/accumulator.ts';
import { requireRows } from '../coco/check.ts';
import type { LabelledImage } from '../coco/federation.ts';
import type { CocoAnnotation, CocoCategory, CocoDetection } from '../coco/input.ts';
import type { Finish, Instances } from '../coco/kind.ts';
import { boxKind, evaluateKind } from '../coco/kind.ts';
import type { CocoOptions, CocoParams } from '../coco/params.ts';
import { cocoParams } from '../coco/params.ts';
import type { CocoFigures } from '../coco/result.ts';
import { figuresOf } from '../coco/result.ts';
import type { LvisStat } from '../coco/summary.ts';
import { lvisLines, lvisStats } from '../coco/summary.ts';
import type { SegmAnnotation, SegmDetection } from '../segm/evaluate.ts';
import { segmKind } from '../segm/evaluate.ts';

/** Thirteen numbers in `stats`. */
export type LvisResult = CocoFigures<LvisStat>;
export type LvisOptions = Omit<CocoOptions, 'maxDets'>;

export interface LvisInstances extends Instances<CocoAnnotation> {
  readonly images: readonly LabelledImage[];
}
export interface LvisSegmInstances extends Instances<SegmAnnotation> {
  readonly images: readonly LabelledImage[];
}

const finish: Finish<LvisResult> = (...sums) => figuresOf(lvisStats, ...sums);

const paramsOf = (options: LvisOptions | undefined): CocoParams => {
  if ((options as CocoOptions | undefined)?.maxDets !== undefined) {
    throw new OptionError('maxDets', 'maxDets: LVIS looks at the 300 best detections of an image; leave it out.');
  }
  return cocoParams(options, { maxDets: [300], federation: 'lvis' });
};

const isFrequency = (value: unknown): boolean => value === 'r' || value === 'c' || value === 'f';
const requireFrequencies = (categories: unknown): void =>
  requireRows(categories, 'categories', { frequency: { holds: isFrequency, text: "'r', 'c' or 'f'" } });

/**
 * Boxes by LVIS's rules. Images say what they are labelled for (`neg_category_ids`, `not_exhaustive_category_ids`),
 * categories how rare they are (`frequency`).
 * @throws CocoInputError naming the row that does not say so, and as `evaluateCoco`; OptionError.
 */
export const evaluateLvis = (
  groundTruth: LvisInstances,
  detections: readonly CocoDetection[],
  options: LvisOptions = {},
): LvisResult => {
  const params = paramsOf(options);
  requireFrequencies(groundTruth?.categories);
  return evaluateKind(boxKind, finish, params, groundTruth, detections);
};

/** Masks by LVIS's rules, as `evaluateLvis`. */
export const evaluateLvisSegm = (
  groundTruth: LvisSegmInstances,
  detections: readonly SegmDetection[],
  options: LvisOptions = {},
): LvisResult => {
  const params = paramsOf(options);
  requireFrequencies(groundTruth?.categories);
  return evaluateKind(segmKind, finish, params, groundTruth, detections);
};

/** As `cocoAccumulator`, by LVIS's rules; an image is given as its row. */
export const lvisAccumulator = (
  categories: readonly CocoCategory[],
  options: Omit<LvisOptions, 'imgIds'> = {},
): Accumulator<CocoAnnotation, CocoDetection, LvisResult> => {
  const params = paramsOf(options);
  requireFrequencies(categories);
  return accumulatorOf(boxKind, finish, params, categories);
};

/** As `lvisAccumulator`, of masks. */
export const lvisSegmAccumulator = (
  categories: readonly CocoCategory[],
  options: Omit<LvisOptions, 'imgIds'> = {},
): Accumulator<SegmAnnotation, SegmDetection, LvisResult> => {
  const params = paramsOf(options);
  requireFrequencies(categories);
  return accumulatorOf(segmKind, finish, params, categories);
};

/** The thirteen lines, without a final newline. */
export const lvisSummary = ({ stats, params }: Pick<LvisResult, 'stats' | 'params'>): string =>
  lvisLines(stats, params);
