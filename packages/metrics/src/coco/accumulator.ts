/**
 * A COCO evaluation in parts: images are added one by one or shard by shard, in any process, and the parts merge.
 * Whatever the split and the order, the result has the same bits, because only counts and scores are kept and the images
 * are ordered at the end. An accumulator is a monoid (`empty`, `concat`), in fp-ts's sense too.
 */
import { shown } from '../check/words.ts';
import type { Id, Tally } from '../core/tally.ts';
import { emptyTally, mergeTallies, tallyOf } from '../core/tally.ts';
import { requireCategories, requireImages, requireRows } from './check.ts';
import { categoriesOf, indexOf, refuseUnknown } from './index-of.ts';
import type { CocoAnnotation, CocoCategory, CocoDetection, CocoImage, CocoInstances } from './input.ts';
import type { CocoCounts } from './notes.ts';
import { addCounts, countsOf, noCounts } from './notes.ts';
import type { CocoOptions } from './params.ts';
import { cocoParams } from './params.ts';
import type { CocoResult } from './result.ts';
import { finishCoco } from './result.ts';
import { cocoStage } from './stage.ts';
import { detectionTable, truthTable } from './tables.ts';
import { cocoTally } from './tally.ts';

/** What is known of the images added so far: plain data, fit for `postMessage`. */
export interface CocoPart {
  readonly tally: Tally;
  readonly counts: CocoCounts;
}

/** One image with its objects and detections; `image_id` is that of the image. */
export interface CocoImageEvidence {
  readonly image: Id;
  readonly objects: readonly Omit<CocoAnnotation, 'image_id'>[];
  readonly detections: readonly Omit<CocoDetection, 'image_id'>[];
}

export interface CocoAccumulator {
  readonly empty: CocoPart;
  readonly add: (part: CocoPart, image: CocoImageEvidence) => CocoPart;
  /** Many images at once. Rows on images that `images` lacks are left out and counted. */
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

/**
 * The categories are needed from the start: they are what the means are taken over.
 * @throws OptionError, and CocoInputError from `add` and `shard`, as `evaluateCoco`.
 */
export const cocoAccumulator = (
  categories: readonly CocoCategory[],
  options: Omit<CocoOptions, 'imgIds'> = {},
): CocoAccumulator => {
  const params = cocoParams(options);
  requireCategories(categories);
  const known = categoriesOf(categories, params);
  refuseUnknown(known, params);
  const empty: CocoPart = { tally: emptyTally, counts: noCounts };
  const merge = (a: CocoPart, b: CocoPart): CocoPart => ({
    tally: mergeTallies(a.tally, b.tally),
    counts: addCounts(a.counts, b.counts),
  });
  const part = (
    images: readonly CocoImage[],
    annotations: readonly CocoAnnotation[],
    detections: readonly CocoDetection[],
    where = '',
  ): CocoPart => {
    requireImages(images);
    const index = indexOf(images, known, params);
    const objectList = where === '' ? 'annotations' : `${where}objects`;
    const truth = truthTable(annotations, index, params.ignoreKey, { list: objectList });
    const found = detectionTable(detections, index, { list: `${where}detections` });
    const chunk = cocoTally(cocoStage(truth, found, index, params), params);
    return { tally: tallyOf(chunk), counts: countsOf(images, index, truth, found, params) };
  };
  return {
    empty,
    merge,
    concat: merge,
    shard: ({ images, annotations }, detections) => part(images, annotations, detections),
    add: (before, { image, objects, detections }) => {
      const where = `image ${shown(image)}: `;
      const onImage = <A>(rows: readonly A[], list: string): readonly (A & { readonly image_id: Id })[] => {
        requireRows(rows, `${where}${list}`, {});
        return rows.map((row) => ({ ...row, image_id: image }));
      };
      return merge(
        before,
        part([{ id: image }], onImage(objects, 'objects'), onImage(detections, 'detections'), where),
      );
    },
    finish: ({ tally, counts }) => finishCoco(tally, known.categories, params, counts),
  };
};
