/**
 * Boxes as tensors: edges, areas, IoU and GIoU. Shapes stretch by the elementwise rule, so the same functions serve pairs and
 * tables. Nothing divides by zero, in value or in derivative.
 */
import { stopGradient } from '@gdarknet/nn';
import {
  add,
  atan,
  div,
  equal,
  greater,
  maximum,
  minimum,
  mul,
  relu,
  select,
  sliceAxis,
  square,
  sub,
  type Tensor,
} from '@gdarknet/tensor';

/** Centre and size. */
export type Box = { readonly x: Tensor; readonly y: Tensor; readonly width: Tensor; readonly height: Tensor };
export type Edges = { readonly top: Tensor; readonly bottom: Tensor; readonly left: Tensor; readonly right: Tensor };

/** Entry `k` of the last axis, which stays with length 1. */
export const column = (k: number): ((x: Tensor) => Tensor) => sliceAxis(-1, k, k + 1);

/** `[..., 4]` to a box of `[..., 1]`. */
export const boxOf = (x: Tensor): Box => ({
  x: column(0)(x),
  y: column(1)(x),
  width: column(2)(x),
  height: column(3)(x),
});

export const edgesOf = ({ x, y, width, height }: Box): Edges => ({
  top: sub(y, mul(height, 0.5)),
  bottom: add(y, mul(height, 0.5)),
  left: sub(x, mul(width, 0.5)),
  right: add(x, mul(width, 0.5)),
});

/** Below this a denominator counts as zero: the square of a smaller one is no f32, and some devices round it to 0. */
const tiny = 1e-37;

/** a / b, or 0 where b is not above zero. */
export const ratio = (a: Tensor, b: Tensor): Tensor => {
  const some = greater(b, tiny);
  return select(some, div(a, select(some, b, 1)), 0);
};

/** Sides of the smallest box around both. */
export const enclosingSides = (p: Edges, q: Edges): { readonly width: Tensor; readonly height: Tensor } => ({
  width: sub(maximum(p.right, q.right), minimum(p.left, q.left)),
  height: sub(maximum(p.bottom, q.bottom), minimum(p.top, q.top)),
});

export const intersectionOf = (p: Box, q: Box): Tensor => {
  const [a, b] = [edgesOf(p), edgesOf(q)];
  return mul(
    relu(sub(minimum(a.right, b.right), maximum(a.left, b.left))),
    relu(sub(minimum(a.bottom, b.bottom), maximum(a.top, b.top))),
  );
};

export const unionOf = (p: Box, q: Box): Tensor =>
  sub(add(mul(p.width, p.height), mul(q.width, q.height)), intersectionOf(p, q));

export const iouOf = (p: Box, q: Box): Tensor => ratio(intersectionOf(p, q), unionOf(p, q));

/** IoU where the enclosing box is empty, as the original. */
export const giouOf = (p: Box, q: Box): Tensor => {
  const { width, height } = enclosingSides(edgesOf(p), edgesOf(q));
  const enclosing = mul(width, height);
  const empty = equal(enclosing, 0);
  const waste = div(sub(enclosing, unionOf(p, q)), select(empty, 1, enclosing));
  return sub(iouOf(p, q), select(empty, 0, waste));
};

/** Angle of a box's diagonal; a box without height stands upright unless it has no width either. */
const slant = ({ width, height }: Box): Tensor => atan(div(width, maximum(height, 1e-9)));

/** How far the second box's aspect is from the first's, in units of a right angle, and its square. */
export const aspectTerm = (p: Box, q: Box): { readonly turn: Tensor; readonly v: Tensor } => {
  const turn = mul(sub(slant(q), slant(p)), 2 / Math.PI);
  return { turn, v: square(turn) };
};

/** The paper's trade-off, a constant to every derivative. */
export const aspectWeight = (p: Box, q: Box): Tensor => {
  const { v } = aspectTerm(p, q);
  return stopGradient(ratio(v, add(sub(1, iouOf(p, q)), v)));
};
