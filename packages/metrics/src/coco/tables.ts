/** Rows as columns: places in the lists of images and categories, corners, areas, scores; what is left out is counted. */
import { cornerStride, cornersOf } from '../box/corners.ts';
import type { Rules } from '../check/rows.ts';
import { annotationRules, detectionRules } from '../check/rows.ts';
import { bucketed } from '../core/order.ts';
import type { BoxTable, ScoredTable } from '../core/table.ts';
import type { Id } from '../core/tally.ts';
import { requireDistinct, requireRows } from './check.ts';
import type { Counted } from './counts.ts';
import { countIds } from './counts.ts';
import type { CocoIndex } from './index-of.ts';
import type { CocoAnnotation, CocoDetection } from './input.ts';

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
}

interface Placed extends Dropped {
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

/** The rows on a known image and category, with their places; what is unknown is counted. */
export const placed = (rows: readonly PlacedRow[], index: CocoIndex): Placed => {
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
    const row = rows[i]!;
    if (row.image_id !== lastImage) {
      lastImage = row.image_id;
      atImage = index.imageAt.get(lastImage);
    }
    const atCategory = index.categoryAt.get(row.category_id);
    if (atImage === undefined) lostImages.push(row.image_id);
    else if (atCategory === undefined) lostCategories.push(row.category_id);
    else if (atImage >= 0 && atCategory >= 0) {
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
    kept: order.map((i) => kept[i]!),
    image: order.map((i) => image[i]!),
    category: new Uint32Array(length),
    length,
  };
};

const boxesOf = (
  rows: readonly { readonly bbox: ArrayLike<number> }[],
  kept: Uint32Array,
): { readonly corners: Float64Array; readonly area: Float64Array } => {
  const boxes = new Float64Array(4 * kept.length);
  for (let i = 0; i < kept.length; i++) {
    const box = rows[kept[i]!]!.bbox;
    for (let c = 0; c < 4; c++) boxes[4 * i + c] = box[c]!;
  }
  const corners = cornersOf(boxes, 'xywh', 0);
  const area = new Float64Array(kept.length);
  for (let i = 0; i < area.length; i++) area[i] = corners[cornerStride * i + 4]! * corners[cornerStride * i + 5]!;
  return { corners, area };
};

/** Keys by which Open Images marks a box that stands for a group. */
const groupKeys = ['isgroupof', 'IsGroupOf', 'is_group_of'] as const;

type GroupKeys = { readonly [K in (typeof groupKeys)[number]]?: unknown };
const isGroup = (row: GroupKeys): boolean => groupKeys.some((key) => row[key] !== undefined && Number(row[key]) === 1);

/** What a row must keep, where it is not a box, and what its list is called in errors. */
export interface RowCheck {
  readonly rules?: Rules;
  readonly list?: string;
}

/**
 * @throws CocoInputError naming the first row that breaks a rule.
 */
export const truthTable = (
  annotations: readonly CocoAnnotation[],
  index: CocoIndex,
  ignoreKey: boolean,
  { rules = annotationRules, list = 'annotations' }: RowCheck = {},
): TruthTable => {
  requireDistinct(annotations, list, rules);
  const { kept, image, category, length, ...dropped } = placed(annotations, index);
  const { corners, area } = boxesOf(annotations, kept);
  const id = new Float64Array(length);
  const crowd = new Uint8Array(length);
  const ignored = new Uint8Array(length);
  let withoutArea = 0;
  let groupOf = 0;
  for (let i = 0; i < length; i++) {
    const row = annotations[kept[i]!]!;
    id[i] = row.id ?? kept[i]! + 1;
    crowd[i] = row.iscrowd ? 1 : 0;
    ignored[i] = row.iscrowd || (ignoreKey && row.ignore) ? 1 : 0;
    if (isGroup(row as GroupKeys)) groupOf++;
    if (row.area === undefined) withoutArea++;
    else area[i] = row.area;
  }
  return { length, image, category, corners, area, id, crowd, ignored, withoutArea, groupOf, ...dropped };
};

/** As `truthTable`. */
export const detectionTable = (
  detections: readonly CocoDetection[],
  index: CocoIndex,
  { rules = detectionRules, list = 'detections' }: RowCheck = {},
): DetectionTable => {
  requireRows(detections, list, rules);
  const { kept, image, category, length, ...dropped } = placed(detections, index);
  const { corners, area } = boxesOf(detections, kept);
  const score = new Float64Array(length);
  const id = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    score[i] = detections[kept[i]!]!.score;
    id[i] = kept[i]! + 1;
  }
  return { length, image, category, corners, area, score, id, ...dropped };
};
