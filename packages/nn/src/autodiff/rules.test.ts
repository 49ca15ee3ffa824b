/** Every rule against finite differences, once and twice. */
import {
  abs,
  add,
  atan,
  broadcastTo,
  cast,
  concat,
  conv2d,
  conv2dFilter,
  conv2dInput,
  cos,
  div,
  equal,
  evaluate,
  exp,
  floor,
  gather,
  input,
  iota,
  key,
  less,
  log,
  matmul,
  max,
  maximum,
  maxPool2d,
  maxPool2dGrad,
  minimum,
  moments,
  mul,
  neg,
  type OpKind,
  pad,
  read,
  reshape,
  scatterAdd,
  select,
  sin,
  slice,
  sqrt,
  sub,
  sum,
  type Tensor,
  tag,
  tensor,
  transpose,
  uniform,
  visit,
} from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import {
  type Differentiable,
  device,
  distinct,
  gradientOf,
  mismatches,
  nonzero,
  numbers,
  positive,
  random,
} from '../testing/numeric.ts';
import { rules } from './rules.ts';
import { vjp } from './vjp.ts';

type Case = { readonly f: Differentiable; readonly args: readonly Tensor[] };

const s = [2, 3];
const [x, y] = [random(s, 2), random(s, 3)];
// No two elements at one place are within 0.3 of one another.
const left = tensor([-1, 0.5, 1.2, -0.3, 0.8, 0], s);
const right = tensor([-0.5, -0.2, 0.4, 0.3, 1.3, -0.7], s);
const image = random([2, 5, 4, 4], 4);
const indices = tensor(Int32Array.of(2, 0, 2, 7, -1));
const grouped = { stride: [2, 1], padding: [1, 0, 2, 1], groups: 2 } as const;
const filter = random([6, 3, 2, 2], 5);
const pooling = { size: [3, 2], stride: [2, 1], padding: [0, 1, 1, 1] } as const;
const pooled = random([1, 3, 5, 2], 6);
const stored = await evaluate(device, random(s, 8));

/** Typed by the op set: an operation without a test does not compile. */
const cases: { readonly [K in OpKind]: readonly Case[] } = {
  // In `jit`, which every case goes through, arguments are inputs.
  input: [{ f: (a) => mul(a, a), args: [x] }],
  constant: [{ f: (a) => mul(a, tensor(numbers(3, 7))), args: [x] }],
  stored: [{ f: (a) => mul(a, stored), args: [x] }],
  iota: [{ f: (a) => mul(a, iota(s, 1)), args: [x] }],
  randomBits: [{ f: (a) => mul(a, uniform(s)(key(3))), args: [x] }],

  neg: [{ f: (a) => neg(a), args: [x] }],
  abs: [{ f: (a) => abs(a), args: [nonzero(s)] }],
  exp: [{ f: (a) => exp(a), args: [x] }],
  log: [{ f: (a) => log(a), args: [positive(s)] }],
  sqrt: [{ f: (a) => sqrt(a), args: [positive(s)] }],
  sin: [{ f: (a) => sin(a), args: [x] }],
  cos: [{ f: (a) => cos(a), args: [x] }],
  atan: [{ f: (a) => atan(a), args: [x] }],
  floor: [{ f: (a) => add(a, floor(a)), args: [tensor([-1.5, 0.4, 2.6])] }],

  add: [
    { f: (a, b) => add(a, b), args: [x, y] },
    { f: (a, b) => add(a, b), args: [x, random([2, 1])] },
  ],
  sub: [{ f: (a, b) => sub(a, b), args: [x, y] }],
  mul: [
    { f: (a, b) => mul(a, b), args: [x, y] },
    { f: (a, b) => mul(a, b), args: [x, random([3])] },
  ],
  div: [{ f: (a, b) => div(a, b), args: [x, nonzero(s, 3, 0.8)] }],
  max: [{ f: (a, b) => maximum(a, b), args: [left, right] }],
  min: [{ f: (a, b) => minimum(a, b), args: [left, right] }],
  less: [{ f: (a, b) => mul(a, less(a, b)), args: [left, right] }],
  equal: [{ f: (a, b) => mul(a, equal(a, b)), args: [left, right] }],
  select: [{ f: (a, b) => select(tensor([1, 0, 2]), a, b), args: [x, y] }],
  cast: [{ f: (a) => mul(a, cast('f32')(cast('i32')(mul(a, 3)))), args: [tensor([-1.45, 0.5, 0.8])] }],

  sum: [
    { f: (a) => sum({ axes: [0, 2] })(a), args: [random([2, 3, 4])] },
    { f: (a) => sum()(mul(a, a)), args: [x] },
  ],
  reduceMax: [{ f: (a) => max({ axes: [1] })(a), args: [distinct([2, 5, 2])] }],
  moments: [{ f: (a) => moments(a), args: [random([2, 3, 4])] }],

  reshape: [{ f: (a) => reshape([3, 2])(a), args: [x] }],
  broadcast: [{ f: (a) => broadcastTo([4, 2, 5, 3])(a), args: [random([2, 1, 3])] }],
  transpose: [{ f: (a) => transpose([2, 0, 3, 1])(a), args: [random([2, 3, 1, 4])] }],
  slice: [
    { f: (a) => slice([1, 0, 2], [6, 2, 3], [2, 1, 3])(a), args: [random([7, 3, 4])] },
    { f: (a) => concat(0)([slice([1, 0], [1, 3])(a), a]), args: [x] },
  ],
  pad: [{ f: (a) => pad([1, 0], [0, 2], { value: 3, interior: [2, 1] })(a), args: [x] }],
  concat: [{ f: (a, b) => concat(1)([a, b, a]), args: [x, random([2, 1])] }],
  gather: [{ f: (a) => gather(indices, 1)(a), args: [x] }],
  scatterAdd: [{ f: (a) => scatterAdd(indices, 4, 0)(a), args: [random([5, 2])] }],

  matmul: [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB): Case[] => [
      {
        f: (a, b) => matmul(a, b, { transposeA, transposeB }),
        args: [random(transposeA ? [4, 2] : [2, 4], 1), random(transposeB ? [3, 4] : [4, 3], 2)],
      },
      {
        f: (a, b) => matmul(a, b, { transposeA, transposeB }),
        args: [random(transposeA ? [2, 1, 3] : [2, 3, 1], 3), random(transposeB ? [2, 2, 1] : [2, 1, 2], 4)],
      },
    ]),
  ),
  conv2d: [
    { f: (a, w) => conv2d(w, grouped)(a), args: [image, filter] },
    { f: (a, w) => conv2d(w)(a), args: [random([1, 2, 3, 3], 1), random([2, 1, 1, 3], 2)] },
    // Rows and columns that no window reaches.
    { f: (a, w) => conv2d(w, { stride: 3 })(a), args: [random([1, 7, 6, 1], 1), random([2, 2, 2, 1], 2)] },
  ],
  conv2dInput: [
    {
      f: (dy, w) => conv2dInput(w, [2, 5, 4, 4], grouped)(dy),
      args: [random([2, 2, 6, 6], 1), filter],
    },
  ],
  conv2dFilter: [
    {
      f: (a, dy) => conv2dFilter(a, dy, [6, 3, 2, 2], grouped),
      args: [image, random([2, 2, 6, 6], 1)],
    },
  ],

  maxPool2d: [{ f: (a) => maxPool2d(pooling)(a), args: [distinct([1, 6, 4, 2])] }],
  maxPool2dGrad: [{ f: (a, dy) => maxPool2dGrad(dy, pooling)(a), args: [distinct([1, 6, 4, 2]), pooled] }],

  tag: [{ f: (a) => tag({ name: 'anything', uid: 5 }, [y])(mul(a, a)), args: [x] }],
};

