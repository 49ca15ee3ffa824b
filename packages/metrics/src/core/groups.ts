/** The boxes of a data set by category and image: a walk that meets each (category, image) with any box once, in that order. */
import { grouped, orderDescending } from './order.ts';
import type { BoxTable, ScoredTable } from './table.ts';

/** One image and category, as rows of the two tables. */
export interface Group {
  readonly category: number;
  readonly image: number;
  /** Rows of detections, descending score, at most the largest limit. */
  readonly detections: Uint32Array;
  /** Rows of objects in the order of the file. */
  readonly objects: Uint32Array;
}

const orderOf = (table: BoxTable, categories: number, images: number): Uint32Array =>
  grouped(table.category, categories, table.image, images);

export const visitGroups = (
  truth: BoxTable,
  found: ScoredTable,
  categories: number,
  images: number,
  most: number,
  visit: (group: Group) => void,
): void => {
  const objectRows = orderOf(truth, categories, images);
  const detectionRows = orderOf(found, categories, images);
  const scratch = new Uint32Array(detectionRows.length);
  const keyOf = (table: BoxTable, rows: Uint32Array, at: number): number =>
    at < rows.length ? table.category[rows[at]!]! * images + table.image[rows[at]!]! : Number.POSITIVE_INFINITY;
  let o = 0;
  let d = 0;
  while (o < objectRows.length || d < detectionRows.length) {
    const key = Math.min(keyOf(truth, objectRows, o), keyOf(found, detectionRows, d));
    const fromObject = o;
    const fromDetection = d;
    while (keyOf(truth, objectRows, o) === key) o++;
    while (keyOf(found, detectionRows, d) === key) d++;
    orderDescending(detectionRows, found.score, scratch, fromDetection, d);
    visit({
      category: Math.floor(key / images),
      image: key % images,
      detections: detectionRows.subarray(fromDetection, Math.min(d, fromDetection + most)),
      objects: objectRows.subarray(fromObject, o),
    });
  }
};
