/**
 * What is made of exponentials and logarithms, accurate to a few units in the last place near 0 and far out, values and
 * derivatives alike. A branch that is not taken is kept finite, since 0 times infinity would be the NaN of a derivative.
 */
import { checkOptions, checkTensor } from '../check.ts';
import { stopMark } from '../op.ts';
import { normaliseAxes, sizeOf } from '../shape.ts';
import { scalar, type Tensor } from '../tensor.ts';
import { abs, add, div, equal, exp, less, log, mul, neg, select, sub, tag } from './elementwise.ts';
import { broadcastTo, reshape } from './movement.ts';
import { max, type ReduceOptions, reduceRules, sum } from './reduce.ts';

/**
 * 1 / (1 + e^-x); far below 0, where e^-x and then the products of a derivative would overflow, e^x, which is the same to
 * many more digits than f32 has.
 */
export const sigmoid = (x: Tensor): Tensor => {
  const low = less(checkTensor('sigmoid', 'x', x, 'f32'), -40);
  const e = exp(select(low, x, neg(x)));
  return select(low, e, div(1, add(e, 1)));
};

/** Up to where the polynomial for tanh holds. */
const bend = 0.55;
/** (tanh(x) / x - 1) / x^2 as a polynomial of x^2, interpolated so that the derivative is as close as the value. */
const tanhCoefficients = [
  0.0025263905990868807, -0.008526332676410675, 0.02181844972074032, -0.05396470054984093, 0.1333332359790802,
  -0.3333333432674408,
] as const;

/** x + x^3 p(x^2), p by its coefficients from the highest on. */
const oddNear0 = (x: Tensor, [first, second, ...others]: readonly number[]): Tensor => {
  const z = mul(x, x);
  const p = others.reduce((sum, c) => add(mul(sum, z), c), add(mul(z, first), second));
  return mul(x, add(mul(p, z), 1));
};

/** 2 / (1 + e^-2|x|) - 1 with the sign of x, and near 0, where that would cancel, a polynomial. */
export const tanh = (x: Tensor): Tensor => {
  const size = abs(checkTensor('tanh', 'x', x, 'f32'));
  const near = less(size, bend);
  const far = sub(div(2, add(exp(mul(size, -2)), 1)), 1);
  return select(near, oddNear0(select(near, x, 0), tanhCoefficients), select(less(x, 0), neg(far), far));
};

/** e^x - 1; near 0, where that would cancel, 2 t / (1 - t) with t = tanh(x / 2). */
export const expm1 = (x: Tensor): Tensor => {
  const near = less(abs(checkTensor('expm1', 'x', x, 'f32')), 2 * bend);
  const t = oddNear0(mul(select(near, x, 0), 0.5), tanhCoefficients);
  return select(near, div(mul(t, 2), sub(1, t)), sub(exp(x), 1));
};

/** (atanh(s) / s - 1) / s^2 as a polynomial of s^2, s up to 1/5; interpolated in the same way. */
const atanhCoefficients = [0.11877670139074326, 0.14266172051429749, 0.2000015825033188, 0.3333333432674408] as const;

/** log(1 + x); near 0, where the sum would round, 2 atanh(x / (2 + x)). */
export const log1p = (x: Tensor): Tensor => {
  const near = less(abs(checkTensor('log1p', 'x', x, 'f32')), 1 / 3);
  const small = select(near, x, 0);
  const s = div(small, add(small, 2));
  return select(near, mul(oddNear0(s, atanhCoefficients), 2), log(add(x, 1)));
};

/** As a constant to every derivative. */
const stopped = tag({ name: 'stop', uid: 0, payload: stopMark });

/** The largest value m and e^(x - m). The shift changes nothing but the range, so it has no derivative. */
const shiftedBy = (x: Tensor, m: Tensor) => {
  const shifted = sub(x, m);
  return { m, shifted, e: exp(shifted) };
};

const largestOver = (x: Tensor, axes: readonly number[]): Tensor => stopped(max({ axes, keep: true })(x));

/** The largest f32. */
const largest = 2 ** 128 - 2 ** 104;
/** A largest value that is infinite does not shift: infinity less itself would be NaN. */
const finiteOr0 = (m: Tensor): Tensor => select(less(largest, abs(m)), 0, m);

/**
 * log of the sum of e^(x - m). One of the summands is 1, and is left out of the sum before the others are lost beside it:
 * log1p takes their sum.
 */
const logOfSum = (x: Tensor, m: Tensor, e: Tensor, axes: readonly number[]): Tensor => {
  const over = sum({ axes, keep: true });
  const largests = stopped(equal(x, m));
  return log1p(add(over(sub(e, largests)), sub(over(largests), 1)));
};

/** log of the sum of e^x over axes; -infinity over none. */
export const logSumExp = (options: ReduceOptions = {}) => {
  checkOptions('logSumExp', reduceRules, options);
  return (x: Tensor): Tensor => {
    const { shape } = checkTensor('logSumExp', 'x', x, 'f32');
    const axes = normaliseAxes('logSumExp', options.axes ?? shape.map((_, i) => i), shape);
    const kept = shape.map((d, i) => (axes.includes(i) ? 1 : d));
    const dims = options.keep ? kept : shape.filter((_, i) => !axes.includes(i));
    if (axes.some((a) => shape[a] === 0)) return broadcastTo(dims)(scalar(Number.NEGATIVE_INFINITY));
    const { m, e } = shiftedBy(x, finiteOr0(largestOver(x, axes)));
    return reshape(dims)(add(m, logOfSum(x, m, e, axes)));
  };
};

const last = (op: string, x: Tensor): readonly number[] =>
  normaliseAxes(op, [-1], checkTensor(op, 'x', x, 'f32').shape);

/** Along the last axis e^x by its sum; NaN in all of a row whose largest value is infinite. */
export const softmax = (x: Tensor): Tensor => {
  const axes = last('softmax', x);
  if (sizeOf(x.shape) === 0) return x;
  const { e } = shiftedBy(x, largestOver(x, axes));
  return div(e, sum({ axes, keep: true })(e));
};

/** log(softmax(x)), without the underflow of the one and near 0 without the cancellation of the other. */
export const logSoftmax = (x: Tensor): Tensor => {
  const axes = last('logSoftmax', x);
  if (sizeOf(x.shape) === 0) return x;
  const { m, shifted, e } = shiftedBy(x, largestOver(x, axes));
  return sub(shifted, logOfSum(x, m, e, axes));
};
