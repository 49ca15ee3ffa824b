/** Rows as columns: places in the lists of images and categories, corners, areas, scores; what is left out is counted. */
import { cornerStride, cornersOf } from '../box/corners.ts';
import type { Rules } from '../check/rows.ts';
import { annotationRules, detectionRules } from '../check/rows.ts';
import { bucketed } from '../core/order.ts';
import type { BoxTable, ScoredTable } from '../core/table.ts';
import type { Id } from '../core/tally.ts';
import { requireDistinct, requireRows } from './check.ts';
import type { Counted } from './counts.ts';
import { countIds, none } from './counts.ts';
import type { CocoIndex } from './index-of.ts';
import type { CocoAnnotation, CocoDetection } from './input.ts';
import type { CocoParams } from './params.ts';

export interface Dropped {
  readonly unknownImages: Counted;
  readonly unknownCategories: Counted;
}

export interface TruthTable extends BoxTable, Dropped {
  readonly id: Float64Array;
  readonly crowd: Uint8Array;
  readonly ignored: Uint8Array;
  readonly withoutArea: number;
  readonly groupOf: number;
}

export interface DetectionTable extends ScoredTable, Dropped {
  /** 1-based place in the results, which is the identity pycocotools gives a detection. */
  readonly id: Float64Array;
  /** 1 for a detection that is left out where it matches nothing, because its image is not wholly labelled for it. */
  readonly loose: Uint8Array;
  /** Left out by the rules of a federation. */
  readonly unlabelled: Counted;
  readonly beyondLimit: Counted;
}

export interface Placed extends Dropped {
  /** Rows that are evaluated, as places in the list. */
  readonly kept: Uint32Array;
  readonly image: Uint32Array;
  readonly category: Uint32Array;
  readonly length: number;
}

interface PlacedRow {
  readonly image_id: Id;
  readonly category_id: number;
}

/** Whether a row of a known image and category (places in their lists) is evaluated at all. */
export type Admits = (row: number, image: number, category: number) => boolean;

/** The rows on a known image and category, with their places; what is unknown is counted. */
export const placed = (rows: readonly PlacedRow[], index: CocoIndex, admits?: Admits): Placed => {
  const kept = new Uint32Array(rows.length);
  const image = new Uint32Array(rows.length);
  const category = new Uint32Array(rows.length);
  let length = 0;
  const lostImages: Id[] = [];
  const lostCategories: Id[] = [];
  // Rows of one image usually lie together.
  let lastImage: Id = Number.NaN;
  let atImage: number | undefined;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (row.image_id !== lastImage) {
      lastImage = row.image_id;
      atImage = index.imageAt.get(lastImage);
    }
    const atCategory = index.categoryAt.get(row.category_id);
    if (atImage === undefined) lostImages.push(row.image_id);
    else if (atCategory === undefined) lostCategories.push(row.category_id);
    else if (atImage >= 0 && atCategory >= 0 && (admits === undefined || admits(i, atImage, atCategory))) {
      kept[length] = i;
      image[length] = atImage;
      category[length++] = atCategory;
    }
  }
  const cut = (column: Uint32Array): Uint32Array => column.subarray(0, length);
  const columns = { kept: cut(kept), image: cut(image), category: cut(category), length };
  const dropped = { unknownImages: countIds(lostImages), unknownCategories: countIds(lostCategories) };
  return { ...(index.agnostic ? asOne(columns, index) : columns), ...dropped };
};

/** In one category rows lie by the category they had, as pycocotools joins its lists. */
const asOne = (
  { kept, image, category, length }: Omit<Placed, keyof Dropped>,
  index: CocoIndex,
): Omit<Placed, keyof Dropped> => {
  const order = bucketed(category, index.categoryAt.size);
  return {
    kept: order.map((i) => kept[i]),
    image: order.map((i) => image[i]),
    category: new Uint32Array(length),
    length,
  };
};

const boxColumn = (rows: readonly { readonly bbox: ArrayLike<number> }[], kept: Uint32Array): Float64Array => {
  const boxes = new Float64Array(4 * kept.length);
  for (let i = 0; i < kept.length; i++) {
    const box = rows[kept[i]].bbox;
    for (let c = 0; c < 4; c++) boxes[4 * i + c] = box[c];
  }
  return boxes;
};

const boxesOf = (boxes: Float64Array): { readonly corners: Float64Array; readonly area: Float64Array } => {
  const corners = cornersOf(boxes, 'xywh', 0);
  const area = new Float64Array(boxes.length / 4);
  for (let i = 0; i < area.length; i++) area[i] = corners[cornerStride * i + 4] * corners[cornerStride * i + 5];
  return { corners, area };
};

