/** Well-known functions that compose from the closed set. */
import type { Shape } from '../shape.ts';
import { scalar, type Tensor } from '../tensor.ts';
import { add, div, exp, less, log, maximum, minimum, mul, neg, select, sub } from './elementwise.ts';
import { broadcastTo, reshape } from './movement.ts';
import { max, sum } from './reduce.ts';

export const full = (shape: Shape, value: number): Tensor => broadcastTo(shape)(scalar(value));
export const zeros = (shape: Shape): Tensor => full(shape, 0);
export const ones = (shape: Shape): Tensor => full(shape, 1);

/** 1 / (1 + e^-x); saturates to 0 and 1. The exponent is bounded so that derivatives stay finite too. */
export const sigmoid = (x: Tensor): Tensor => div(1, add(exp(minimum(neg(x), 88)), 1));
/** 2 / (1 + e^-2x) - 1. */
export const tanh = (x: Tensor): Tensor => sub(div(2, add(exp(minimum(mul(x, -2), 88)), 1)), 1);
export const relu = (x: Tensor): Tensor => maximum(x, 0);
/** x where x > 0, else slope * x; the slope is at most 1. */
export const leakyRelu =
  (slope: number) =>
  (x: Tensor): Tensor =>
    maximum(x, mul(x, slope));
/** x^2. */
export const square = (x: Tensor): Tensor => mul(x, x);
/** x where lo <= x <= hi, else the nearer bound. */
export const clamp =
  (lo: number, hi: number) =>
  (x: Tensor): Tensor =>
    select(less(x, lo), lo, select(less(hi, x), hi, x));

/** Along the last axis, shifted by the maximum. */
export const softmax = (x: Tensor): Tensor => {
  const e = exp(sub(x, max({ axes: [-1], keep: true })(x)));
  return div(e, sum({ axes: [-1], keep: true })(e));
};
/** log(softmax(x)) without the intermediate underflow. */
export const logSoftmax = (x: Tensor): Tensor => {
  const shifted = sub(x, max({ axes: [-1], keep: true })(x));
  return sub(shifted, log(sum({ axes: [-1], keep: true })(exp(shifted))));
};

/** Nearest-neighbour enlargement of `[n, h, w, c]` by whole factors. */
export const upsample2d =
  (factor: number) =>
  (x: Tensor): Tensor => {
    const [n, h, w, c] = x.shape;
    const spread = broadcastTo([n, h, factor, w, factor, c])(reshape([n, h, 1, w, 1, c])(x));
    return reshape([n, h * factor, w * factor, c])(spread);
  };
