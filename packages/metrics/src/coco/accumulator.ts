/**
 * A COCO evaluation in parts: images are added one by one or shard by shard, in any process, and the parts merge.
 * Whatever the split and the order, the result has the same bits, because only counts and scores are kept and the images
 * are ordered at the end. An accumulator is a monoid (`empty`, `concat`), in fp-ts's sense too.
 */
import type { Tally } from '../core/tally.ts';
import { emptyTally, mergeTallies } from '../core/tally.ts';
import type { CocoResult } from './evaluate.ts';
import { finishCoco } from './evaluate.ts';
import type { CocoAnnotation, CocoCategory, CocoDetection, CocoInstances } from './input.ts';
import { detectionTable, indexOf, truthTable } from './input.ts';
import type { CocoCounts } from './notes.ts';
import { addCounts, countsOf, noCounts, notesOf } from './notes.ts';
import type { CocoOptions } from './params.ts';
import { cocoParams } from './params.ts';
import { cocoStage } from './stage.ts';
import { cocoTally } from './tally.ts';

/** What is known of the images added so far: plain data, fit for `postMessage`. */
export interface CocoPart {
  readonly tally: Tally;
  readonly counts: CocoCounts;
}

/** One image with its objects and detections; `image_id` is that of the image. */
export interface CocoImageEvidence {
  readonly image: number;
  readonly objects: readonly Omit<CocoAnnotation, 'image_id'>[];
  readonly detections: readonly Omit<CocoDetection, 'image_id'>[];
}

export interface CocoAccumulator {
  readonly empty: CocoPart;
  readonly add: (part: CocoPart, image: CocoImageEvidence) => CocoPart;
  /** Many images at once. Rows on images that `images` lacks are left out. */
  readonly shard: (
    groundTruth: Pick<CocoInstances, 'images' | 'annotations'>,
    detections: readonly CocoDetection[],
  ) => CocoPart;
  /** Of parts without a common image. Associative, and `finish` cannot tell the order. */
  readonly merge: (a: CocoPart, b: CocoPart) => CocoPart;
  /** `merge` under the name it has in a monoid. */
  readonly concat: (a: CocoPart, b: CocoPart) => CocoPart;
  /** @throws DuplicateImageError when an image was added twice. */
  readonly finish: (part: CocoPart) => CocoResult;
}

/** The categories are needed from the start: they are what the means are taken over. */
export const cocoAccumulator = (categories: readonly CocoCategory[], options: CocoOptions = {}): CocoAccumulator => {
  const params = cocoParams(options);
  const ordered = indexOf([], categories).categories;
  const empty: CocoPart = { tally: emptyTally, counts: noCounts };
  const merge = (a: CocoPart, b: CocoPart): CocoPart => ({
    tally: mergeTallies(a.tally, b.tally),
    counts: addCounts(a.counts, b.counts),
  });
  const shard: CocoAccumulator['shard'] = ({ images, annotations }, detections) => {
    const index = indexOf(images, categories);
    const truth = truthTable(annotations, index, params.ignoreKey);
    const found = detectionTable(detections, index);
    const chunk = cocoTally(cocoStage(truth, found, index, params), params);
    return { tally: { tag: 'chunk', chunk }, counts: countsOf(truth, found, params) };
  };
  return {
    empty,
    merge,
    concat: merge,
    shard,
    add: (part, { image, objects, detections }) => {
      const onImage = <A>(row: A): A & { readonly image_id: number } => ({ ...row, image_id: image });
      const annotations = objects.map(onImage);
      return merge(part, shard({ images: [{ id: image }], annotations }, detections.map(onImage)));
    },
    finish: ({ tally, counts }) => finishCoco(tally, ordered, params, notesOf(counts, params.compat)),
  };
};
