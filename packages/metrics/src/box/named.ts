/** Overlaps by name, and functions of two boxes in the form that the evaluators compute with. */
import { shown } from '../check/words.ts';
import type { Overlap } from './overlap.ts';
import { ciouOverlap, diouOverlap, giouOverlap, iouOverlap } from './overlap.ts';

export type NamedOverlap = 'iou' | 'giou' | 'diou' | 'ciou';

/** Corners `x1 y1 x2 y2` of a box. */
export type Corners = readonly [x1: number, y1: number, x2: number, y2: number];

/**
 * An overlap of your own: how well the box `a` of a detection fits the box `b` of an object; `crowd` where the object is
 * a region full of objects. The larger, the better; NaN is none. `(a, b) => diouOf(a, b)` is one.
 */
export type BoxOverlap = (a: Corners, b: Corners, crowd: boolean) => number;

const named: Readonly<Record<NamedOverlap, Overlap>> = {
  iou: iouOverlap,
  giou: giouOverlap,
  diou: diouOverlap,
  ciou: ciouOverlap,
};
export const overlapNames = /* @__PURE__ */ Object.keys(named) as readonly NamedOverlap[];

/** Thrown when an overlap of one's own gives something else than a number. */
export class OverlapError extends Error {
  override readonly name = 'OverlapError';
}

const cornersAt = (box: Float64Array, at: number): Corners => [box[at], box[at + 1], box[at + 2], box[at + 3]];

export const offsetOverlap = (overlap: NamedOverlap | BoxOverlap): Overlap => {
  if (typeof overlap === 'string') return named[overlap];
  return (a, i, b, j, crowd) => {
    const [p, q] = [cornersAt(a, i), cornersAt(b, j)];
    const value: unknown = overlap(p, q, crowd);
    if (typeof value === 'number') return value;
    throw new OverlapError(
      `overlap: your function gave ${shown(value)} for the boxes [${p}] and [${q}], expected a number.`,
    );
  };
};
