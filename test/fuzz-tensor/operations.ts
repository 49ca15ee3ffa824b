/**
 * How the operands and options of each exported function are drawn. The table is compared with what the package exports, so
 * that a new function cannot be forgotten.
 */
import type { DType, Shape, Tensor } from '../../packages/tensor/src/index.ts';
import * as T from '../../packages/tensor/src/index.ts';
import { type Drawer, stretches } from './draw.ts';
import type { Arg } from './program.ts';

/** Adds a call of the function; gives its place. */
export type Draw = (d: Drawer) => number;
type Row = { readonly weight: number; readonly draw: Draw };

const ref = (place: number): Arg => ({ ref: place });
const options = (record: { readonly [name: string]: Arg | undefined }): Arg => ({
  options: Object.fromEntries(Object.entries(record).filter(([, v]) => v !== undefined)) as { [name: string]: Arg },
});
const sizeOf = (d: Drawer, place: number): number => T.sizeOf(d.tensors[place].shape);

const unary = (name: string, weight = 2): Row => ({
  weight,
  draw: (d) => {
    const integers = name === 'neg' || name === 'abs';
    const x = d.find(
      (t) => t.dtype === 'f32' || integers,
      () => d.source(d.shape()),
    );
    return d.call(name, [[ref(x)]]);
  },
});

/** On one f32 value, given options first. */
const curried = (name: string, before: (d: Drawer) => readonly Arg[], weight = 1): Row => ({
  weight,
  draw: (d) => {
    const x = d.of();
    return d.call(name, [before(d), [ref(x)]]);
  },
});

const isSmall = (d: Drawer, a: Shape, b: Shape): boolean =>
  a.length + b.length === 0 || T.sizeOf(a.map((x, i) => Math.max(x, b[i] ?? 1))) <= d.limits.elements;

const binary = (name: string, weight = 4): Row => ({
  weight,
  draw: (d) => {
    const dtype: DType = d.random.weighted([
      ['f32', 9],
      ['i32', 1],
      ['u32', 0.5],
    ]);
    const x = d.of(dtype);
    const { shape } = d.tensors[x];
    const other = (): Arg => {
      if (d.random.chance(dtype === 'f32' ? 0.25 : 0.1)) return dtype === 'f32' ? d.scalar() : d.random.whole(0, 4);
      if (d.random.chance(0.1)) return ref(x);
      const y = d.stretching(shape, dtype, x);
      return ref(isSmall(d, shape, d.tensors[y].shape) ? y : x);
    };
    const y = other();
    return d.call(name, [d.random.chance(0.7) ? [ref(x), y] : [y, ref(x)]]);
  },
});

const axesOf = (d: Drawer, rank: number): number[] => {
  const axes = Array.from({ length: rank }, (_, i) => i).filter(() => d.random.chance(0.5));
  return axes.map((a) => (d.random.chance(0.2) ? a - rank : a));
};

/** Reductions that have a value over nothing, and those that take integers. */
const overNothing = ['sum', 'mean', 'logSumExp'];
const ofIntegers = ['sum', 'mean', 'max'];
const reduction = (name: string, weight = 3): Row => ({
  weight,
  draw: (d) => {
    const least = overNothing.includes(name) ? 0 : 1;
    const x = d.find(
      (t) => (t.dtype === 'f32' || ofIntegers.includes(name)) && T.sizeOf(t.shape) >= least,
      () => d.source(d.shape().map((n) => Math.max(least, n))),
    );
    const rank = d.tensors[x].shape.length;
    const axes = d.random.chance(0.8) ? axesOf(d, rank) : undefined;
    const given = options({ axes, keep: d.random.chance(0.4) ? true : undefined });
    return d.call(name, [d.random.chance(0.1) && axes === undefined ? [] : [given], [ref(x)]]);
  },
});

const bounds = (d: Drawer, shape: Shape): { start: number[]; end: number[]; step: number[] } => {
  const start = shape.map((n) => (d.random.chance(0.4) ? 0 : d.random.whole(0, n)));
  const end = shape.map((n, i) => (d.random.chance(0.4) ? n : d.random.whole(Math.min(n, start[i] + 1), n)));
  return { start, end, step: shape.map(() => (d.random.chance(0.75) ? 1 : d.random.whole(1, 3))) };
};

