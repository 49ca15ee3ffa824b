/** The COCO evaluation of bounding boxes (cocoeval.py), matching by IoU, GIoU or any other overlap. */
import { OptionError } from '../check/options.ts';
import { shown } from '../check/words.ts';
import { tallyOf } from '../core/tally.ts';
import { sumsOf } from './accumulate.ts';
import type { CocoIndex } from './index-of.ts';
import type { CocoDetection, CocoInstances } from './input.ts';
import type { LoadParams } from './kind.ts';
import { boxTables, indexFor, plainLists } from './kind.ts';
import { countsOf } from './notes.ts';
import type { CocoOptions, CocoOverlap, CocoParams } from './params.ts';
import { cocoParams } from './params.ts';
import type { CocoResult } from './result.ts';
import { resultOf } from './result.ts';
import { cocoStage } from './stage.ts';
import type { DetectionTable, TruthTable } from './tables.ts';
import { cocoTally } from './tally.ts';

export interface Loaded {
  readonly index: CocoIndex;
  readonly truth: TruthTable;
  readonly found: DetectionTable;
}

/** Every row looked at, and in columns. */
export const loadCoco = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  params: LoadParams,
): Loaded => {
  const index = indexFor(groundTruth, params);
  const { images, annotations } = groundTruth;
  return { index, ...boxTables({ images, annotations, detections, lists: plainLists }, index, params) };
};

/** The parameters of each overlap. */
export const paramsOfEach = (
  overlaps: readonly CocoOverlap[],
  options: Omit<CocoOptions, 'overlap'>,
): readonly CocoParams[] => {
  if (!Array.isArray(overlaps))
    throw new OptionError('overlaps', `overlaps: found ${shown(overlaps)}, expected a list.`);
  return overlaps.map((overlap) => cocoParams({ ...options, overlap }));
};

/**
 * One result an overlap, in their order: the same bits as `evaluateCoco` by each, for less than the sum of their times,
 * because all that no overlap decides is done once.
 * @throws CocoInputError, OptionError as `evaluateCoco`.
 */
export const evaluateCocoEach = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  overlaps: readonly CocoOverlap[],
  options: Omit<CocoOptions, 'overlap'> = {},
): readonly CocoResult[] => {
  const each = paramsOfEach(overlaps, options);
  const shared = each[0] ?? cocoParams(options);
  const { index, truth, found } = loadCoco(groundTruth, detections, shared);
  const stage = cocoStage(truth, found, index, shared);
  const chunks = each.map((params) => cocoTally(stage, params));
  if (chunks[0] === undefined) return [];
  const ids = index.categories.map((category) => category.id);
  const sums = sumsOf(tallyOf(chunks[0]), ids, shared, chunks);
  return each.map((params, i) => {
    const counts = countsOf(groundTruth.images, index, truth, found, params);
    return resultOf(tallyOf(chunks[i]), sums[i], index.categories, params, counts);
  });
};

/**
 * Scores detections against ground truth as COCO does: the contents of an instances file and of a results file, as
 * `JSON.parse` gives them.
 *
 * By default the defects of the original are corrected (`notes` names those that this input meets); `compat: true`
 * reproduces pycocotools, and for `overlap: 'giou'` the original's fork of it, to the bit.
 * @throws CocoInputError naming the first row that is not as it must be, and on more categories than memory has room for.
 * @throws OptionError on an option that does not exist or makes no sense.
 */
export const evaluateCoco = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  options: CocoOptions = {},
): CocoResult => {
  const { overlap } = cocoParams(options);
  return evaluateCocoEach(groundTruth, detections, [overlap], options)[0];
};
