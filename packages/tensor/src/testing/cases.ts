/**
 * The cases of the suite that every device passes: each operation over odd shapes, and whole small programs. A case is a
 * name and a function from seeded inputs to a tree of tensors, compared with the reference device. No test runner is needed,
 * so that a page of a browser runs them, too.
 */
import type { Device } from '../device.ts';
import * as T from '../index.ts';
import type { Tensor } from '../tensor.ts';
import { specialCases } from './special-cases.ts';

/** Values in [-1, 1), repeatable. */
export const noise = (shape: readonly number[], seed = 1, scale = 1): Tensor => {
  let state = seed * 2654435761;
  const data = Float32Array.from({ length: T.sizeOf(shape) }, () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    return ((state >>> 8) / 2 ** 23 - 1) * scale;
  });
  return T.tensor(data, shape);
};

const integers = (shape: readonly number[], seed: number, low: number, high: number): Tensor => {
  const { op } = noise(shape, seed);
  const data = op.kind === 'constant' ? op.data : new Float32Array();
  return T.tensor(
    Int32Array.from(data, (x) => Math.floor(((x + 1) / 2) * (high - low + 1)) + low),
    shape,
  );
};

export type Case = {
  readonly name: string;
  readonly args?: readonly Tensor[];
  readonly f: (...args: Tensor[]) => unknown;
  /** Relative to the largest magnitude of the result; default 2e-6. */
  readonly tolerance?: number;
};

const shapes: readonly (readonly number[])[] = [
  [],
  [1],
  [3],
  [7, 5],
  [2, 3, 4],
  [1, 5, 1, 3],
  [2, 1, 33],
  [129],
  [3, 17, 19],
];

const special = T.tensor([
  0,
  -0,
  1,
  -1,
  Infinity,
  -Infinity,
  NaN,
  1e-40,
  -1e-40,
  3e38,
  88,
  -88,
  104,
  -104,
  0.5,
  1e-6,
  2.5,
  -2.5,
]);

const unaries: Readonly<Record<T.UnaryKind, (x: Tensor) => Tensor>> = {
  neg: T.neg,
  abs: T.abs,
  exp: T.exp,
  log: (x) => T.log(T.add(T.abs(x), 1e-3)),
  sqrt: (x) => T.sqrt(T.abs(x)),
  sin: (x) => T.sin(T.mul(x, 7)),
  cos: (x) => T.cos(T.mul(x, 7)),
  atan: (x) => T.atan(T.mul(x, 9)),
  floor: (x) => T.floor(T.mul(x, 5)),
};
const binaries: Readonly<Record<T.BinaryKind, (a: Tensor, b: Tensor) => Tensor>> = {
  add: T.add,
  sub: T.sub,
  mul: T.mul,
  div: (a, b) => T.div(a, T.add(T.abs(b), 0.1)),
  max: T.maximum,
  min: T.minimum,
  less: T.less,
  equal: (a, b) => T.equal(T.floor(T.mul(a, 3)), T.floor(T.mul(b, 3))),
};

