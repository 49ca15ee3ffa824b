/** The COCO evaluation of masks (cocoeval.py with iouType "segm"): polygons, runs, crowds; and GIoU of the masks' boxes. */
import type { Rules } from '../check/rows.ts';
import { annotationRules, detectionRules, isFour, without } from '../check/rows.ts';
import { shown } from '../check/words.ts';
import type { Accumulator, ImageEvidence } from '../coco/accumulator.ts';
import { accumulatorOf } from '../coco/accumulator.ts';
import { requireDistinct, requireRows } from '../coco/check.ts';
import { labellingOf } from '../coco/federation.ts';
import type { CocoIndex } from '../coco/index-of.ts';
import type { CocoAnnotation, CocoCategory, CocoDetection, CocoImage } from '../coco/input.ts';
import { CocoInputError } from '../coco/input.ts';
import type { Instances, Kind, KindRows, KindTables } from '../coco/kind.ts';
import { evaluateKind } from '../coco/kind.ts';
import type { CocoOptions, CocoParams } from '../coco/params.ts';
import { cocoParams } from '../coco/params.ts';
import type { CocoResult } from '../coco/result.ts';
import { resultOf } from '../coco/result.ts';
import { detectionColumns, placed, truthColumns } from '../coco/tables.ts';
import type { Id } from '../core/tally.ts';
import type { MaskColumn } from '../mask/column.ts';
import { maskBuilder } from '../mask/column.ts';
import type { Rle } from '../mask/rle.ts';
import { MaskError } from '../mask/rle.ts';
import type { Segmentation } from '../mask/segmentation.ts';
import { maskOf, textMaskOf } from '../mask/segmentation.ts';
import type { MaskColumns } from './measure.ts';
import { maskMeasure } from './measure.ts';

export interface SegmAnnotation extends Omit<CocoAnnotation, 'bbox'> {
  readonly segmentation: Segmentation;
  readonly bbox?: readonly number[];
}

/** A row of results; without a segmentation its box is its mask. */
export interface SegmDetection extends Omit<CocoDetection, 'bbox'> {
  readonly segmentation?: Segmentation;
  readonly bbox?: readonly number[];
}

export type SegmInstances = Instances<SegmAnnotation>;

const isThere = (value: unknown): boolean => typeof value === 'object' && value !== null;
const truthRules: Rules = {
  ...without(annotationRules, 'bbox'),
  segmentation: { holds: isThere, text: 'polygons or { size, counts }' },
};
const foundRules: Rules = without(detectionRules, 'bbox');

interface PlainRow {
  readonly image_id: Id;
  readonly segmentation?: unknown;
  readonly bbox?: readonly number[];
}

/** The corners of a box as a polygon, as pycocotools makes the mask of results with boxes alone. */
const polygonOf = ([x, y, w, h]: readonly number[]): readonly number[] => {
  const [right, bottom] = [x + w, y + h];
  return [x, y, x, bottom, right, bottom, right, y];
};

/** The masks of the rows that are evaluated; errors name the row. */
const masksOf = (
  rows: readonly PlainRow[],
  kept: Uint32Array,
  list: string,
  sizes: ReadonlyMap<Id, CocoImage>,
  compat: boolean,
): MaskColumn => {
  let characters = 0;
  for (let i = 0; i < kept.length; i++) {
    const counts = (rows[kept[i]].segmentation as { readonly counts?: unknown } | undefined)?.counts;
    if (typeof counts === 'string' || Array.isArray(counts)) characters += counts.length;
  }
  // A run takes a character at least.
  const { add, addText, done } = maskBuilder(kept.length, characters);
  const refuse = (place: number, reason: string): never => {
    const at = { list, row: place, key: 'segmentation' };
    const found = shown(rows[place].segmentation);
    throw new CocoInputError(`${list}[${place}].segmentation: found ${found}: ${reason}.`, at);
  };
  const addRow = (place: number): void => {
    const { segmentation, bbox, image_id } = rows[place];
    if (segmentation === undefined && !isFour(bbox)) {
      refuse(place, 'expected polygons or { size, counts }, or a bbox');
    }
    const image = sizes.get(image_id);
    const text = compat ? undefined : textMaskOf(segmentation);
    const mask = text ?? maskOf(segmentation ?? [polygonOf(bbox!)], image, compat);
    const { width, height } = image ?? {};
    if (!compat && width !== undefined && height !== undefined && (mask.width !== width || mask.height !== height)) {
      refuse(place, `its size is ${mask.height} x ${mask.width}, its image's ${height} x ${width}`);
    }
    if (text === undefined) add(mask as Rle);
    else addText(text);
  };
  for (let i = 0; i < kept.length; i++) {
    try {
      addRow(kept[i]);
    } catch (error) {
      if (error instanceof MaskError) refuse(kept[i], error.message);
      throw error;
    }
  }
  return done();
};

