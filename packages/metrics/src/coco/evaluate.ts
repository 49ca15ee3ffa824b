/** The COCO evaluation of bounding boxes (cocoeval.py), matching by IoU, GIoU or any other overlap. */
import type { Tally } from '../core/tally.ts';
import type { CocoCurves } from './accumulate.ts';
import { accumulate } from './accumulate.ts';
import type { CocoCategory, CocoDetection, CocoInstances } from './input.ts';
import { detectionTable, indexOf, truthTable } from './input.ts';
import type { CocoNote } from './notes.ts';
import { countsOf, notesOf } from './notes.ts';
import type { CocoOptions, CocoOverlap, CocoParams } from './params.ts';
import { cocoParams } from './params.ts';
import { cocoStage } from './stage.ts';
import { apByThreshold, statsOf } from './summary.ts';
import { cocoTally } from './tally.ts';

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
  /** What the input held that pycocotools takes otherwise, drops or stumbles over. */
  readonly notes: readonly CocoNote[];
}

/** Figures of the arrays; the last part of an evaluation. */
export const resultOf = (
  tally: Tally,
  curves: CocoCurves,
  categories: readonly CocoCategory[],
  params: CocoParams,
  notes: readonly CocoNote[],
): CocoResult => {
  const K = categories.length;
  const ap = apByThreshold(curves, params, K);
  return {
    ...curves,
    stats: statsOf(curves, params, K),
    perCategory: categories.map(({ id, name }, k) => {
      const [AP, AP50, AP75, APsmall, APmedium, APlarge, AR1, AR10, AR100] = statsOf(curves, params, K, k) as number[];
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
    params,
    tally,
    notes,
  };
};

/** Arrays and figures of a tally; the second half of an evaluation. */
export const finishCoco = (
  tally: Tally,
  categories: readonly CocoCategory[],
  params: CocoParams,
  notes: readonly CocoNote[] = [],
): CocoResult => {
  const ids = categories.map((category) => category.id);
  const [curves] = accumulate(tally, ids, params);
  return resultOf(tally, curves!, categories, params, notes);
};

/**
 * One result an overlap, in their order: the same bits as `evaluateCoco` by each, for less than the sum of their times,
 * because all that no overlap decides is done once.
 * @throws CocoInputError as `evaluateCoco`.
 */
export const evaluateCocoEach = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  overlaps: readonly CocoOverlap[],
  options: Omit<CocoOptions, 'overlap'> = {},
): readonly CocoResult[] => {
  const shared = cocoParams(options);
  const each = overlaps.map((overlap): CocoParams => ({ ...shared, overlap }));
  const index = indexOf(groundTruth.images, groundTruth.categories);
  const truth = truthTable(groundTruth.annotations, index, shared.ignoreKey);
  const found = detectionTable(detections, index);
  const stage = cocoStage(truth, found, index, shared);
  const chunks = each.map((params) => cocoTally(stage, params));
  if (chunks[0] === undefined) return [];
  const ids = index.categories.map((category) => category.id);
  const curves = accumulate({ tag: 'chunk', chunk: chunks[0] }, ids, shared, chunks);
  return each.map((params, i) => {
    const notes = notesOf(countsOf(truth, found, params), params.compat);
    return resultOf({ tag: 'chunk', chunk: chunks[i]! }, curves[i]!, index.categories, params, notes);
  });
};

/**
 * Scores detections against ground truth as COCO does: the contents of an instances file and of a results file, as
 * `JSON.parse` gives them.
 *
 * By default the defects of the original are corrected (`notes` names those that this input meets); `compat: true`
 * reproduces pycocotools, and for `overlap: 'giou'` the original's fork of it, to the bit.
 * @throws CocoInputError on a box that is not four numbers, and on more categories than memory has room for.
 */
export const evaluateCoco = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  options: CocoOptions = {},
): CocoResult => evaluateCocoEach(groundTruth, detections, [options.overlap ?? 'iou'], options)[0]!;
