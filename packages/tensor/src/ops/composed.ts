/** Well-known functions that compose from the closed set. */
import { check, checkShape, checkTensor, finite, number, whole } from '../check.ts';
import { ArgumentError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import { scalar, type Tensor } from '../tensor.ts';
import { less, maximum, mul, select } from './elementwise.ts';
import { broadcastTo, reshape } from './movement.ts';

const filled = (op: string, shape: Shape, value: number): Tensor => broadcastTo(checkShape(op, shape))(scalar(value));

/** A shape of one value, f32. */
export const full = (shape: Shape, value: number): Tensor => {
  check('full', 'value', number, value);
  return filled('full', shape, value);
};
export const zeros = (shape: Shape): Tensor => filled('zeros', shape, 0);
export const ones = (shape: Shape): Tensor => filled('ones', shape, 1);

const slopeRule = { expected: 'a number of at most 1', holds: (x: unknown) => finite.holds(x) && (x as number) <= 1 };

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

/** Nearest-neighbour enlargement of `[n, h, w, c]` by whole factors. */
export const upsample2d = (factor: number) => {
  check('upsample2d', 'factor', whole(1), factor);
  return (x: Tensor): Tensor => {
    const [n, h, w, c] = checkTensor('upsample2d', 'x', x, undefined, 4).shape;
    const spread = broadcastTo([n, h, factor, w, factor, c])(reshape([n, h, 1, w, 1, c])(x));
    return reshape([n, h * factor, w * factor, c])(spread);
  };
};
