/** Well-known functions that compose from the closed set. */
import { check, checkShape, checkTensor, finite, number, whole } from '../check.ts';
import { ArgumentError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import { scalar, type Tensor } from '../tensor.ts';
import { add, div, exp, less, log, maximum, minimum, mul, neg, select, sub } from './elementwise.ts';
import { broadcastTo, reshape } from './movement.ts';
import { max, sum } from './reduce.ts';

const filled = (op: string, shape: Shape, value: number): Tensor => broadcastTo(checkShape(op, shape))(scalar(value));

/** A shape of one value, f32. */
export const full = (shape: Shape, value: number): Tensor => {
  check('full', 'value', number, value);
  return filled('full', shape, value);
};
export const zeros = (shape: Shape): Tensor => filled('zeros', shape, 0);
export const ones = (shape: Shape): Tensor => filled('ones', shape, 1);

const slopeRule = { expected: 'a number of at most 1', holds: (x: unknown) => finite.holds(x) && (x as number) <= 1 };

/** 1 / (1 + e^-x); saturates to 0 and 1. The exponent is bounded so that derivatives stay finite too. */
export const sigmoid = (x: Tensor): Tensor => div(1, add(exp(minimum(neg(x), 88)), 1));
/** 2 / (1 + e^-2x) - 1. */
export const tanh = (x: Tensor): Tensor => sub(div(2, add(exp(minimum(mul(x, -2), 88)), 1)), 1);
export const relu = (x: Tensor): Tensor => maximum(x, 0);
/** x where x > 0, else slope * x; the slope is at most 1. */
export const leakyRelu = (slope: number) => {
  check('leakyRelu', 'slope', slopeRule, slope);
  return (x: Tensor): Tensor => maximum(checkTensor('leakyRelu', 'x', x), mul(x, slope));
};
/** x^2. */
export const square = (x: Tensor): Tensor => mul(x, x);
/** x where lo <= x <= hi, else the nearer bound; NaN where x is NaN. */
export const clamp = (lo: number, hi: number) => {
  check('clamp', 'lo', number, lo);
  check('clamp', 'hi', number, hi);
  if (!(lo <= hi)) throw new ArgumentError('clamp', 'lo', 'at most hi', `${lo} and ${hi}`);
  return (x: Tensor): Tensor => select(less(checkTensor('clamp', 'x', x), lo), lo, select(less(hi, x), hi, x));
};

/** Along the last axis, shifted by the maximum. */
export const softmax = (x: Tensor): Tensor => {
  checkTensor('softmax', 'x', x, 'f32');
  const e = exp(sub(x, max({ axes: [-1], keep: true })(x)));
  return div(e, sum({ axes: [-1], keep: true })(e));
};
/** log(softmax(x)) without the intermediate underflow. */
export const logSoftmax = (x: Tensor): Tensor => {
  checkTensor('logSoftmax', 'x', x, 'f32');
  const shifted = sub(x, max({ axes: [-1], keep: true })(x));
  return sub(shifted, log(sum({ axes: [-1], keep: true })(exp(shifted))));
};

/** Nearest-neighbour enlargement of `[n, h, w, c]` by whole factors. */
export const upsample2d = (factor: number) => {
  check('upsample2d', 'factor', whole(1), factor);
  return (x: Tensor): Tensor => {
    const [n, h, w, c] = checkTensor('upsample2d', 'x', x, undefined, 4).shape;
    const spread = broadcastTo([n, h, factor, w, factor, c])(reshape([n, h, 1, w, 1, c])(x));
    return reshape([n, h * factor, w * factor, c])(spread);
  };
};