const elementwise: Case[] = [
  ...Object.entries(unaries).flatMap(([name, f]) =>
    shapes.map((shape) => ({ name: `${name} [${shape}]`, args: [noise(shape, 3)], f })),
  ),
  ...Object.entries(binaries).flatMap(([name, f]) =>
    shapes.map((shape) => ({
      name: `${name} [${shape}]`,
      args: [noise(shape, 3), noise(shape, 4)],
      f: f as Case['f'],
    })),
  ),
  ...Object.entries({
    neg: T.neg,
    abs: T.abs,
    exp: T.exp,
    sqrt: T.sqrt,
    floor: T.floor,
    log: T.log,
    sin: T.sin,
    atan: T.atan,
  }).map(([name, f]) => ({
    name: `${name} of special values`,
    args: [special],
    f: (x: Tensor) => f(name === 'sin' ? T.select(T.less(T.abs(x), 1e6), x, 0) : x),
  })),
  {
    name: 'max and min of special values',
    args: [special],
    f: (x) => [T.maximum(x, 0), T.minimum(x, 0), T.maximum(0.5, x)],
  },
  {
    name: 'products with and quotients of a literal 0, of special values',
    args: [special],
    f: (x) => [T.mul(x, 0), T.mul(-0, x), T.div(0, x), T.div(-0, x), T.div(x, 0), T.sub(x, x), T.div(x, x)],
  },
  { name: 'comparisons of special values', args: [special], f: (x) => [T.less(x, 0), T.equal(x, x), T.less(0, x)] },
  { name: 'stretching', args: [noise([4, 1, 5], 1), noise([3, 1], 2)], f: (a, b) => T.add(a, b) },
  {
    name: 'select',
    args: [noise([5, 7], 1), noise([5, 7], 2), noise([7], 3)],
    f: (a, b, c) => T.select(T.less(a, 0), b, c),
  },
  {
    name: 'integers',
    args: [integers([41], 1, -50, 50), integers([41], 2, 1, 9)],
    f: (a, b) => [
      T.add(a, b),
      T.sub(a, b),
      T.mul(a, b),
      T.div(a, b),
      T.maximum(a, b),
      T.minimum(a, b),
      T.less(a, b),
      T.equal(a, b),
      T.neg(a),
    ],
  },
  {
    name: 'cast',
    args: [noise([37], 1, 1000)],
    f: (x) => [T.cast('i32')(x), T.cast('u32')(T.abs(x)), T.cast('f32')(T.cast('i32')(x))],
  },
  { name: 'cast saturates', args: [special], f: (x) => [T.cast('i32')(T.mul(x, 1e10)), T.cast('u32')(x)] },
  {
    name: 'sigmoid, leaky, tanh, clamp',
    args: [noise([3, 50], 5, 20)],
    f: (x) => [T.sigmoid(x), T.leakyRelu(0.1)(x), T.tanh(x), T.clamp(-3, 5)(x)],
  },
  { name: 'softmax', args: [noise([7, 11], 5, 9)], f: (x) => [T.softmax(x), T.logSoftmax(x)] },
  {
    name: 'more operands than a kernel may bind',
    args: Array.from({ length: 14 }, (_, i) => noise([6, 5], 20 + i)),
    f: (...xs) => {
      const product = xs.reduce((a, b, i) => (i % 2 === 0 ? T.add(a, T.exp(b)) : T.mul(a, T.sin(b))));
      return [product, T.sum({ axes: [0] })(T.maximum(T.mul(product, 2), T.cos(xs[3])))];
    },
    tolerance: 1e-5,
  },
  {
    name: 'a convolution and a product that end with more operands than a kernel may bind',
    args: [noise([2, 5, 4, 3], 1), ...Array.from({ length: 14 }, (_, i) => noise([2, 5, 4, 3], 20 + i))],
    f: (x, ...others) => {
      const end = (t: Tensor) => others.reduce((sum, b, i) => (i % 2 === 0 ? T.add(sum, b) : T.mul(sum, b)), t);
      const conv = T.conv2d(noise([3, 3, 3, 3], 2), { padding: 1 })(x);
      const input = T.conv2dInput(noise([3, 3, 3, 3], 3), [2, 5, 4, 3], { padding: 1 })(x);
      const flat = T.matmul(T.reshape([40, 3])(x), noise([3, 3], 4));
      return [end(conv), end(input), end(T.reshape([2, 5, 4, 3])(flat))];
    },
    tolerance: 1e-5,
  },
  { name: 'a value used by two results', args: [noise([9], 1)], f: (x) => [T.exp(x), T.mul(T.exp(x), 2), T.exp(x)] },
  {
    name: 'an argument and a constant as results',
    args: [noise([9], 1)],
    f: (x) => [x, T.ones([3]), T.tensor([1, 2]), T.reshape([3, 3])(x)],
  },
];