/** Keys by which Open Images marks a box that stands for a group. */
const groupKeys = ['isgroupof', 'IsGroupOf', 'is_group_of'] as const;

type GroupKeys = { readonly [K in (typeof groupKeys)[number]]?: unknown };
const isGroup = (row: GroupKeys): boolean => groupKeys.some((key) => row[key] !== undefined && Number(row[key]) === 1);

/** What a row must keep, and what its list is called in errors. */
export interface RowCheck {
  readonly rules?: Rules;
  readonly list?: string;
}

/** Rows that were looked at and placed before, and the boxes of those that are kept, `x y width height` each. */
export interface Boxed {
  readonly at: Placed;
  readonly boxes: Float64Array;
}

/** The keys of a row that every kind has. */
export type TruthRow = Omit<CocoAnnotation, 'bbox'>;
export type FoundRow = Omit<CocoDetection, 'bbox'>;

/** What was labelled of a federation's images; see federation.ts. */
export interface Labelling {
  readonly admits: Admits;
  readonly isLoose: (image: number, category: number) => boolean;
  /** Rows that `admits` left out so far. */
  readonly leftOut: () => { readonly unlabelled: Counted; readonly beyondLimit: Counted };
}

type TruthParams = Pick<CocoParams, 'ignoreKey' | 'federation'>;

/** Columns of objects whose boxes are known. */
export const truthColumns = (
  annotations: readonly TruthRow[],
  { at: { kept, image, category, length, ...dropped }, boxes }: Boxed,
  { ignoreKey, federation }: TruthParams,
): TruthTable => {
  const { corners, area } = boxesOf(boxes);
  const id = new Float64Array(length);
  const crowd = new Uint8Array(length);
  const ignored = new Uint8Array(length);
  let withoutArea = 0;
  let groupOf = 0;
  for (let i = 0; i < length; i++) {
    const row = annotations[kept[i]];
    const group = isGroup(row as GroupKeys);
    // LVIS has no crowds; a group of Open Images takes every detection inside and need not be found, as a crowd.
    const isCrowd = federation === 'lvis' ? false : row.iscrowd || (federation === 'open-images' && group);
    id[i] = row.id ?? kept[i] + 1;
    crowd[i] = isCrowd ? 1 : 0;
    ignored[i] = isCrowd || ((ignoreKey || federation === 'lvis') && row.ignore) ? 1 : 0;
    if (group) groupOf++;
    if (row.area === undefined) withoutArea++;
    else area[i] = row.area;
  }
  return { length, image, category, corners, area, id, crowd, ignored, withoutArea, groupOf, ...dropped };
};

/** Columns of detections whose boxes are known. */
export const detectionColumns = (
  detections: readonly FoundRow[],
  { at: { kept, image, category, length, ...dropped }, boxes }: Boxed,
  index: CocoIndex,
  labelling?: Labelling,
): DetectionTable => {
  const { corners, area } = boxesOf(boxes);
  const score = new Float64Array(length);
  const id = new Float64Array(length);
  const loose = new Uint8Array(labelling === undefined ? 0 : length);
  for (let i = 0; i < length; i++) {
    const row = detections[kept[i]];
    score[i] = row.score;
    id[i] = kept[i] + 1;
    if (labelling?.isLoose(image[i], index.categoryAt.get(row.category_id)!)) loose[i] = 1;
  }
  const left = labelling?.leftOut() ?? { unlabelled: none, beyondLimit: none };
  return { length, image, category, corners, area, score, id, loose, ...dropped, ...left };
};

/**
 * @throws CocoInputError naming the first row that breaks a rule.
 */
export const truthTable = (
  annotations: readonly CocoAnnotation[],
  index: CocoIndex,
  params: TruthParams,
  { rules = annotationRules, list = 'annotations' }: RowCheck = {},
): TruthTable => {
  requireDistinct(annotations, list, rules);
  const at = placed(annotations, index);
  return truthColumns(annotations, { at, boxes: boxColumn(annotations, at.kept) }, params);
};

/** As `truthTable`. */
export const detectionTable = (
  detections: readonly CocoDetection[],
  index: CocoIndex,
  { rules = detectionRules, list = 'detections' }: RowCheck = {},
  labelling?: Labelling,
): DetectionTable => {
  requireRows(detections, list, rules);
  const at = placed(detections, index, labelling?.admits);
  return detectionColumns(detections, { at, boxes: boxColumn(detections, at.kept) }, index, labelling);
};
