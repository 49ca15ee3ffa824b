/**
 * Non-maximum suppression as the original does it (SPEC 6.3), its order of boxes included: what is written to result files
 * comes out in the order of the last class sorted. Greedy suppression by GIoU or DIoU is the same with another overlap.
 */
import { type Candidates, takeRows } from './candidates.ts';
import { type NmsKind, type Overlaps, overlapsBy } from './overlap.ts';

export interface NmsOptions {
  /** What two boxes are compared by. */
  readonly kind?: NmsKind;
}

/**
 * Class by class: boxes in descending order of their score for the class, each that stands clears this score of all later
 * boxes which overlap it by more than `threshold`. The order carries over from class to class and is that of the result.
 */
export const nmsSort = (candidates: Candidates, threshold: number, options: NmsOptions = {}): Candidates => {
  const { count, classes, boxes, objectness } = candidates;
  const probabilities = candidates.probabilities.slice();
  const overlapping = overlapSets(boxes, count, overlapsBy(options.kind ?? 'iou'), Math.fround(threshold));
  let { order, alive } = withObjectsFirst(objectness, count);
  for (let c = 0; c < classes; c++) {
    const score = (row: number): number => probabilities[row * classes + c];
    // Rows without a score keep their order behind the others, so that only the others need sorting.
    const scored: number[] = [];
    const others: number[] = [];
    for (let i = 0; i < alive; i++) (score(order[i]) > 0 ? scored : others).push(order[i]);
    if (scored.length === 0) continue;
    scored.sort((a, b) => score(b) - score(a));
    order = [...scored, ...others, ...order.slice(alive)];
    for (const row of suppressed(scored, overlapping)) probabilities[row * classes + c] = 0;
  }
  return takeRows({ ...candidates, probabilities }, order);
};

/** All classes at once, by objectness: a suppressed box loses its objectness and all its scores. */
export const nmsObject = (candidates: Candidates, threshold: number, options: NmsOptions = {}): Candidates => {
  const { count, classes, boxes } = candidates;
  const objectness = candidates.objectness.slice();
  const probabilities = candidates.probabilities.slice();
  const { order, alive } = withObjectsFirst(objectness, count);
  const objects = order.slice(0, alive).sort((a, b) => objectness[b] - objectness[a]);
  const overlapping = overlapSets(boxes, count, overlapsBy(options.kind ?? 'iou'), Math.fround(threshold));
  for (const row of suppressed(objects, overlapping)) {
    objectness[row] = 0;
    probabilities.fill(0, row * classes, (row + 1) * classes);
  }
  return takeRows({ ...candidates, objectness, probabilities }, [...objects, ...order.slice(alive)]);
};

type RowSet = Uint32Array;

/**
 * For a row, the set of rows that overlap it by more than `threshold`. Found when first asked for and kept: with 80 classes
 * over 10 000 boxes the same pairs come up again and again.
 */
const overlapSets = (
  boxes: Float32Array,
  count: number,
  overlapsOf: Overlaps,
  threshold: number,
): ((row: number) => RowSet) => {
  const sets = new Array<RowSet | undefined>(count);
  const find = (row: number): RowSet => {
    const set = new Uint32Array((count + 31) >> 5);
    const values = overlapsOf(boxes.subarray(4 * row, 4 * row + 4), boxes, { format: 'cxcywh' });
    for (let other = 0; other < count; other++) {
      if (values[other] > threshold) set[other >> 5] |= 1 << (other & 31);
    }
    return set;
  };
  return (row) => {
    sets[row] ??= find(row);
    return sets[row];
  };
};

/** Of rows in descending order of score, those that a better one which stands overlaps. */
const suppressed = (rows: readonly number[], overlapping: (row: number) => RowSet): readonly number[] => {
  if (rows.length < 2) return [];
  const out: number[] = [];
  let fallen: RowSet | undefined;
  for (const row of rows) {
    if (fallen !== undefined && (fallen[row >> 5] >>> (row & 31)) & 1) out.push(row);
    else {
      const set = overlapping(row);
      if (fallen === undefined) fallen = set.slice();
      else for (let i = 0; i < set.length; i++) fallen[i] |= set[i];
    }
  }
  return out;
};

/** Boxes of objectness 0 change places with the last that may have one, as the original moves them. */
const withObjectsFirst = (
  objectness: Float32Array,
  count: number,
): { readonly order: number[]; readonly alive: number } => {
  const order = Array.from({ length: count }, (_, i) => i);
  let alive = count;
  for (let i = 0; i < alive; ) {
    if (objectness[order[i]] !== 0) i++;
    else {
      alive--;
      [order[i], order[alive]] = [order[alive], order[i]];
    }
  }
  return { order, alive };
};