const reductions: Case[] = [
  [[7], [0]],
  [[5, 9], [0]],
  [[5, 9], [1]],
  [
    [5, 9],
    [0, 1],
  ],
  [
    [2, 3, 4, 17],
    [0, 1, 2],
  ],
  [
    [2, 3, 4, 17],
    [1, 3],
  ],
  [
    [2, 3, 4, 17],
    [0, 2],
  ],
  [[33, 1, 65], [0]],
  [[1, 5], [0]],
  [[3, 130], [1]],
  [[1030, 3], [0]],
  [[2, 600, 9], [1]],
].flatMap(([shape, axes]) => [
  {
    name: `sum [${shape}] over ${axes}`,
    args: [noise(shape, 2)],
    f: (x: Tensor) => [T.sum({ axes })(x), T.sum({ axes, keep: true })(T.mul(x, x))],
    tolerance: 3e-6,
  },
  { name: `max [${shape}] over ${axes}`, args: [noise(shape, 2)], f: (x: Tensor) => T.max({ axes })(T.mul(x, 3)) },
]);
const moments: Case[] = [
  [5, 1],
  [3, 4, 4, 7],
  [2, 19, 16],
  [1000, 33],
  [1, 6],
].map((shape) => ({
  name: `moments [${shape}]`,
  args: [
    T.tensor(
      (noise(shape, 4).op as { data: Float32Array }).data.map((x) => x + 10),
      shape,
    ),
  ],
  f: (x: Tensor) => [T.sliceAxis(0, 0, 1)(T.moments(x)), T.sliceAxis(0, 1, 2)(T.moments(x))],
  tolerance: 2e-5,
}));

const movement: Case[] = [
  { name: 'reshape', args: [noise([4, 6], 1)], f: (x) => [T.reshape([2, 12])(x), T.add(T.reshape([3, 8])(x), 1)] },
  {
    name: 'transpose',
    args: [noise([3, 4, 5], 1)],
    f: (x) => [T.transpose([2, 0, 1])(x), T.exp(T.transpose([1, 0, 2])(x))],
  },
  {
    name: 'transpose then reshape',
    args: [noise([3, 4, 5], 1)],
    f: (x) => T.reshape([20, 3])(T.transpose([1, 2, 0])(x)),
  },
  {
    name: 'slice with steps',
    args: [noise([9, 11], 1)],
    f: (x) => [T.slice([1, 2], [8, 11], [3, 2])(x), T.mul(T.sliceAxis(1, 3, 4)(x), x)],
  },
  {
    name: 'slice of slice',
    args: [noise([9, 11, 3], 1)],
    f: (x) => T.sliceAxis(0, 1, 3)(T.transpose([1, 0, 2])(T.sliceAxis(0, 2, 9, 2)(x))),
  },
  {
    name: 'pad',
    args: [noise([3, 4], 1)],
    f: (x) => [T.pad([1, 0], [2, 3])(x), T.pad([0, 2], [0, 0], { value: -7, interior: [2, 1] })(x)],
  },
  { name: 'pad of a constant', f: () => T.pad([1], [2])(T.ones([3])) },
  {
    name: 'concat',
    args: [noise([2, 3, 4], 1), noise([2, 5, 4], 2)],
    f: (a, b) => [T.concat(1)([a, b]), T.concat(1)([T.exp(a), b, a])],
  },
  {
    name: 'concat of channels',
    args: [noise([1, 3, 3, 5], 1), noise([1, 3, 3, 2], 2)],
    f: (a, b) => T.mul(T.concat(-1)([T.mul(a, 2), b, T.zeros([1, 3, 3, 1])]), 3),
  },
  {
    name: 'upsample',
    args: [noise([2, 3, 2, 5], 1)],
    f: (x) => [T.upsample2d(2)(x), T.concat(3)([T.upsample2d(2)(x), T.zeros([2, 6, 4, 1])])],
  },
  {
    name: 'broadcast',
    args: [noise([1, 3, 1], 1)],
    f: (x) => [T.broadcastTo([4, 3, 5])(x), T.reshape([12, 5])(T.broadcastTo([4, 3, 5])(x))],
  },
  {
    name: 'iota',
    f: () => [
      T.iota([3, 4], 1),
      T.mul(T.iota([3, 4, 2], 0), 2),
      T.iota([5], 0, 'i32'),
      T.transpose([1, 0])(T.iota([3, 4], 1)),
    ],
  },
  {
    name: 'iota with a value',
    args: [noise([3, 4, 5], 1)],
    f: (x) => [T.add(x, T.iota([3, 4, 5], 1)), T.sum({ axes: [1] })(T.mul(x, T.iota([3, 4, 5], 1)))],
  },
  {
    name: 'gather',
    args: [noise([5, 3, 4], 1), integers([7], 2, -1, 5)],
    f: (x, i) => [T.gather(i)(x), T.gather(i, 1)(x), T.gather(i, 2)(x), T.gather(T.reshape([7, 1])(i), 1)(x)],
  },
  {
    name: 'scatterAdd',
    args: [noise([7, 3], 1), integers([7], 2, -1, 5)],
    f: (x, i) => [T.scatterAdd(i, 5)(x), T.scatterAdd(i, 6, 1)(T.transpose([1, 0])(x))],
  },
  { name: 'gather of integers', args: [integers([9], 1, -9, 9), integers([4], 2, 0, 8)], f: (x, i) => T.gather(i)(x) },
  { name: 'random bits', f: () => [T.randomBits([7])(T.key(3)), T.randomBits([3, 2, 5])(T.key(2 ** 40 + 1))] },
  {
    name: 'random numbers',
    f: () => [T.uniform([50])(T.key(1)), T.normal([3, 33])(T.key(2)), T.splitKey(3)(T.key(9))],
    tolerance: 1e-5,
  },
];