const indices = (d: Drawer, count: number, size: number): number =>
  d.find(
    (t) => t.dtype === 'i32' && t.shape.length === 1 && t.shape[0] === count,
    () => d.source([count], 'i32', { kind: 'index', seed: d.random.seed(), size }),
  );

/** A matrix or a batch of matrices `[m, k]`, stored transposed or not. */
const product: Draw = (d) => {
  const batched = d.random.chance(0.45);
  const rank = batched ? 3 : 2;
  const [transposeA, transposeB] = [d.random.chance(0.3), d.random.chance(0.3)];
  const a = d.ofRank(rank, 'f32', d.random.chance(0.1) ? 0 : 1);
  const shape = d.tensors[a].shape;
  const [m, k] = transposeA ? [shape[rank - 1], shape[rank - 2]] : shape.slice(-2);
  const wanted = (t: Tensor): boolean =>
    t.shape.length === rank && t.shape[transposeB ? rank - 1 : rank - 2] === k && (!batched || t.shape[0] === shape[0]);
  const n = d.length();
  const b = d.find(
    (t) => t.dtype === 'f32' && wanted(t),
    () => d.source([...(batched ? [shape[0]] : []), ...(transposeB ? [n, k] : [k, n])]),
  );
  d.spend(sizeOf(d, b) * m * (batched ? 1 : 1));
  const given = options({ transposeA: transposeA || undefined, transposeB: transposeB || undefined });
  return d.call('matmul', [
    transposeA || transposeB || d.random.chance(0.1) ? [ref(a), ref(b), given] : [ref(a), ref(b)],
  ]);
};

type Window = { readonly stride: Arg; readonly padding: Arg };
const windowOf = (d: Drawer, kh: number, kw: number): Window => ({
  stride: d.random.chance(0.6)
    ? 1
    : d.random.chance(0.5)
      ? d.random.whole(1, 3)
      : [d.random.whole(1, 3), d.random.whole(1, 3)],
  padding: d.random.chance(0.35)
    ? 0
    : d.random.chance(0.6)
      ? Math.floor(Math.min(kh, kw) / 2)
      : [d.random.whole(0, kh - 1), d.random.whole(0, kh - 1), d.random.whole(0, kw - 1), d.random.whole(0, kw - 1)],
});

type Convolution = { readonly image: Shape; readonly filter: Shape; readonly given: Arg; readonly x: number };
const convolution = (d: Drawer): Convolution => {
  const x = d.ofRank(4, 'f32', 1);
  const image = d.tensors[x].shape;
  const [, h, w, c] = image;
  const divisors = Array.from({ length: c }, (_, i) => i + 1).filter((g) => c % g === 0);
  const groups = d.random.chance(0.65) ? 1 : d.random.chance(0.5) ? c : d.random.pick(divisors);
  const [kh, kw] = d.random.weighted<readonly [number, number]>([
    [[1, 1], 4],
    [[3, 3], 5],
    [[2, 2], 2],
    [[5, 5], 1],
    [[d.random.whole(1, 4), d.random.whole(1, 4)], 3],
  ]);
  const out = groups * Math.max(1, groups === 1 ? d.length() : d.random.whole(1, 2));
  const { stride, padding } = windowOf(d, kh, kw);
  const sides = typeof padding === 'number' ? [padding, padding, padding, padding] : (padding as readonly number[]);
  const [low, left] = [sides[0] + sides[1], sides[2] + sides[3]];
  const [fh, fw] = [Math.min(kh, h + low), Math.min(kw, w + left)];
  d.spend(T.sizeOf(image) * fh * fw * (out / groups));
  return {
    image,
    filter: [out, fh, fw, c / groups],
    x,
    given: options({
      stride: stride === 1 ? undefined : stride,
      padding: padding === 0 ? undefined : padding,
      groups: groups === 1 ? undefined : groups,
    }),
  };
};
const asOptions = (arg: Arg): T.ConvOptions => (arg as { options: T.ConvOptions }).options;
const outputOf = ({ image, filter, given }: Convolution): Shape =>
  T.conv2d(T.input(0, filter), asOptions(given))(T.input(1, image)).shape;

