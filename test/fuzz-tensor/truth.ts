/** Functions that stand for themselves: in double precision, with the few ulp that a device may be off. */
import type { HostArray, Shape } from '../../packages/tensor/src/index.ts';
import type { Arithmetic, Bounded } from './bounds.ts';

type Row = (x: Float64Array) => Float64Array;
type Truth = {
  /** On the last axis. */
  readonly f: Row;
  /** Beyond 8 ulp of the value: absolute, from the input and the value. */
  readonly own?: (x: number, row: Float64Array) => number;
};

const each = (f: (x: number) => number): Truth => ({ f: (x) => x.map(f) });
const largestOf = (x: Float64Array): number => x.reduce((a, b) => Math.max(a, b));
const unit = 2 ** -23;

const softmax: Row = (x) => {
  const top = largestOf(x);
  const e = x.map((v) => Math.exp(v - top));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / total);
};
/** log(1 + the sum of the others), so that it is right where one value dominates. */
const logSoftmax: Row = (x) => {
  const top = largestOf(x);
  const at = x.indexOf(top);
  const others = x.reduce((sum, v, i) => (i === at ? sum : sum + Math.exp(v - top)), 0);
  return x.map((v) => v - top - Math.log1p(others));
};

export const truths = {
  exp: each(Math.exp),
  sqrt: each(Math.sqrt),
  sin: each(Math.sin),
  cos: each(Math.cos),
  atan: each(Math.atan),
  floor: each(Math.floor),
  square: each((x) => x * x),
  log: each(Math.log),
  tanh: each(Math.tanh),
  expm1: each(Math.expm1),
  log1p: each(Math.log1p),
  sigmoid: each((x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)))),
  softmax: { f: softmax },
  logSoftmax: { f: logSoftmax },
} as const satisfies { readonly [name: string]: Truth };

export type TruthName = keyof typeof truths;
export const truthNames = Object.keys(truths) as TruthName[];
/** What is made of others is drawn more often. */
export const composed: ReadonlySet<TruthName> = new Set(['tanh', 'sigmoid', 'expm1', 'log1p', 'softmax', 'logSoftmax']);

const tiny = 2 ** -149;

/** What a device adds to the rounding of a few steps. */
const ownOf = (name: TruthName, x: number, y: number, row: Float64Array, { flushes }: Arithmetic): number => {
  switch (name) {
    case 'sin':
    case 'cos':
      return flushes ? 2 ** -20 * Math.max(1, Math.abs(x)) : 0;
    case 'log':
      return flushes ? 2 ** -21 : 0;
    case 'floor':
      return flushes && x < 0 && x > -(2 ** -126) ? 1 : 0;
    // The difference to the largest is rounded before it is raised.
    case 'softmax':
      return Math.abs(y) * Math.abs(x - largestOf(row)) * unit;
    case 'logSoftmax': {
      const top = largestOf(row);
      const others = row.reduce((sum, v) => sum + (top - v) * Math.exp(v - top), 0);
      return (Math.abs(x - top) + others) * unit;
    }
    default:
      return 0;
  }
};

/** Values and bounds of a function on the last axis of an argument. */
export const truthOf = (name: TruthName, data: HostArray, shape: Shape, arithmetic: Arithmetic): Bounded => {
  const length = shape[shape.length - 1];
  const out = new Float32Array(data.length);
  const apart = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += length) {
    const row = Float64Array.from(data.subarray(at, at + length));
    const values = truths[name].f(row);
    values.forEach((y, i) => {
      out[at + i] = y;
      const least = arithmetic.flushes && Math.abs(y) < 2 ** -125 ? 2 ** -125 : tiny;
      apart[at + i] = 8 * unit * Math.abs(y) + 2 * least + ownOf(name, row[i], y, row, arithmetic);
    });
  }
  return { data: out, shape, apart, signless: true };
};