const matmuls: Case[] = [
  [1, 1, 1],
  [3, 5, 7],
  [6, 16, 8],
  [17, 33, 9],
  [64, 40, 130],
  [1, 100, 20],
  [50, 1, 3],
].flatMap(([m, k, n]) =>
  [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      name: `matmul ${m} ${k} ${n}${transposeA ? ' aT' : ''}${transposeB ? ' bT' : ''}`,
      args: [noise(transposeA ? [k, m] : [m, k], 1), noise(transposeB ? [n, k] : [k, n], 2), noise([n], 3)],
      f: (a: Tensor, b: Tensor, c: Tensor) => {
        const product = T.matmul(a, b, { transposeA, transposeB });
        return transposeA ? product : T.leakyRelu(0.1)(T.add(product, c));
      },
      tolerance: 1e-5,
    })),
  ),
);
matmuls.push({
  name: 'batched matmul',
  args: [noise([3, 4, 5], 1), noise([3, 5, 6], 2)],
  f: (a, b) => T.matmul(a, b),
  tolerance: 1e-5,
});

type Conv = readonly [
  n: number,
  h: number,
  w: number,
  c: number,
  out: number,
  size: number,
  stride: number,
  padding: number,
  groups?: number,
];
const convs: readonly Conv[] = [
  [1, 1, 1, 1, 1, 1, 1, 0],
  [1, 5, 7, 3, 16, 3, 1, 1],
  [2, 9, 8, 4, 5, 3, 2, 1],
  [1, 13, 13, 32, 18, 1, 1, 0],
  [2, 6, 5, 7, 9, 1, 2, 0],
  [1, 12, 12, 16, 32, 3, 1, 1],
  [1, 7, 7, 5, 3, 5, 1, 2],
  [2, 8, 8, 8, 8, 3, 1, 1, 8],
  [1, 9, 9, 12, 12, 3, 2, 1, 12],
  [1, 6, 6, 8, 12, 3, 1, 1, 4],
  [1, 4, 4, 3, 2, 3, 1, 0],
  [1, 3, 3, 2, 4, 3, 1, 2],
  [3, 10, 11, 17, 33, 3, 1, 1],
  [1, 26, 26, 40, 75, 1, 1, 0],
  [1, 8, 8, 3, 8, 6, 2, 2],
  [1, 5, 5, 6, 6, 5, 1, 2, 6],
  [2, 13, 13, 32, 64, 3, 1, 1],
  [1, 26, 25, 20, 36, 3, 1, 1],
  [1, 9, 7, 64, 20, 3, 1, 0],
  [1, 2, 3, 48, 32, 3, 1, 1],
  [1, 11, 30, 24, 24, 3, 1, 1, 24],
  [1, 9, 14, 18, 18, 5, 2, 2, 18],
  [2, 11, 8, 3, 5, 5, 3, 2],
  [1, 10, 11, 4, 6, 2, 3, 1],
];
const convolutions: Case[] = convs.flatMap(([n, h, w, c, out, size, stride, padding, groups = 1]) => {
  const options = { stride, padding, groups };
  const filterShape = [out, size, size, c / groups];
  const [x, filter] = [noise([n, h, w, c], 1), noise(filterShape, 2)];
  const { shape } = T.conv2d(filter, options)(x);
  const dy = noise(shape, 3);
  const name = `[${n},${h},${w},${c}] ${out} ${size}/${stride} p${padding} g${groups}`;
  return [
    {
      name: `conv2d ${name}`,
      args: [x, filter],
      f: (a: Tensor, f: Tensor) => T.conv2d(f, options)(a),
      tolerance: 1e-5,
    },
    {
      name: `conv2d, bias, leaky, residual ${name}`,
      args: [x, filter, noise([out], 5), dy],
      f: (a: Tensor, f: Tensor, b: Tensor, r: Tensor) => T.add(T.leakyRelu(0.1)(T.add(T.conv2d(f, options)(a), b)), r),
      tolerance: 1e-5,
    },
    {
      name: `conv2dInput ${name}`,
      args: [dy, filter, x],
      f: (d: Tensor, f: Tensor, a: Tensor) => [
        T.conv2dInput(f, x.shape, options)(d),
        T.add(T.conv2dInput(f, x.shape, options)(d), a),
      ],
      tolerance: 1e-5,
    },
    {
      name: `conv2dFilter ${name}`,
      args: [x, dy],
      f: (a: Tensor, d: Tensor) => T.conv2dFilter(a, d, filterShape, options),
      tolerance: 1e-5,
    },
  ];
});
convolutions.push({
  name: 'conv2d with unequal padding',
  args: [noise([1, 6, 7, 4], 1), noise([8, 3, 2, 4], 2)],
  f: (x, f) => T.conv2d(f, { stride: [2, 1], padding: [0, 1, 1, 0] })(x),
  tolerance: 1e-5,
});
convolutions.push({
  name: 'gradients of a conv2d with unequal padding and strides',
  args: [noise([1, 6, 7, 4], 1), noise([8, 3, 2, 4], 2), noise([1, 3, 7, 8], 3)],
  f: (x, f, dy) => {
    const options = { stride: [2, 1], padding: [0, 1, 1, 0] } as const;
    return [T.conv2dInput(f, x.shape, options)(dy), T.conv2dFilter(x, dy, f.shape, options)];
  },
  tolerance: 1e-5,
});
convolutions.push({
  name: 'conv2d, batch statistics, leaky',
  args: [noise([2, 6, 6, 3], 1), noise([16, 3, 3, 3], 2), noise([16], 3), noise([16], 4)],
  f: (x, filter, gamma, beta) => {
    const y = T.conv2d(filter, { padding: 1 })(x);
    const m = T.moments(y);
    const scale = T.div(gamma, T.sqrt(T.add(T.sliceAxis(0, 1, 2)(m), 1e-5)));
    return [T.leakyRelu(0.1)(T.add(T.mul(T.sub(y, T.sliceAxis(0, 0, 1)(m)), scale), beta)), m];
  },
  tolerance: 2e-5,
});

