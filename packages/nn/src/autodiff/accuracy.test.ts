/** Derivatives are as exact as values, near 0 and far out; and what they are where there is no one derivative. */
import {
  abs,
  expm1,
  log1p,
  logSoftmax,
  logSumExp,
  max,
  maximum,
  minimum,
  mul,
  openWasm,
  read,
  sigmoid,
  softmax,
  sqrt,
  sum,
  type Tensor,
  tanh,
  tensor,
} from '@gdarknet/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { grad } from './grad.ts';

const device = await openWasm({ threads: 1 });
afterAll(() => device.close());

const slopes = async (f: (x: Tensor) => Tensor, points: readonly number[]): Promise<number[]> => [
  ...(await read(device, grad((x: Tensor) => sum()(f(x)))(tensor(points)))),
];
const relative = (got: number, exact: number): number => Math.abs(got - exact) / Math.max(Math.abs(exact), 2 ** -126);
/** Units in the last place of a number near 1. */
const ulps = (count: number): number => count * 2 ** -23;

const points = (from: number, to: number): number[] =>
  Array.from({ length: 801 }, (_, i) => Math.fround(from + ((to - from) * i) / 800));
const tiny = Array.from({ length: 60 }, (_, i) => Math.fround(10 ** (-i / 2))).flatMap((x) => [x, -x]);

const rows: readonly (readonly [string, (x: Tensor) => Tensor, (x: number) => number, readonly number[]])[] = [
  [
    'sigmoid',
    sigmoid,
    (x) => Math.exp(-Math.abs(x)) / (1 + Math.exp(-Math.abs(x))) ** 2,
    [...points(-86, 80), ...tiny],
  ],
  ['tanh', tanh, (x) => Math.cosh(x) ** -2, [...points(-40, 40), ...points(-1, 1), ...tiny]],
  ['expm1', expm1, Math.exp, [...points(-80, 80), ...points(-2, 2), ...tiny]],
  ['log1p', log1p, (x) => 1 / (1 + x), [...points(-0.9, 50), ...tiny.filter((x) => x > -1)]],
];

describe('to a few units in the last place', () => {
  it.each(rows)('%s', async (_, f, exact, at) => {
    const got = await slopes(f, at);
    const worst = at.map((x, i) => ({ x, error: relative(got[i], exact(x)) })).sort((a, b) => b.error - a.error)[0];
    expect(worst.error, `at ${worst.x}`).toBeLessThan(ulps(8));
  });

  it('logSumExp and logSoftmax have softmax for a gradient', async () => {
    const x = tensor(Float32Array.from({ length: 1000 }, (_, i) => Math.fround(Math.sin(i) / 10)));
    const p = await read(device, softmax(x));
    const [whole, one] = await read(device, [
      grad((y: Tensor) => logSumExp()(y))(x),
      grad((y: Tensor) =>
        sum()(mul(logSoftmax(y), tensor(Float32Array.from({ length: 1000 }, (_, i) => (i === 3 ? 1 : 0))))),
      )(x),
    ]);
    p.forEach((share, i) => {
      expect(relative(whole[i], share)).toBeLessThan(ulps(4));
      expect(relative(one[i], (i === 3 ? 1 : 0) - share)).toBeLessThan(ulps(4));
    });
  });

  it('stay finite far out', async () => {
    const far = [-1e30, -1000, -90, -88, 88, 90, 1000, 1e30];
    for (const f of [sigmoid, tanh]) expect((await slopes(f, far)).every(Number.isFinite)).toBe(true);
    expect((await slopes(tanh, far)).map(Math.abs).every((d) => d < 1e-30)).toBe(true);
  });
});

describe('by rule where there is no one derivative', () => {
  it('tanh is 1 at 0, sqrt infinite, abs 0', async () => {
    expect(await slopes(tanh, [0, -0])).toEqual([1, 1]);
    expect(await slopes(sqrt, [0])).toEqual([Infinity]);
    expect(await slopes(abs, [0, -0])).toEqual([0, 0]);
  });
  it('max and min of two send a tie to the second, a largest element is shared', async () => {
    const of = (f: (a: Tensor, b: Tensor) => Tensor) =>
      read(device, grad((a: Tensor, b: Tensor) => sum()(f(a, b)), { argnums: [0, 1] })(tensor([1]), tensor([1])));
    expect((await of(maximum)).map((d) => d[0])).toEqual([0, 1]);
    expect((await of(minimum)).map((d) => d[0])).toEqual([0, 1]);
    expect(await slopes(max(), [2, 1, 2])).toEqual([0.5, 0, 0.5]);
  });
});
