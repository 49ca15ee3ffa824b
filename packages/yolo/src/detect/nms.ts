/**
 * Non-maximum suppression as the original does it (SPEC 6.3), its order of boxes included: what is written to result files
 * comes out in the order of the last class sorted. Greedy suppression by GIoU or DIoU is the same with another overlap.
 */
import { type Candidates, takeRows } from './candidates.ts';
import { type BoxOverlap, type NmsKind, overlaps } from './overlap.ts';

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
  const overlap = overlaps[options.kind ?? 'iou'];
  let { order, alive } = withObjectsFirst(objectness, count);
  for (let c = 0; c < classes; c++) {
    const score = (row: number): number => probabilities[row * classes + c]!;
    // Rows without a score keep their order behind the others, so that only the others need sorting.
    const scored: number[] = [];
    const others: number[] = [];
    for (let i = 0; i < alive; i++) (score(order[i]!) > 0 ? scored : others).push(order[i]!);
    if (scored.length === 0) continue;
    scored.sort((a, b) => score(b) - score(a));
    order = [...scored, ...others, ...order.slice(alive)];
    for (const row of suppressed(scored, boxes, overlap, Math.fround(threshold))) probabilities[row * classes + c] = 0;
  }
  return takeRows({ ...candidates, probabilities }, order);
};

/** All classes at once, by objectness: a suppressed box loses its objectness and all its scores. */
export const nmsObject = (candidates: Candidates, threshold: number, options: NmsOptions = {}): Candidates => {
  const { count, classes, boxes } = candidates;
  const objectness = candidates.objectness.slice();
  const probabilities = candidates.probabilities.slice();
  const { order, alive } = withObjectsFirst(objectness, count);
  const objects = order.slice(0, alive).sort((a, b) => objectness[b]! - objectness[a]!);
  for (const row of suppressed(objects, boxes, overlaps[options.kind ?? 'iou'], Math.fround(threshold))) {
    objectness[row] = 0;
    probabilities.fill(0, row * classes, (row + 1) * classes);
  }
  return takeRows({ ...candidates, objectness, probabilities }, [...objects, ...order.slice(alive)]);
};

/** Of rows in descending order of score, those that a better one which stands overlaps by more than `threshold`. */
const suppressed = (
  rows: readonly number[],
  boxes: Float32Array,
  overlap: BoxOverlap,
  threshold: number,
): readonly number[] => {
  const standing: number[] = [];
  const fallen: number[] = [];
  for (const row of rows) {
    let stands = true;
    for (let i = 0; i < standing.length && stands; i++) stands = !(overlap(boxes, standing[i]!, row) > threshold);
    (stands ? standing : fallen).push(row);
  }
  return fallen;
};

/** Boxes of objectness 0 change places with the last that may have one, as the original moves them. */
const withObjectsFirst = (
  objectness: Float32Array,
  count: number,
): { readonly order: number[]; readonly alive: number } => {
  const order = Array.from({ length: count }, (_, i) => i);
  let alive = count;
  for (let i = 0; i < alive; ) {
    if (objectness[order[i]!] !== 0) i++;
    else {
      alive--;
      [order[i], order[alive]] = [order[alive]!, order[i]!];
    }
  }
  return { order, alive };
};
