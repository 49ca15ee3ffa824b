/**
 * Overlap of two boxes: IoU, GIoU (Rezatofighi et al., CVPR 2019), DIoU and CIoU (Zheng et al., AAAI 2020).
 *
 *     IoU = I / U          GIoU = IoU - (C - U) / C
 *     DIoU = IoU - d² / c²  CIoU = DIoU - a v,  v = 4/π² (atan w2/h2 - atan w1/h1)²,  a = v / (1 - IoU + v)
 *
 * I, U, C: areas of intersection, union, smallest enclosing box; d: distance of the centres; c: diagonal of the
 * enclosing box. A box with a side that is not above zero is degenerate: IoU 0, the others -1. Nothing here is NaN
 * but in `compat`.
 */
import type { Pixel } from './corners.ts';

/** The rules in which evaluators differ. */
export interface OverlapRule {
  readonly pixel: Pixel;
  /**
   * `clamped`: (C - U) / C is not below 0, so GIoU <= IoU holds in floating point too (the original's VOC evaluator).
   * `signed`: the quotient as it rounds (its COCO evaluator).
   */
  readonly penalty: 'clamped' | 'signed';
  /** The bare formulas of the original: NaN for empty boxes, and a crowd's GIoU with the detection's area as union. */
  readonly compat: boolean;
}

/**
 * Overlap of box `i` of `a` with box `j` of `b`, both in columns of corners (`cornersOf`), `i` and `j` the offsets of
 * their first numbers. When `b` is a crowd (a region full of objects), a box inside it overlaps fully: I / area of `a`.
 */
export type Overlap = (
  a: Float64Array,
  i: number,
  b: Float64Array,
  j: number,
  crowd: boolean,
  rule: OverlapRule,
) => number;

export const iouOverlap: Overlap = (a, i, b, j, crowd, { pixel, compat }) => {
  const w = Math.min(a[i + 2], b[j + 2]) - Math.max(a[i], b[j]) + pixel;
  const h = Math.min(a[i + 3], b[j + 3]) - Math.max(a[i + 1], b[j + 1]) + pixel;
  if (!(w > 0 && h > 0)) return 0;
  const intersection = w * h;
  const area = a[i + 4] * a[i + 5];
  const ratio = intersection / (crowd ? area : area + b[j + 4] * b[j + 5] - intersection);
  if (compat) return ratio;
  // `(x + w) - x` may round above `w`: without the bound a box can overlap itself by more than 1.
  return ratio >= 0 ? Math.min(ratio, 1) : 0;
};

export const giouOverlap: Overlap = (a, i, b, j, crowd, { pixel, penalty, compat }) => {
  const aw = a[i + 4];
  const ah = a[i + 5];
  const bw = b[j + 4];
  const bh = b[j + 5];
  if (!compat && !(aw > 0 && ah > 0 && bw > 0 && bh > 0)) return -1;
  const w = Math.max(Math.min(a[i + 2], b[j + 2]) - Math.max(a[i], b[j]) + pixel, 0);
  const h = Math.max(Math.min(a[i + 3], b[j + 3]) - Math.max(a[i + 1], b[j + 1]) + pixel, 0);
  const intersection = w * h;
  const area = aw * ah;
  // The best object that a crowd could hold is the part of it that the detection covers; its enclosing box is the detection.
  if (crowd && !compat && intersection > 0) return Math.min(intersection / area, 1);
  const union = crowd && compat ? area : area + bw * bh - intersection;
  const enclosing =
    (Math.max(a[i + 2], b[j + 2]) - Math.min(a[i], b[j]) + pixel) *
    (Math.max(a[i + 3], b[j + 3]) - Math.min(a[i + 1], b[j + 1]) + pixel);
  const waste = (enclosing - union) / enclosing;
  const value = intersection / union - (penalty === 'clamped' && waste < 0 ? 0 : waste);
  if (compat) return value;
  return value >= -1 ? Math.min(value, 1) : -1;
};

const distanceTerm = (a: Float64Array, i: number, b: Float64Array, j: number, pixel: Pixel): number => {
  const dx = (a[i] + a[i + 2] - b[j] - b[j + 2]) / 2;
  const dy = (a[i + 1] + a[i + 3] - b[j + 1] - b[j + 3]) / 2;
  const cw = Math.max(a[i + 2], b[j + 2]) - Math.min(a[i], b[j]) + pixel;
  const ch = Math.max(a[i + 3], b[j + 3]) - Math.min(a[i + 1], b[j + 1]) + pixel;
  return (dx * dx + dy * dy) / (cw * cw + ch * ch);
};

const degenerate = (a: Float64Array, i: number): boolean => !(a[i + 4] > 0 && a[i + 5] > 0);

export const diouOverlap: Overlap = (a, i, b, j, crowd, rule) => {
  if (!rule.compat && (degenerate(a, i) || degenerate(b, j))) return -1;
  const value = iouOverlap(a, i, b, j, crowd, rule) - distanceTerm(a, i, b, j, rule.pixel);
  return rule.compat || value >= -1 ? value : -1;
};

export const ciouOverlap: Overlap = (a, i, b, j, crowd, rule) => {
  if (!rule.compat && (degenerate(a, i) || degenerate(b, j))) return -1;
  const iou = iouOverlap(a, i, b, j, crowd, rule);
  const angle = Math.atan(b[j + 4] / b[j + 5]) - Math.atan(a[i + 4] / a[i + 5]);
  const v = (4 / Math.PI ** 2) * angle * angle;
  // v = 0 with IoU = 1 would be 0 / 0; shapes that agree cost nothing.
  const shape = v === 0 ? 0 : (v * v) / (1 - iou + v);
  const value = iou - distanceTerm(a, i, b, j, rule.pixel) - shape;
  return rule.compat || Number.isFinite(value) ? value : -1;
};