/** pycocotools takes the areas of results from their boxes when the first row has one. */
const boxAreas = (detections: readonly SegmDetection[]): boolean => (detections[0]?.bbox?.length ?? 0) > 0;

const maskTables = (
  { images, annotations, detections, lists }: KindRows<SegmAnnotation, SegmDetection>,
  index: CocoIndex,
  params: CocoParams,
): KindTables<MaskColumns> => {
  requireDistinct(annotations, lists.annotations, truthRules);
  requireRows(detections, lists.detections, foundRules);
  const sizes = new Map(images.map((image) => [image.id, image]));
  const labelling = labellingOf(images, annotations, detections, index, params);
  const there = placed(annotations, index);
  const objects = masksOf(annotations, there.kept, lists.annotations, sizes, params.compat);
  const seen = placed(detections, index, labelling?.admits);
  const results = masksOf(detections, seen.kept, lists.detections, sizes, params.compat);
  const truth = truthColumns(annotations, { at: there, boxes: objects.boxes }, params);
  const found = detectionColumns(detections, { at: seen, boxes: results.boxes }, index, labelling);
  there.kept.forEach((place, i) => {
    truth.area[i] = annotations[place].area ?? objects.area[i];
  });
  const fromBoxes = params.compat && boxAreas(detections);
  seen.kept.forEach((place, i) => {
    const box = detections[place].bbox;
    found.area[i] = fromBoxes && box !== undefined ? box[2] * box[3] : results.area[i];
  });
  if (params.overlap !== 'iou') return { truth, found };
  const columns: MaskColumns = { tag: 'masks', found: results, objects };
  return { truth, found, measure: maskMeasure(columns), columns };
};

export const segmKind: Kind<SegmAnnotation, SegmDetection, MaskColumns> = { boxes: false, load: maskTables };

/**
 * Scores masks as COCO does. `overlap: 'iou'` is the masks' own; the others (`giou`, ...) are those of the masks' boxes.
 * An object's area is what the file says, else its mask's; a detection's is its mask's (`compat`: its box's when the
 * first row has a box, as pycocotools).
 * @throws CocoInputError naming the first row that is not as it must be.
 * @throws OptionError
 */
export const evaluateSegm = (
  groundTruth: SegmInstances,
  detections: readonly SegmDetection[],
  options: CocoOptions = {},
): CocoResult => evaluateKind(segmKind, resultOf, cocoParams(options), groundTruth, detections);

export type SegmImageEvidence = ImageEvidence<SegmAnnotation, SegmDetection>;
export type SegmAccumulator = Accumulator<SegmAnnotation, SegmDetection, CocoResult>;

/** As `cocoAccumulator`, of masks. An image that polygons are drawn in is given as its row, with width and height. */
export const segmAccumulator = (
  categories: readonly CocoCategory[],
  options: Omit<CocoOptions, 'imgIds'> = {},
): SegmAccumulator => accumulatorOf(segmKind, resultOf, cocoParams(options), categories);
