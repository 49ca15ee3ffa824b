/** What a COCO evaluation reads: the shapes of the instances file and of the results file, and the columns made of them. */
import { cornerStride, cornersOf } from '../box/corners.ts';
import type { BoxTable, ScoredTable } from '../core/table.ts';

export interface CocoImage {
  readonly id: number;
  readonly file_name?: string;
  readonly width?: number;
  readonly height?: number;
}

export interface CocoCategory {
  readonly id: number;
  readonly name?: string;
}

export interface CocoAnnotation {
  readonly id?: number;
  readonly image_id: number;
  readonly category_id: number;
  /** x, y of the top left corner, width, height, in pixels from 0. */
  readonly bbox: readonly number[];
  /** Of the segment in COCO's own files, which is what decides small, medium, large; width * height when absent. */
  readonly area?: number;
  readonly iscrowd?: number | boolean;
  /** Of no effect in pycocotools, which overwrites it with `iscrowd`; see the option `ignoreKey`. */
  readonly ignore?: number | boolean;
}

export interface CocoInstances {
  readonly images: readonly CocoImage[];
  readonly annotations: readonly CocoAnnotation[];
  readonly categories: readonly CocoCategory[];
}

export interface CocoDetection {
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: readonly number[];
  readonly score: number;
}

export interface TruthTable extends BoxTable {
  readonly id: Float64Array;
  readonly crowd: Uint8Array;
  readonly ignored: Uint8Array;
  readonly withoutArea: number;
}

export interface DetectionTable extends ScoredTable {
  /** 1-based place in the results, which is the identity pycocotools gives a detection. */
  readonly id: Float64Array;
  readonly unknownImages: number;
  readonly unknownCategories: number;
}

/** Thrown on input that no evaluation can be made of, where no reader has looked at it before. */
export class CocoInputError extends Error {
  override readonly name = 'CocoInputError';
}

const ascending = (ids: Iterable<number>): readonly number[] => [...new Set(ids)].sort((a, b) => a - b);

/** Images and categories, each once and ascending, which is the order of every result. */
export interface CocoIndex {
  readonly images: readonly number[];
  readonly categories: readonly CocoCategory[];
  readonly imageAt: ReadonlyMap<number, number>;
  readonly categoryAt: ReadonlyMap<number, number>;
}

export const indexOf = (images: readonly CocoImage[], categories: readonly CocoCategory[]): CocoIndex => {
  const imageIds = ascending(images.map((image) => image.id));
  const named = new Map(categories.map((category) => [category.id, category]));
  const categoryIds = ascending(named.keys());
  return {
    images: imageIds,
    categories: categoryIds.map((id) => named.get(id) ?? { id }),
    imageAt: new Map(imageIds.map((id, i) => [id, i])),
    categoryAt: new Map(categoryIds.map((id, i) => [id, i])),
  };
};

const boxesOf = (
  rows: readonly { readonly bbox: readonly number[] }[],
  kept: Uint32Array,
  what: string,
): { readonly corners: Float64Array; readonly area: Float64Array } => {
  const boxes = new Float64Array(4 * kept.length);
  for (let i = 0; i < kept.length; i++) {
    const box = rows[kept[i]!]!.bbox;
    if (box?.length !== 4) throw new CocoInputError(`${what}[${kept[i]}].bbox: expected [x, y, width, height].`);
    for (let c = 0; c < 4; c++) boxes[4 * i + c] = box[c]!;
  }
  const corners = cornersOf(boxes, 'xywh', 0);
  const area = new Float64Array(kept.length);
  for (let i = 0; i < area.length; i++) area[i] = corners[cornerStride * i + 4]! * corners[cornerStride * i + 5]!;
  return { corners, area };
};

/** The rows on a known image and category, with their places; what is unknown is counted. */
const placed = (rows: readonly { readonly image_id: number; readonly category_id: number }[], index: CocoIndex) => {
  const kept = new Uint32Array(rows.length);
  const image = new Uint32Array(rows.length);
  const category = new Uint32Array(rows.length);
  let length = 0;
  let unknownImages = 0;
  let unknownCategories = 0;
  // Rows of one image usually lie together.
  let lastImage = Number.NaN;
  let atImage: number | undefined;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (row.image_id !== lastImage) {
      lastImage = row.image_id;
      atImage = index.imageAt.get(lastImage);
    }
    const atCategory = index.categoryAt.get(row.category_id);
    if (atImage === undefined) unknownImages++;
    else if (atCategory === undefined) unknownCategories++;
    else {
      kept[length] = i;
      image[length] = atImage;
      category[length++] = atCategory;
    }
  }
  const cut = (column: Uint32Array): Uint32Array => column.subarray(0, length);
  return { kept: cut(kept), image: cut(image), category: cut(category), length, unknownImages, unknownCategories };
};

export const truthTable = (
  annotations: readonly CocoAnnotation[],
  index: CocoIndex,
  ignoreKey: boolean,
): TruthTable => {
  const { kept, image, category, length } = placed(annotations, index);
  const { corners, area } = boxesOf(annotations, kept, 'annotations');
  const id = new Float64Array(length);
  const crowd = new Uint8Array(length);
  const ignored = new Uint8Array(length);
  let withoutArea = 0;
  for (let i = 0; i < length; i++) {
    const row = annotations[kept[i]!]!;
    id[i] = row.id ?? kept[i]! + 1;
    crowd[i] = row.iscrowd ? 1 : 0;
    ignored[i] = row.iscrowd || (ignoreKey && row.ignore) ? 1 : 0;
    if (row.area === undefined) withoutArea++;
    else area[i] = row.area;
  }
  return { length, image, category, corners, area, id, crowd, ignored, withoutArea };
};

export const detectionTable = (detections: readonly CocoDetection[], index: CocoIndex): DetectionTable => {
  const { kept, image, category, length, unknownImages, unknownCategories } = placed(detections, index);
  const { corners, area } = boxesOf(detections, kept, 'detections');
  const score = new Float64Array(length);
  const id = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    score[i] = detections[kept[i]!]!.score;
    id[i] = kept[i]! + 1;
  }
  return { length, image, category, corners, area, score, id, unknownImages, unknownCategories };
};
