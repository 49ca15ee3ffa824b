/**
 * The boxes of a data set by category and image: each (category, image) with any box is one group, the groups in that
 * order. What is found here depends on no overlap and no threshold, so evaluations by several overlaps share it.
 */
import { grouped, orderDescending } from './order.ts';
import type { BoxTable, ScoredTable } from './table.ts';

/** Columns of groups. */
export interface Groups {
  readonly count: number;
  /** `[group]` */
  readonly category: Uint32Array;
  readonly image: Uint32Array;
  /** `[group + 1]`: where the rows of a group start in `objects` and in `detections`. */
  readonly objectStart: Uint32Array;
  readonly detectionStart: Uint32Array;
  /** Rows of objects, in a group in the order of the file. */
  readonly objects: Uint32Array;
  /** Rows of detections, in a group by descending score, at most the largest limit of them. */
  readonly detections: Uint32Array;
}

/** One group, as rows of the two tables. */
export interface Group {
  readonly category: number;
  readonly image: number;
  readonly detections: Uint32Array;
  readonly objects: Uint32Array;
}

/** Rows by category and image, and that place as one ascending number; the last is beyond all. */
const placesOf = (table: BoxTable, categories: number, images: number) => {
  const rows = grouped(table.category, categories, table.image, images);
  const keys = new Float64Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) keys[i] = table.category[rows[i]] * images + table.image[rows[i]];
  keys[rows.length] = Number.POSITIVE_INFINITY;
  return { rows, keys };
};

const differing = (keys: Float64Array): number => {
  let count = 0;
  for (let i = 0; i + 1 < keys.length; i++) if (keys[i] !== keys[i + 1]) count++;
  return count;
};

/** @param most detections a group that are kept, those with the best scores. */
export const groupsOf = (
  truth: BoxTable,
  found: ScoredTable,
  categories: number,
  images: number,
  most: number,
): Groups => {
  const { rows: objects, keys: objectKeys } = placesOf(truth, categories, images);
  const { rows: detections, keys: detectionKeys } = placesOf(found, categories, images);
  const bound = differing(objectKeys) + differing(detectionKeys);
  const category = new Uint32Array(bound);
  const image = new Uint32Array(bound);
  const objectStart = new Uint32Array(bound + 1);
  const detectionStart = new Uint32Array(bound + 1);
  const scratch = new Uint32Array(detections.length);
  let count = 0;
  let o = 0;
  let d = 0;
  let kept = 0;
  while (o < objects.length || d < detections.length) {
    const key = Math.min(objectKeys[o], detectionKeys[d]);
    const from = d;
    while (objectKeys[o] === key) o++;
    while (detectionKeys[d] === key) d++;
    if (d - from > 1) orderDescending(detections, found.score, scratch, from, d);
    const end = Math.min(d, from + most);
    if (kept !== from) detections.copyWithin(kept, from, end);
    kept += end - from;
    category[count] = Math.floor(key / images);
    image[count++] = key % images;
    objectStart[count] = o;
    detectionStart[count] = kept;
  }
  return {
    count,
    category: category.subarray(0, count),
    image: image.subarray(0, count),
    objectStart: objectStart.subarray(0, count + 1),
    detectionStart: detectionStart.subarray(0, count + 1),
    objects,
    detections: detections.subarray(0, kept),
  };
};

export const groupAt = (groups: Groups, g: number): Group => ({
  category: groups.category[g],
  image: groups.image[g],
  detections: groups.detections.subarray(groups.detectionStart[g], groups.detectionStart[g + 1]),
  objects: groups.objects.subarray(groups.objectStart[g], groups.objectStart[g + 1]),
});

/** A walk that meets each group once. */
export const visitGroups = (
  truth: BoxTable,
  found: ScoredTable,
  categories: number,
  images: number,
  most: number,
  visit: (group: Group) => void,
): void => {
  const groups = groupsOf(truth, found, categories, images, most);
  for (let g = 0; g < groups.count; g++) visit(groupAt(groups, g));
};