const pooling = (d: Drawer): { x: number; given: Arg } => {
  const x = d.ofRank(4, 'f32', 1);
  const [, h, w] = d.tensors[x].shape;
  const size = (limit: number): number => d.random.whole(1, Math.min(4, limit));
  const [kh, kw] = [size(h), size(w)];
  const { stride, padding } = windowOf(d, kh, kw);
  const square = kh === kw && d.random.chance(0.5);
  return {
    x,
    given: options({
      size: square ? kh : [kh, kw],
      stride: d.random.chance(0.3) ? undefined : stride,
      padding: padding === 0 ? undefined : padding,
    }),
  };
};

const keyOf = (d: Drawer): number =>
  d.find(
    (t) => t.dtype === 'u32' && T.sizeOf(t.shape) === 2,
    () => d.call('key', [[d.random.whole(0, 1000)]]),
  );

const filled = (name: string): Row => ({
  weight: 0.5,
  draw: (d) => d.call(name, [name === 'full' ? [[...d.shape()], d.scalar()] : [[...d.shape()]]]),
});

/** An f32 value with a last axis to normalise along. */
const along = (name: string, weight = 1.5): Row => ({
  weight,
  draw: (d) => {
    const x = d.of('f32', (t) => t.shape.length > 0 && T.sizeOf(t.shape) > 0);
    if (d.tensors[x].shape.length === 0 || sizeOf(d, x) === 0)
      return d.call(name, [[ref(d.source([d.positiveLength()]))]]);
    return d.call(name, [[ref(x)]]);
  },
});

