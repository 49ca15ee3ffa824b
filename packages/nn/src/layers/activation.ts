/**
 * The activations of Darknet by their names in a `.cfg` (SPEC 1.5). As there, the derivative is a function of the output,
 * so the input need not be kept.
 */
import {
  add,
  check,
  clamp,
  equal,
  expm1,
  floor,
  less,
  maximum,
  minimum,
  mul,
  ones,
  select,
  sigmoid,
  sub,
  type Tensor,
  tanh,
} from '@gdarknet/tensor';
import { customVjp } from '../autodiff/custom.ts';

type Rule = {
  readonly value: (x: Tensor) => Tensor;
  /** The derivative at the x that gave y. */
  readonly slope: (y: Tensor) => Tensor;
};

/** x where x > 0, else slope * x. */
const leaning = (slope: number): Rule => ({
  value: (x) => select(less(0, x), x, mul(x, slope)),
  slope: (y) => select(less(0, y), 1, slope),
});

/** top * x where x >= 0, else bottom * (e^x - 1). */
const exponential = (top: number, bottom: number): Rule => ({
  // The exponent is bounded so that the branch not taken stays finite.
  value: (x) => select(less(x, 0), mul(expm1(minimum(x, 0)), bottom), mul(x, top)),
  slope: (y) => select(less(y, 0), add(y, bottom), top),
});

/** 1 where lo < y < hi, else `outside`. */
const inside = (y: Tensor, lo: number, hi: number, outside: number): Tensor =>
  select(mul(less(lo, y), less(y, hi)), 1, outside);

const rules = {
  linear: { value: (x) => x, slope: (y) => ones(y.shape) },
  logistic: { value: sigmoid, slope: (y) => mul(y, sub(1, y)) },
  /** 2 logistic(x) - 1. */
  loggy: {
    value: (x) => tanh(mul(x, 0.5)),
    slope: (y) => mul(sub(1, mul(y, y)), 0.5),
  },
  relu: { value: (x) => maximum(x, 0), slope: (y) => less(0, y) },
  elu: exponential(1, 1),
  selu: exponential(1.0507, 1.0507 * 1.6732),
  relie: leaning(0.01),
  /** x + 0.1 x where x > 0, else 0.1 x. */
  ramp: {
    value: (x) => mul(x, select(less(0, x), 1.1, 0.1)),
    slope: (y) => select(less(0, y), 1.1, 0.1),
  },
  leaky: leaning(0.1),
  tanh: { value: tanh, slope: (y) => sub(1, mul(y, y)) },
  /** A logistic of three straight pieces. */
  plse: {
    value: (x) =>
      select(
        less(x, -4),
        mul(add(x, 4), 0.01),
        select(less(4, x), add(mul(sub(x, 4), 0.01), 1), add(mul(x, 0.125), 0.5)),
      ),
    slope: (y) => select(add(less(y, 0), less(1, y)), 0.01, 0.125),
  },
  /** Flat on [2k, 2k + 1), rising by 1 on [2k + 1, 2k + 2). */
  stair: {
    value: (x) => {
      const n = floor(x);
      const half = floor(mul(x, 0.5));
      return select(equal(n, mul(floor(mul(n, 0.5)), 2)), half, add(sub(x, n), half));
    },
    slope: (y) => sub(1, equal(floor(y), y)),
  },
  hardtan: { value: clamp(-1, 1), slope: (y) => inside(y, -1, 1, 0) },
  lhtan: {
    value: (x) => select(less(x, 0), mul(x, 0.001), select(less(1, x), add(mul(sub(x, 1), 0.001), 1), x)),
    slope: (y) => inside(y, 0, 1, 0.001),
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type Activation = keyof typeof rules;
export const activations = Object.keys(rules) as readonly Activation[];
export const isActivation = (name: string): name is Activation => Object.hasOwn(rules, name);

export const activationRule = check.oneOf(activations);

/** Applies the named activation, elementwise. */
export const activate = (name: Activation): ((x: Tensor) => Tensor) => {
  check.check('activate', 'the name', activationRule, name);
  if (name === 'linear') return (x) => x;
  const { value, slope }: Rule = rules[name];
  return customVjp(value, (dy, _, y) => [mul(dy, slope(y))]);
};
