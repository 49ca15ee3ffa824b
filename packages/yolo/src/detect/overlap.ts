/** Overlaps of two boxes of one column of (centre x, centre y, width, height), by row; what suppression compares. */
export type BoxOverlap = (boxes: Float32Array, i: number, j: number) => number;

const span = (boxes: Float32Array, a: number, b: number): number =>
  Math.min(boxes[a]! + boxes[a + 2]! / 2, boxes[b]! + boxes[b + 2]! / 2) -
  Math.max(boxes[a]! - boxes[a + 2]! / 2, boxes[b]! - boxes[b + 2]! / 2);
const hull = (boxes: Float32Array, a: number, b: number): number =>
  Math.max(boxes[a]! + boxes[a + 2]! / 2, boxes[b]! + boxes[b + 2]! / 2) -
  Math.min(boxes[a]! - boxes[a + 2]! / 2, boxes[b]! - boxes[b + 2]! / 2);

const iou: BoxOverlap = (boxes, i, j) => {
  const a = 4 * i;
  const b = 4 * j;
  const w = span(boxes, a, b);
  if (w <= 0) return 0;
  const h = span(boxes, a + 1, b + 1);
  if (h <= 0) return 0;
  const union = boxes[a + 2]! * boxes[a + 3]! + boxes[b + 2]! * boxes[b + 3]! - w * h;
  return union === 0 ? 0 : (w * h) / union;
};

/** IoU less the share of the hull that neither box covers. */
const giou: BoxOverlap = (boxes, i, j) => {
  const a = 4 * i;
  const b = 4 * j;
  const area = hull(boxes, a, b) * hull(boxes, a + 1, b + 1);
  const inter = Math.max(0, span(boxes, a, b)) * Math.max(0, span(boxes, a + 1, b + 1));
  const union = boxes[a + 2]! * boxes[a + 3]! + boxes[b + 2]! * boxes[b + 3]! - inter;
  const overlap = union === 0 ? 0 : inter / union;
  return area === 0 ? overlap : overlap - (area - union) / area;
};

/** IoU less the squared distance of the centres over the squared diagonal of the hull. */
const diou: BoxOverlap = (boxes, i, j) => {
  const a = 4 * i;
  const b = 4 * j;
  const diagonal = hull(boxes, a, b) ** 2 + hull(boxes, a + 1, b + 1) ** 2;
  const distance = (boxes[a]! - boxes[b]!) ** 2 + (boxes[a + 1]! - boxes[b + 1]!) ** 2;
  return diagonal === 0 ? iou(boxes, i, j) : iou(boxes, i, j) - distance / diagonal;
};

export const overlaps = { iou, giou, diou } as const;
export type NmsKind = keyof typeof overlaps;
