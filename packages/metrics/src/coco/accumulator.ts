/**
 * A COCO evaluation in parts: images are added one by one or shard by shard, in any process, and the parts merge.
 * Whatever the split and the order, the result has the same bits, because only counts and scores are kept and the images
 * are ordered at the end. An accumulator is a monoid (`empty`, `concat`), in fp-ts's sense too.
 */
import { shown } from '../check/words.ts';
import type { Id, Tally } from '../core/tally.ts';
import { emptyTally, mergeTallies, tallyOf } from '../core/tally.ts';
import { sumsOf } from './accumulate.ts';
import { requireCategories, requireImages, requireRows } from './check.ts';
import { categoriesOf, indexOf, refuseUnknown } from './index-of.ts';
import type { CocoAnnotation, CocoCategory, CocoDetection, CocoImage } from './input.ts';
import type { Finish, Instances, Kind } from './kind.ts';
import { boxKind, plainLists } from './kind.ts';
import type { CocoCounts } from './notes.ts';
import { addCounts, countsOf, noCounts } from './notes.ts';
import type { CocoOptions, CocoParams } from './params.ts';
import { cocoParams } from './params.ts';
import type { CocoResult } from './result.ts';
import { resultOf } from './result.ts';
import { cocoStage } from './stage.ts';
import type { FoundRow, TruthRow } from './tables.ts';
import { cocoTally } from './tally.ts';

/** What is known of the images added so far: plain data, fit for `postMessage`. */
export interface CocoPart {
  readonly tally: Tally;
  readonly counts: CocoCounts;
}

/** One image with its objects and detections; `image_id` is that of the image. */
export interface ImageEvidence<A extends TruthRow, D extends FoundRow> {
  /** The image's id, or its row, where its size or labels are needed. */
  readonly image: Id | CocoImage;
  readonly objects: readonly Omit<A, 'image_id'>[];
  readonly detections: readonly Omit<D, 'image_id'>[];
}
export type CocoImageEvidence = ImageEvidence<CocoAnnotation, CocoDetection>;

/** An evaluation in parts, of boxes, masks or keypoints. */
export interface Accumulator<A extends TruthRow, D extends FoundRow, R> {
  readonly empty: CocoPart;
  readonly add: (part: CocoPart, image: ImageEvidence<A, D>) => CocoPart;
  /** Many images at once. Rows on images that `images` lacks are left out and counted. */
  readonly shard: (groundTruth: Pick<Instances<A>, 'images' | 'annotations'>, detections: readonly D[]) => CocoPart;
  /** Of parts without a common image. Associative, and `finish` cannot tell the order. */
  readonly merge: (a: CocoPart, b: CocoPart) => CocoPart;
  /** `merge` under the name it has in a monoid. */
  readonly concat: (a: CocoPart, b: CocoPart) => CocoPart;
  /** @throws DuplicateImageError when an image was added twice. */
  readonly finish: (part: CocoPart) => R;
}
export type CocoAccumulator = Accumulator<CocoAnnotation, CocoDetection, CocoResult>;

const imageRow = (image: Id | CocoImage): CocoImage =>
  typeof image === 'object' && image !== null ? image : { id: image };

/** An accumulator of any kind. */
export const accumulatorOf = <A extends TruthRow, D extends FoundRow, R>(
  kind: Kind<A, D>,
  finish: Finish<R>,
  params: CocoParams,
  categories: readonly CocoCategory[],
): Accumulator<A, D, R> => {
  requireCategories(categories);
  const known = categoriesOf(categories, params);
  refuseUnknown(known, params);
  const merge = (a: CocoPart, b: CocoPart): CocoPart => ({
    tally: mergeTallies(a.tally, b.tally),
    counts: addCounts(a.counts, b.counts),
  });
  const part = (
    images: readonly CocoImage[],
    annotations: readonly A[],
    detections: readonly D[],
    lists = plainLists,
  ): CocoPart => {
    requireImages(images);
    const index = indexOf(images, known, params);
    const { truth, found, measure } = kind.load({ images, annotations, detections, lists }, index, params);
    const chunk = cocoTally(cocoStage(truth, found, index, params), params, measure);
    return { tally: tallyOf(chunk), counts: countsOf(images, index, truth, found, params, kind) };
  };
  return {
    empty: { tally: emptyTally, counts: noCounts },
    merge,
    concat: merge,
    shard: ({ images, annotations }, detections) => part(images, annotations, detections),
    add: (before, { image, objects, detections }) => {
      const row = imageRow(image);
      const where = `image ${shown(row.id)}: `;
      const lists = { annotations: `${where}objects`, detections: `${where}detections` };
      const onImage = <B extends TruthRow | FoundRow>(rows: readonly Omit<B, 'image_id'>[], list: string) => {
        requireRows(rows, list, {});
        return rows.map((each) => ({ ...each, image_id: row.id })) as unknown as readonly B[];
      };
      const there = onImage<A>(objects, lists.annotations);
      return merge(before, part([row], there, onImage<D>(detections, lists.detections), lists));
    },
    finish: ({ tally, counts }) => {
      const ids = known.categories.map(({ id }) => id);
      const [sums] = sumsOf(tally, ids, params);
      return finish(tally, sums, known.categories, params, counts);
    },
  };
};

/**
 * The categories are needed from the start: they are what the means are taken over.
 * @throws OptionError, and CocoInputError from `add` and `shard`, as `evaluateCoco`.
 */
export const cocoAccumulator = (
  categories: readonly CocoCategory[],
  options: Omit<CocoOptions, 'imgIds'> = {},
): CocoAccumulator => accumulatorOf(boxKind, resultOf, cocoParams(options), categories);