export const operations: { readonly [name: string]: Row } = {
  ...Object.fromEntries(
    ['neg', 'abs', 'exp', 'log', 'sqrt', 'sin', 'cos', 'atan', 'floor', 'square', 'relu'].map((name) => [
      name,
      unary(name),
    ]),
  ),
  sigmoid: unary('sigmoid'),
  tanh: unary('tanh'),
  expm1: unary('expm1'),
  log1p: unary('log1p'),
  ...Object.fromEntries(
    ['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'less', 'greater', 'equal'].map((name) => [
      name,
      binary(name, name === 'add' || name === 'mul' ? 7 : 3),
    ]),
  ),
  leakyRelu: curried('leakyRelu', (d) => [d.random.pick([0, 0.1, 0.25, 1])]),
  clamp: curried('clamp', (d) => [d.random.pick([-2, 0, -0.5]), d.random.pick([0, 1, 6])]),
  select: {
    weight: 3,
    draw: (d) => {
      const c = d.of();
      const { shape } = d.tensors[c];
      const a = d.stretching(shape, 'f32');
      const b = d.random.chance(0.3) ? d.scalar() : ref(d.stretching(shape, 'f32'));
      const fits =
        typeof b !== 'object' || !('ref' in b) || stretches(d.tensors[a].shape, d.tensors[b.ref as number].shape);
      return d.call('select', [[ref(c), ref(a), fits ? b : ref(a)]]);
    },
  },
  cast: {
    weight: 2,
    draw: (d) => {
      const x = d.any();
      return d.call('cast', [[d.random.pick(['f32', 'i32', 'u32'])], [ref(x)]]);
    },
  },
  print: curried('print', (d) => [d.random.pick(['a', 'b'])], 0.7),
  tag: curried('tag', () => [options({ name: 'mark', uid: 0 })], 0.3),

  broadcastTo: {
    weight: 3,
    draw: (d) => {
      const x = d.any();
      const { shape } = d.tensors[x];
      const lead = d.random.chance(0.3) ? [d.random.whole(1, 3)] : [];
      const dims = [...lead, ...shape.map((n) => (n === 1 && d.random.chance(0.7) ? d.length() : n))];
      return d.call('broadcastTo', [[dims], [ref(x)]]);
    },
  },
  reshape: {
    weight: 4,
    draw: (d) => {
      const x = d.any();
      const size = sizeOf(d, x);
      if (size === 0) return d.call('reshape', [[[...d.tensors[x].shape].reverse()], [ref(x)]]);
      const dims = d.factors(size, d.random.whole(size === 1 ? 0 : 1, 4));
      if (dims.length > 0 && d.random.chance(0.2)) dims[d.random.whole(0, dims.length - 1)] = -1;
      return d.call('reshape', [[dims], [ref(x)]]);
    },
  },
  transpose: {
    weight: 4,
    draw: (d) => {
      const x = d.any((t) => t.shape.length > 1);
      const order = d.tensors[x].shape.map((_, i) => i);
      for (let i = order.length - 1; i > 0; i--) {
        const j = d.random.whole(0, i);
        [order[i], order[j]] = [order[j], order[i]];
      }
      return d.call('transpose', [[order], [ref(x)]]);
    },
  },
  slice: {
    weight: 5,
    draw: (d) => {
      const x = d.any((t) => t.shape.length > 0);
      const { start, end, step } = bounds(d, d.tensors[x].shape);
      return d.call('slice', [step.every((s) => s === 1) ? [start, end] : [start, end, step], [ref(x)]]);
    },
  },
  sliceAxis: {
    weight: 2,
    draw: (d) => {
      const x = d.any((t) => t.shape.length > 0);
      const { shape } = d.tensors[x];
      if (shape.length === 0) return x;
      const axis = d.random.whole(0, shape.length - 1);
      const { start, end, step } = bounds(d, [shape[axis]]);
      return d.call('sliceAxis', [
        [d.random.chance(0.3) ? axis - shape.length : axis, start[0], end[0], step[0]],
        [ref(x)],
      ]);
    },
  },
  pad: {
    weight: 5,
    draw: (d) => {
      const x = d.any((t) => t.shape.length > 0);
      const { shape, dtype } = d.tensors[x];
      const amount = () => shape.map(() => (d.random.chance(0.5) ? 0 : d.random.whole(0, 3)));
      const interior = d.random.chance(0.3)
        ? shape.map(() => (d.random.chance(0.5) ? 0 : d.random.whole(0, 2)))
        : undefined;
      const value = d.random.chance(0.3) ? (dtype === 'f32' ? d.scalar() : d.random.whole(0, 3)) : undefined;
      const given = interior || value !== undefined ? [options({ value, interior })] : [];
      return d.call('pad', [[amount(), amount(), ...given], [ref(x)]]);
    },
  },
  concat: {
    weight: 4,
    draw: (d) => {
      const x = d.any((t) => t.shape.length > 0);
      const { shape, dtype } = d.tensors[x];
      if (shape.length === 0) return x;
      const axis = d.random.whole(0, shape.length - 1);
      const fits = (t: Tensor): boolean =>
        t.dtype === dtype && t.shape.length === shape.length && t.shape.every((n, i) => i === axis || n === shape[i]);
      const parts = Array.from({ length: d.random.whole(0, 3) }, () =>
        d.find(fits, () =>
          d.source(
            shape.map((n, i) => (i === axis ? d.random.whole(0, 3) : n)),
            dtype,
          ),
        ),
      );
      parts.splice(d.random.whole(0, parts.length), 0, x);
      return d.call('concat', [[d.random.chance(0.3) ? axis - shape.length : axis], [parts.map(ref)]]);
    },
  },
  gather: {
    weight: 2,
    draw: (d) => {
      const x = d.any((t) => t.shape.length > 0);
      const { shape } = d.tensors[x];
      if (shape.length === 0) return x;
      const axis = d.random.whole(0, shape.length - 1);
      const places = indices(d, d.length(), shape[axis]);
      return d.call('gather', [d.random.chance(0.2) && axis === 0 ? [ref(places)] : [ref(places), axis], [ref(x)]]);
    },
  },
  scatterAdd: {
    weight: 2,
    draw: (d) => {
      const x = d.of('f32', (t) => t.shape.length > 0);
      const { shape } = d.tensors[x];
      if (shape.length === 0) return x;
      const axis = d.random.whole(0, shape.length - 1);
      const size = d.length();
      return d.call('scatterAdd', [[ref(indices(d, shape[axis], size)), size, axis], [ref(x)]]);
    },
  },
  upsample2d: {
    weight: 1,
    draw: (d) => {
      const x = d.ofRank(4);
      return d.call('upsample2d', [[d.random.whole(1, 3)], [ref(x)]]);
    },
  },

  sum: reduction('sum', 6),
  max: reduction('max'),
  mean: reduction('mean'),
  moments: along('moments'),
  softmax: along('softmax'),
  logSoftmax: along('logSoftmax'),
  logSumExp: reduction('logSumExp', 1.5),

  matmul: { weight: 8, draw: product },
  conv2d: {
    weight: 6,
    draw: (d) => {
      const { filter, given, x } = convolution(d);
      const f = d.exactly(filter);
      return d.call('conv2d', [[ref(f), given], [ref(x)]]);
    },
  },
  conv2dInput: {
    weight: 3,
    draw: (d) => {
      const c = convolution(d);
      const [dy, f] = [d.exactly(outputOf(c)), d.exactly(c.filter)];
      return d.call('conv2dInput', [[ref(f), [...c.image], c.given], [ref(dy)]]);
    },
  },
  conv2dFilter: {
    weight: 3,
    draw: (d) => {
      const c = convolution(d);
      const dy = d.exactly(outputOf(c));
      return d.call('conv2dFilter', [[ref(c.x), ref(dy), [...c.filter], c.given]]);
    },
  },
  maxPool2d: {
    weight: 3,
    draw: (d) => {
      const { x, given } = pooling(d);
      return d.call('maxPool2d', [[given], [ref(x)]]);
    },
  },
  maxPool2dGrad: {
    weight: 2,
    draw: (d) => {
      const { x, given } = pooling(d);
      const { shape } = T.maxPool2d((given as { options: unknown }).options as T.PoolOptions)(d.tensors[x]);
      return d.call('maxPool2dGrad', [[ref(d.exactly(shape)), given], [ref(x)]]);
    },
  },

  full: filled('full'),
  zeros: filled('zeros'),
  ones: filled('ones'),
  iota: {
    weight: 1.5,
    draw: (d) => {
      const shape = d.shape(d.random.whole(1, 4));
      const dtype = d.random.chance(0.7) ? [] : [d.random.pick(['i32', 'u32', 'f32'])];
      return d.call('iota', [[[...shape], d.random.whole(0, shape.length - 1), ...dtype]]);
    },
  },
  scalar: { weight: 0.5, draw: (d) => d.call('scalar', [[d.number()]]) },
  tensor: {
    weight: 0.5,
    draw: (d) => d.call('tensor', [[Array.from({ length: d.random.whole(0, 5) }, () => d.number())]]),
  },
  key: { weight: 0.3, draw: (d) => d.call('key', [[d.random.pick([0, 1, 7, 2 ** 31, 2 ** 40 + 1])]]) },
  splitKey: {
    weight: 0.5,
    draw: (d) => {
      const count = d.random.whole(1, 4);
      return d.call('splitKey', [[count], [ref(keyOf(d))]], d.random.whole(0, count - 1));
    },
  },
  ...Object.fromEntries(
    ['randomBits', 'uniform', 'normal'].map((name): [string, Row] => [
      name,
      { weight: 0.7, draw: (d) => d.call(name, [[[...d.shape()]], [ref(keyOf(d))]]) },
    ]),
  ),
  stopGradient: unary('stopGradient', 0.7),
};

