import { read, scalar, tensor } from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import { grad } from '../autodiff/grad.ts';
import { device, mismatches } from '../testing/numeric.ts';
import { type Activation, activate, activations, isActivation } from './activation.ts';

/** As the original's C writes them, in double precision. */
const expected: Readonly<Record<Activation, (x: number) => number>> = {
  linear: (x) => x,
  logistic: (x) => 1 / (1 + Math.exp(-x)),
  loggy: (x) => 2 / (1 + Math.exp(-x)) - 1,
  relu: (x) => Math.max(0, x),
  elu: (x) => (x >= 0 ? x : Math.expm1(x)),
  selu: (x) => (x >= 0 ? 1.0507 * x : 1.0507 * 1.6732 * Math.expm1(x)),
  relie: (x) => (x > 0 ? x : 0.01 * x),
  ramp: (x) => Math.max(0, x) + 0.1 * x,
  leaky: (x) => (x > 0 ? x : 0.1 * x),
  tanh: Math.tanh,
  plse: (x) => (x < -4 ? 0.01 * (x + 4) : x > 4 ? 0.01 * (x - 4) + 1 : 0.125 * x + 0.5),
  stair: (x) => {
    const n = Math.floor(x);
    return n % 2 === 0 ? Math.floor(x / 2) : x - n + Math.floor(x / 2);
  },
  hardtan: (x) => Math.max(-1, Math.min(1, x)),
  lhtan: (x) => (x < 0 ? 0.001 * x : x > 1 ? 0.001 * (x - 1) + 1 : x),
};

/** On every piece of every row, and 0.1 away from where pieces meet. */
const points = [-6.3, -4.4, -2.6, -1.4, -0.7, -0.2, 0.3, 0.8, 1.3, 2.4, 3.7, 4.6, 6.2];

describe.each(activations)('%s', (name) => {
  test('value', async () => {
    const y = await read(device, activate(name)(tensor(points)));
    points.forEach((x, i) => {
      expect(y[i], `at ${x}`).toBeCloseTo(expected[name](x), 5);
    });
  });
  test('derivative', async () => {
    expect(await mismatches(activate(name), [tensor(points)])).toEqual([]);
  });
  test('finite far out', async () => {
    for (const x of [-1000, 1000]) {
      const [y, dy] = await read(device, [activate(name)(scalar(x)), grad(activate(name))(scalar(x))]);
      expect([y[0], dy[0]].every(Number.isFinite), `${y[0]} and ${dy[0]} at ${x}`).toBe(true);
    }
  });
});

test('slopes at 0 are those of the original', async () => {
  const slope = async (name: Activation) => (await read(device, grad(activate(name))(scalar(0))))[0];
  expect(await slope('leaky')).toBe(Math.fround(0.1));
  expect(await slope('relu')).toBe(0);
  expect(await slope('elu')).toBe(1);
  expect(await slope('hardtan')).toBe(1);
});

test('names', () => {
  expect(isActivation('leaky')).toBe(true);
  expect(isActivation('toString')).toBe(false);
});