const pools: Case[] = (
  [
    [2, 2, 0, 8, 8, 5],
    [2, 2, [0, 1, 0, 1], 7, 9, 3],
    [2, 1, [0, 1, 0, 1], 5, 5, 17],
    [5, 1, 2, 6, 7, 4],
    [3, 2, 1, 9, 9, 20],
    [13, 1, 6, 5, 5, 2],
  ] as const
).flatMap(([size, stride, padding, h, w, c]) => {
  const options = { size, stride, padding: padding as number | T.Padding };
  const x = noise([2, h, w, c], 1);
  const { shape } = T.maxPool2d(options)(x);
  return [
    { name: `maxPool2d ${size}/${stride} [${h},${w},${c}]`, args: [x], f: (a: Tensor) => T.maxPool2d(options)(a) },
    {
      name: `maxPool2dGrad ${size}/${stride} [${h},${w},${c}]`,
      args: [x, noise(shape, 2)],
      f: (a: Tensor, d: Tensor) => T.maxPool2dGrad(d, options)(a),
    },
    {
      name: `maxPool2dGrad of ties ${size}/${stride} [${h},${w},${c}]`,
      args: [x, noise(shape, 2)],
      f: (a: Tensor, d: Tensor) => T.maxPool2dGrad(d, options)(T.floor(T.mul(a, 2))),
    },
  ];
});