const fixedFunctions = ['neg', 'abs', 'sin', 'cos', 'sqrt', 'exp', 'floor', 'square', 'relu'] as const;

/** What is drawn beside the functions themselves. */
export const extras: { readonly [name: string]: Row } = {
  /** A function as a static argument, another one in each call. */
  'a static function': {
    weight: 2,
    draw: (d) => {
      if (d.inner) return d.of();
      const x = d.of();
      const f = d.fixed(() => d.random.pick(fixedFunctions));
      return d.call(f as { readonly fixed: number }, [[ref(x)]]);
    },
  },
};

/** Exports that are no operations on tensors: what opens devices, runs programs or looks at them. */
export const beside = [
  'binaryKinds',
  'unaryKinds',
  'isElementwise',
  'chromeTrace',
  'defer',
  'deviceNames',
  'evaluate',
  'fetch',
  'free',
  'graphOf',
  'inScope',
  'input',
  'jit',
  'leavesOf',
  'listAdapterFacts',
  'mapTree',
  'node',
  'openDevice',
  'openReference',
  'openWasm',
  'profileRows',
  'profileTable',
  'read',
  'sameShape',
  'sizeOf',
  'stridesOf',
  'visit',
  'ArgumentError',
  'DeviceClosedError',
  'NonFiniteError',
  'ShapeError',
  'TensorError',
  'silently',
  'OutOfMemoryError',
  'DeviceLostError',
  'NoAdapterError',
  'TooLargeError',
] as const;
