/** Cases of values at the edges of their types: NaN, infinities and signed zeros in floats, what wraps around in integers. */
import * as T from '../index.ts';
import type { Tensor } from '../tensor.ts';
import type { Case } from './cases.ts';

/** Values over and over until the shape is full; `every` counts from the first that is NaN. */
const repeated = (values: readonly number[], shape: readonly number[], every = 0): Tensor =>
  T.tensor(
    Float32Array.from({ length: T.sizeOf(shape) }, (_, i) =>
      every > 0 && i % every === 3 ? Number.NaN : values[i % values.length],
    ),
    shape,
  );

const few = [1, -2, 0, 3, -1, 0.5, -0.25];
const floats = T.tensor([0, -0, 1, -1, Infinity, -Infinity, NaN, 1e30, -1e-30, 2, -7]);
const shifted = T.tensor([-0, 0, NaN, Infinity, -1, NaN, NaN, 1, 1e-30, -Infinity, -7]);

const maxima: Case[] = [
  {
    name: 'NaN and zeros in max and min of two',
    args: [floats, shifted],
    f: (a, b) => [T.maximum(a, b), T.maximum(b, a), T.minimum(a, b), T.minimum(b, a), T.maximum(a, NaN)],
  },
  {
    name: 'signs of zeros in max and min of two',
    args: [T.tensor([0, -0, 0, -0]), T.tensor([-0, 0, 0, -0])],
    f: (a, b) => [T.div(1, T.maximum(a, b)), T.div(1, T.minimum(a, b)), T.div(1, T.maximum(b, 0))],
  },
  {
    name: 'NaN through activations',
    args: [floats, T.tensor([0, -0, 2, -7, NaN, 1e30, -1e30])],
    f: (x, finite) => [
      T.relu(x),
      T.clamp(-1, 1)(x),
      ...[0.1, -0.5].map((slope) => T.leakyRelu(slope)(x)),
      T.maximum(x, T.mul(x, -1)),
      // Infinity times 0: compilers of WGSL may take it for 0.
      ...[0, 1e-50].map((slope) => T.leakyRelu(slope)(finite)),
    ],
  },
  ...(
    [
      [[5, 9], [0]],
      [[5, 9], [1]],
      [[600, 5], [0]],
      [[3, 70], [1]],
      [[2, 300, 9], [1]],
      [
        [7, 9],
        [0, 1],
      ],
    ] as const
  ).map(([shape, axes]) => ({
    name: `max of values with NaN [${shape}] over ${axes}`,
    args: [repeated(few, shape, 41), repeated([-Infinity], shape), repeated([-0, 0], shape)],
    f: (...xs: Tensor[]) => xs.map(T.max({ axes })),
  })),
  ...[
    { size: 2, stride: 2, padding: 0 },
    { size: 3, stride: 1, padding: 1 },
    { size: 5, stride: 1, padding: 2 },
  ].map((options) => ({
    name: `max pooling of values with NaN ${options.size}/${options.stride}`,
    args: [repeated(few, [2, 8, 9, 5], 31), repeated([0, -0], [2, 8, 9, 5])],
    f: (x: Tensor, zeros: Tensor) => {
      const y = T.maxPool2d(options)(x);
      const dy = T.add(T.iota(y.shape, 2), 1);
      return [y, T.maxPool2dGrad(dy, options)(x), T.div(1, T.maxPool2d(options)(zeros))];
    },
  })),
  {
    name: 'sums of infinities',
    args: [repeated([Infinity, 1], [4, 3]), floats],
    f: (a, b) => [T.sum()(a), T.sum()(b)],
  },
];

const signed = T.tensor(Int32Array.of(0, 1, -1, 7, -7, 2 ** 31 - 1, -(2 ** 31), 65537, -65537, 123456789));
const others = T.tensor(Int32Array.of(3, 0, -1, -2, 0, 2 ** 31 - 1, -1, 65537, 65536, -(2 ** 31)));
const unsigned = T.tensor(Uint32Array.of(0, 1, 2 ** 32 - 1, 7, 2 ** 31, 2 ** 31 - 1, 65537, 3e9, 16777217, 4294967167));
const besides = T.tensor(Uint32Array.of(1, 0, 1, 2 ** 32 - 1, 2 ** 31 - 1, 2 ** 31, 65537, 0, 5, 2));

const pairwise = (a: Tensor, b: Tensor): Tensor[] => [
  T.add(a, b),
  T.sub(a, b),
  T.mul(a, b),
  T.div(a, b),
  T.maximum(a, b),
  T.minimum(a, b),
  T.less(a, b),
  T.less(b, a),
  T.equal(a, b),
  T.neg(a),
  T.abs(a),
  T.select(T.less(a, b), a, b),
];

const many = (dtype: 'i32' | 'u32', shape: readonly number[]): Tensor => {
  const words = Int32Array.from({ length: T.sizeOf(shape) }, (_, i) => Math.imul(i + 1, 2654435761));
  return T.tensor(dtype === 'i32' ? words : new Uint32Array(words.buffer), shape);
};

const integers: Case[] = [
  { name: 'i32 at its edges', args: [signed, others], f: pairwise },
  { name: 'u32 at its edges', args: [unsigned, besides], f: pairwise },
  {
    name: 'integers meet numbers',
    args: [signed, unsigned],
    f: (i, u) => [
      T.div(i, 0),
      T.div(i, -1),
      T.mul(i, -(2 ** 31)),
      T.div(u, 0),
      T.sub(u, 2 ** 32 - 1),
      T.less(u, 2 ** 31),
    ],
  },
  {
    name: 'casts of integers',
    args: [signed, unsigned],
    f: (i, u) => [T.cast('u32')(i), T.cast('i32')(u), T.cast('f32')(i), T.cast('f32')(u), T.mean()(i), T.mean()(u)],
  },
  {
    name: 'casts to integers',
    args: [T.tensor([-1.5, -0.9, 0.9, 1.5, -3e9, 3e9, 5e9, 2147483520, 4294967040, NaN, Infinity, -Infinity])],
    f: (x) => [T.cast('i32')(x), T.cast('u32')(x)],
  },
  ...(['i32', 'u32'] as const).flatMap((dtype) =>
    (
      [
        [[70], [0]],
        [[600, 5], [0]],
        [[5, 301], [1]],
        [
          [3, 7, 9],
          [0, 2],
        ],
      ] as const
    ).map(([shape, axes]) => ({
      name: `sum and max of ${dtype} [${shape}] over ${axes}`,
      args: [many(dtype, shape)],
      f: (x: Tensor) => [T.sum({ axes })(x), T.max({ axes })(x), T.max({ axes })(T.neg(x)), T.sum()(T.mul(x, x))],
    })),
  ),
  {
    name: 'integers are moved',
    args: [T.reshape([2, 5])(signed), T.tensor(Int32Array.of(1, 0, 5)), T.tensor(Int32Array.of(1, 1))],
    f: (x, i, j) => [
      T.gather(i)(x),
      T.scatterAdd(j, 3)(x),
      T.pad([1, 0], [0, 2], { value: -9 })(x),
      T.concat(1)([x, T.transpose([0, 1])(x)]),
      T.slice([0, 1], [2, 5], [1, 2])(x),
      T.broadcastTo([3, 2, 5])(x),
    ],
  },
];

export const specialCases: readonly Case[] = [...maxima, ...integers];