export const cases: readonly Case[] = [
  ...elementwise,
  ...reductions,
  ...moments,
  ...movement,
  ...matmuls,
  ...convolutions,
  ...pools,
  ...specialCases,
];

/** The first element that is not close relative to the largest finite magnitude; NaN and infinities must agree exactly. */
export const difference = (actual: T.HostArray, expected: T.HostArray, tolerance: number): string | undefined => {
  if (actual.length !== expected.length) return `${actual.length} elements, expected ${expected.length}`;
  if (actual.constructor !== expected.constructor)
    return `${actual.constructor.name}, expected ${expected.constructor.name}`;
  let scale = 0;
  for (const x of expected) if (Number.isFinite(x) && Math.abs(x) < 1e30) scale = Math.max(scale, Math.abs(x));
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i], expected[i]];
    const same =
      Object.is(a, e) ||
      a === e ||
      (Number.isFinite(e) && Math.abs(a - e) <= tolerance * Math.max(scale, Math.abs(e), 1e-30));
    if (!same) return `element ${i}: ${a}, expected ${e} (tolerance ${tolerance} of ${scale})`;
  }
  return undefined;
};

export type ConformanceOptions = {
  /** Multiplies every tolerance; default 1. */
  readonly factor?: number;
  /** Whether numbers below 2^-126 count (default); a device may take them for 0. */
  readonly denormals?: boolean;
  /** Only the cases whose name it matches. */
  readonly only?: RegExp;
};

const isDenormal = (x: number): boolean => x !== 0 && Math.abs(x) < 2 ** -126;
const withoutDenormals = (t: Tensor): Tensor =>
  t.op.kind === 'constant' && t.dtype === 'f32' && t.op.data.some(isDenormal)
    ? T.tensor(
        (t.op.data as Float32Array).map((x) => (isDenormal(x) ? 0 : x)),
        t.shape,
      )
    : t;

/** What is wrong with a case on a device, or undefined. */
export const failureOf = async (
  device: Device,
  oracle: Device,
  { f, args: given = [], tolerance = 2e-6 }: Case,
  { factor = 1, denormals = true }: ConformanceOptions = {},
): Promise<string | undefined> => {
  const args = denormals ? given : given.map(withoutDenormals);
  const expected = T.leavesOf<T.HostArray>(await T.read(oracle, f(...args)), ArrayBuffer.isView);
  const run = T.jit(device, f as (...a: Tensor[]) => object);
  try {
    // Twice: a replay must not depend on what the first left behind.
    for (let round = 0; round < 2; round++) {
      const result = await run(...args);
      const actual = T.leavesOf<T.HostArray>(await T.read(device, result), ArrayBuffer.isView);
      if (actual.length !== expected.length) return `${actual.length} results, expected ${expected.length}`;
      for (const [i, array] of actual.entries()) {
        const found = difference(array, expected[i], tolerance * factor);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  } finally {
    run.close();
  }
};
