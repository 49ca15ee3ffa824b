/** The COCO evaluation of masks (cocoeval.py with iouType "segm"): polygons, runs, crowds; and GIoU of the masks' boxes. */
import { cornerStride } from '../box/corners.ts';
import type { Rules } from '../check/rows.ts';
import { annotationRules, detectionRules, isFour, without } from '../check/rows.ts';
import { shown } from '../check/words.ts';
import { requireDistinct, requireLists, requireRows } from '../coco/check.ts';
import type { CocoIndex } from '../coco/index-of.ts';
import { categoriesOf, indexOf, refuseUnknown } from '../coco/index-of.ts';
import type { CocoAnnotation, CocoCategory, CocoDetection, CocoImage } from '../coco/input.ts';
import { CocoInputError } from '../coco/input.ts';
import { countsOf } from '../coco/notes.ts';
import type { CocoOptions, CocoParams, Measure } from '../coco/params.ts';
import { cocoParams, measureOf } from '../coco/params.ts';
import type { CocoResult } from '../coco/result.ts';
import { finishCoco } from '../coco/result.ts';
import { cocoStage } from '../coco/stage.ts';
import type { DetectionTable, TruthTable } from '../coco/tables.ts';
import { detectionTable, placed, truthTable } from '../coco/tables.ts';
import { cocoTally } from '../coco/tally.ts';
import type { Id, TallyChunk } from '../core/tally.ts';
import { tallyOf } from '../core/tally.ts';
import type { MaskColumn } from '../mask/column.ts';
import { maskColumn, maskIou } from '../mask/column.ts';
import type { Rle } from '../mask/rle.ts';
import { MaskError } from '../mask/rle.ts';
import type { Segmentation } from '../mask/segmentation.ts';
import { maskOf } from '../mask/segmentation.ts';

export interface SegmAnnotation extends Omit<CocoAnnotation, 'bbox'> {
  readonly segmentation: Segmentation;
  readonly bbox?: readonly number[];
}

/** A row of results; without a segmentation its box is its mask. */
export interface SegmDetection extends Omit<CocoDetection, 'bbox'> {
  readonly segmentation?: Segmentation;
  readonly bbox?: readonly number[];
}

export interface SegmInstances {
  readonly images: readonly CocoImage[];
  readonly annotations: readonly SegmAnnotation[];
  readonly categories: readonly CocoCategory[];
}

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
  const [right, bottom] = [x! + w!, y! + h!];
  return [x!, y!, x!, bottom, right, bottom, right, y!];
};

/** The masks of the rows that are evaluated; errors name the row. */
const masksOf = (
  rows: readonly PlainRow[],
  kept: Uint32Array,
  list: string,
  sizes: ReadonlyMap<Id, CocoImage>,
  compat: boolean,
): readonly Rle[] =>
  Array.from(kept, (place) => {
    const { segmentation, bbox, image_id } = rows[place]!;
    const refuse = (reason: string): never => {
      const at = { list, row: place, key: 'segmentation' };
      throw new CocoInputError(`${list}[${place}].segmentation: found ${shown(segmentation)}: ${reason}.`, at);
    };
    if (segmentation === undefined && !isFour(bbox)) refuse('expected polygons or { size, counts }, or a bbox');
    const image = sizes.get(image_id);
    try {
      const mask = maskOf(segmentation ?? [polygonOf(bbox!)], image, compat);
      const { width, height } = image ?? {};
      if (!compat && width !== undefined && height !== undefined && (mask.width !== width || mask.height !== height)) {
        refuse(`its size is ${mask.height} x ${mask.width}, its image's ${height} x ${width}`);
      }
      return mask;
    } catch (error) {
      if (error instanceof MaskError) return refuse(error.message);
      throw error;
    }
  });

const boxOf = ({ boxes }: MaskColumn, i: number): readonly number[] => Array.from(boxes.subarray(4 * i, 4 * i + 4));

/** pycocotools takes the areas of results from their boxes when the first row has one. */
const boxAreas = (detections: readonly SegmDetection[]): boolean => (detections[0]?.bbox?.length ?? 0) > 0;

interface LoadedMasks {
  readonly index: CocoIndex;
  readonly truth: TruthTable;
  readonly found: DetectionTable;
  readonly measure: Measure;
}

const loadMasks = (
  groundTruth: SegmInstances,
  detections: readonly SegmDetection[],
  params: CocoParams,
): LoadedMasks => {
  requireLists(groundTruth);
  const { images, categories, annotations } = groundTruth;
  const index = indexOf(images, categoriesOf(categories, params), params);
  refuseUnknown(index, params);
  requireDistinct(annotations, 'annotations', truthRules);
  requireRows(detections, 'detections', foundRules);
  const sizes = new Map(images.map((image) => [image.id, image]));
  const column = (rows: readonly (PlainRow & { readonly category_id: number })[], list: string) => {
    const { kept } = placed(rows, index);
    const masks = maskColumn(masksOf(rows, kept, list, sizes, params.compat));
    const at = new Map(Array.from(kept, (place, i) => [place, i]));
    const boxed = rows.map((row, place) => ({ ...row, bbox: at.has(place) ? boxOf(masks, at.get(place)!) : [] }));
    return { kept, masks, boxed };
  };
  const objects = column(annotations, 'annotations');
  const results = column(detections, 'detections');
  const truth = truthTable(objects.boxed as never, index, params.ignoreKey, { rules: {} });
  const found = detectionTable(results.boxed as never, index, { rules: {} });
  objects.kept.forEach((place, i) => {
    truth.area[i] = annotations[place]!.area ?? objects.masks.area[i]!;
  });
  const fromBoxes = params.compat && boxAreas(detections);
  results.kept.forEach((place, i) => {
    const box = detections[place]!.bbox;
    found.area[i] = fromBoxes && box !== undefined ? box[2]! * box[3]! : results.masks.area[i]!;
  });
  const measure: Measure = {
    overlap: (_a, i, _b, j, crowd) => maskIou(results.masks, i / cornerStride, objects.masks, j / cornerStride, crowd),
    touching: false,
  };
  return { index, truth, found, measure: params.overlap === 'iou' ? measure : measureOf(params) };
};

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
): CocoResult => {
  const params = cocoParams(options);
  const { index, truth, found, measure } = loadMasks(groundTruth, detections, params);
  const chunk: TallyChunk = cocoTally(cocoStage(truth, found, index, params), params, measure);
  const counts = countsOf(groundTruth.images, index, truth, found, params, { boxes: false });
  return finishCoco(tallyOf(chunk), index.categories, params, counts);
};