const kindsIn = (f: Differentiable, args: readonly Tensor[]): ReadonlySet<string> => {
  const kinds = new Set<string>();
  visit([f(...args.map((a, i) => input(i, a.shape)))], (t) => kinds.add(t.op.kind));
  return kinds;
};

test('every operation has a rule and a case that contains it', () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(rules).sort());
  for (const [kind, list] of Object.entries(cases)) {
    expect(list.length, kind).toBeGreaterThan(0);
    for (const { f, args } of list) expect(kindsIn(f, args), kind).toContain(kind);
  }
});

describe.each(Object.entries(cases))('%s', (_, list) => {
  test.each(list.map((c, i) => [i, c] as const))('case %i', async (_, { f, args }) => {
    expect(await mismatches(f, args)).toEqual([]);
    const dy = random(f(...args).shape, 12);
    expect(await mismatches(gradientOf(f), [...args, dy])).toEqual([]);
  });
});

describe('where the derivative is not unique', () => {
  const at = async (f: Differentiable, ...args: Tensor[]) => {
    const { value, pullback } = vjp(f, ...args);
    return (
      await read(
        device,
        pullback(
          tensor(
            Array.from({ length: value.shape[0] ?? 1 }, () => 1),
            value.shape,
          ),
        ),
      )
    ).map((a) => [...a]);
  };
  const zero = tensor([0]);
  test('max and min send a tie to the second operand', async () => {
    expect(await at(maximum, zero, zero)).toEqual([[0], [1]]);
    expect(await at(minimum, zero, zero)).toEqual([[0], [1]]);
  });
  test('leaky ReLU has its slope at 0', async () => {
    expect(await at((a) => maximum(a, mul(a, 0.5)), zero)).toEqual([[0.5]]);
  });
  test('abs has 0 at 0', async () => expect(await at(abs, zero)).toEqual([[0]]));
  test('reduceMax shares a tie', async () => {
    expect(await at((a) => max({ axes: [0], keep: true })(a), tensor([3, 1, 3]))).toEqual([[0.5, 0, 0.5]]);
  });
  test('maxPool2d gives a tie to the first in row order', async () => {
    const f: Differentiable = (a) => reshape([1])(maxPool2d({ size: 2 })(a));
    expect(await at(f, tensor([1, 2, 2, 2], [1, 2, 2, 1]))).toEqual([[0, 1, 0, 0]]);
  });
  test('maxPool2dGrad reads its cotangent there', async () => {
    const ties = tensor([1, 2, 2, 2], [1, 2, 2, 1]);
    const { pullback } = vjp((dy) => maxPool2dGrad(dy, { size: 2 })(ties), tensor([1], [1, 1, 1, 1]));
    const [d] = await read(device, pullback(tensor([10, 20, 30, 40], [1, 2, 2, 1])));
    expect([...d]).toEqual([20]);
  });
});
