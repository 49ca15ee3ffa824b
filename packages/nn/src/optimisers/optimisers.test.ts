import { evaluate, jit, mul, read, scalar, sub, sum, type Tensor, tensor } from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import { goldenPath, readBytes, readF32, shared } from '../../../../test/shared.ts';
import { grad } from '../autodiff/grad.ts';
import { device, numbers } from '../testing/numeric.ts';
import { adam, darknetAdam } from './adam.ts';
import { clipByNorm, exponentialAverage, globalNorm } from './average.ts';
import { sgd } from './sgd.ts';

const close = (actual: ArrayLike<number>, expected: readonly number[], digits = 6): void => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((v, i) => {
    expect(actual[i]).toBeCloseTo(v, digits);
  });
};
const values = (count: number, seed: number) => numbers(count, seed).map(Math.fround);
const params = () => ({
  conv: { weights: tensor(values(3, 1)), biases: tensor(values(2, 2)), scales: tensor(values(2, 3)) },
});
type Params = ReturnType<typeof params>;
const gradients = (seed: number): Params => ({
  conv: { weights: tensor(values(3, seed)), biases: tensor(values(2, seed + 1)), scales: tensor(values(2, seed + 2)) },
});

describe('sgd', () => {
  const batch = 8;
  const options = { batch, momentum: 0.9, decay: 0.05 };

  test('three updates of two parts each, as the loops of the original', async () => {
    const optimiser = sgd(options);
    let [p, state] = [params(), optimiser.init(params())];
    const names = ['weights', 'biases', 'scales'] as const;
    const model = names.map((name, i) => ({ name, x: values(name === 'weights' ? 3 : 2, i + 1), u: [0, 0, 0] }));
    for (let iteration = 0; iteration < 3; iteration++) {
      const rate = 0.1 / (iteration + 1);
      const seeds = [10 * iteration + 20, 10 * iteration + 25];
      state = optimiser.accumulate(gradients(seeds[0]), state);
      [p, state] = optimiser.update(gradients(seeds[1]), state, p, iteration === 1 ? scalar(rate) : rate);
      model.forEach(({ name, x, u }, k) => {
        x.forEach((v, i) => {
          for (const seed of seeds) u[i] -= values(x.length, seed + k)[i];
          if (name === 'weights') u[i] -= options.decay * batch * v;
          x[i] += (rate / batch) * u[i];
          u[i] *= options.momentum;
        });
      });
      const got = await read(device, { p, updates: state.updates as Params });
      for (const { name, x, u } of model) {
        close(got.p.conv[name], x);
        close(got.updates.conv[name], u.slice(0, x.length));
      }
    }
  });

  test('rates and decay by parameter', async () => {
    const optimiser = sgd({
      batch: 1,
      momentum: 0,
      decay: 0.5,
      decays: (path) => path.join('.') === 'conv.biases',
      rateFactor: (path) => (path.at(-1) === 'weights' ? 0 : path.at(-1) === 'scales' ? 10 : 1),
    });
    const [before, g] = [params(), gradients(4)];
    const [after] = optimiser.update(g, optimiser.init(before), before, 0.1);
    expect(after.conv.weights).toBe(before.conv.weights);
    const got = await read(device, after);
    close(
      got.conv.scales,
      values(2, 3).map((v, i) => v - values(2, 6)[i]),
    );
    close(
      got.conv.biases,
      values(2, 2).map((v, i) => v - 0.1 * (values(2, 5)[i] + 0.5 * v)),
    );
  });

  test('trees are matched by name; one that lacks a leaf is named', async () => {
    const optimiser = sgd({ batch: 1, decay: 0 });
    const before = { a: tensor([1]), b: tensor([2]) };
    const [after] = optimiser.update({ b: tensor([10]), a: tensor([20]) }, optimiser.init(before), before, 1);
    const got = await read(device, after);
    expect([got.a[0], got.b[0]]).toEqual([-19, -8]);
    expect(() => optimiser.accumulate({ a: tensor([1]) }, optimiser.init(before))).toThrow('no tensor at b');
  });

  test('a list of layers', async () => {
    const optimiser = sgd({ batch: 2, decay: 0.5, decays: (path) => path.join('.') === '1.weights' });
    const before = [{}, { weights: tensor([8]) }] as const;
    const [after] = optimiser.update([{}, { weights: tensor([2]) }] as const, optimiser.init(before), before, 0.5);
    close(await read(device, after[1].weights), [8 - (0.5 / 2) * (2 + 0.5 * 2 * 8)]);
  });

  test('compiled, with parameters and state donated', async () => {
    const optimiser = sgd({ batch: 1, decay: 0, momentum: 0.5 });
    const target = tensor([3, -2]);
    const loss = (p: { x: Tensor }) => sum()(mul(sub(p.x, target), sub(p.x, target)));
    type State = ReturnType<typeof optimiser.init>;
    const step = jit(
      device,
      (p: { x: Tensor }, s: State, rate: Tensor) => optimiser.update(grad(loss)(p), s, p, rate),
      { donate: [0, 1] },
    );
    const start = { x: tensor([0, 0]) };
    let [p, s] = await evaluate(device, [start, optimiser.init(start)] as [typeof start, State]);
    for (let i = 0; i < 60; i++) [p, s] = await step(p, s, scalar(0.2));
    close(await read(device, p.x), [3, -2], 4);
  });

  describe.skipIf(!shared)('against the weights of the original', () => {
    const folder = (...rest: string[]) => goldenPath('network', ...rest);
    const run = (...rest: string[]) => folder('train_giou_exp_burnin', 'gpulike', ...rest);
    const floats = (path: string) => new Float32Array(readBytes(path).slice(20).buffer);
    /** Rates of updates 1 and 2, batch, momentum and decay of the cfg; layer 0 has 6 filters of 3 x 3 x 3. */
    const rates = [0.00039999999, 0.00159999996];
    const layer0 = (all: Float32Array, statistics: boolean) => {
      const from = statistics ? 24 : 12;
      const pick = (start: number, end: number) => tensor(all.slice(start, end));
      return { biases: pick(0, 6), scales: pick(6, 12), weights: pick(from, from + 162) };
    };

    test.each([1, 2])('update %i of layer 0', async (n) => {
      const optimiser = sgd({ batch: 4, momentum: 0.9, decay: 0.0005 });
      const before = layer0(floats(n === 1 ? folder('train_shared', 'initial.weights') : run('iter_1.weights')), true);
      const after = layer0(floats(run(`iter_${n}.weights`)), true);
      const buffers = layer0(readF32(run(`updates_${n}.bin`)), false);
      const previous = n === 1 ? optimiser.init(before).updates : layer0(readF32(run('updates_1.bin')), false);
      // The gradients that the buffers tell of; what they do to the parameters is then compared with the files.
      const carried = await read(device, { buffers, previous: previous as typeof buffers, before });
      const gradient = (name: 'weights' | 'biases' | 'scales', decay: number) =>
        tensor(
          Array.from(carried.buffers[name], (u, i) => {
            return carried.previous[name][i] - decay * 4 * carried.before[name][i] - u / 0.9;
          }),
        );
      const gradients = {
        weights: gradient('weights', 0.0005),
        biases: gradient('biases', 0),
        scales: gradient('scales', 0),
      };
      const [moved, state] = optimiser.update(gradients, { updates: previous }, before, rates[n - 1]);
      const got = await read(device, { moved, updates: state.updates as typeof buffers, after });
      for (const name of ['weights', 'biases', 'scales'] as const) {
        expect(got.moved[name].length).toBe(name === 'weights' ? 162 : 6);
        got.moved[name].forEach((v, i) => {
          expect(Math.abs(v - got.after[name][i])).toBeLessThanOrEqual(1e-6);
        });
        close(got.updates[name], [...carried.buffers[name]], 4);
      }
    });
  });
});

describe('adam', () => {
  test.each([
    ['adam', adam({ decay: 0.1 })],
    ['darknetAdam', darknetAdam({ batch: 4, decay: 0.1 })],
  ] as const)('%s: three updates, as the formulas', async (kind, optimiser) => {
    let [p, state] = [params(), optimiser.init(params())];
    const model = (['weights', 'biases', 'scales'] as const).map((name, i) => {
      const x = values(name === 'weights' ? 3 : 2, i + 1);
      return { name, x, m: x.map(() => 0), v: x.map(() => 0) };
    });
    for (let t = 1; t <= 3; t++) {
      [p, state] = optimiser.update(gradients(t * 7), state, p, 0.01);
      model.forEach(({ name, x, m, v }, k) => {
        x.forEach((value, i) => {
          const g = values(x.length, t * 7 + k)[i] + (kind === 'adam' ? 0 : 0.1 * 4 * value);
          m[i] = 0.9 * m[i] + 0.1 * g;
          v[i] = 0.999 * v[i] + 0.001 * g * g;
          const direction =
            m[i] / (1 - 0.9 ** t) / (Math.sqrt(v[i] / (1 - 0.999 ** t)) + (kind === 'adam' ? 1e-8 : 1e-7));
          x[i] -= 0.01 * (direction + (kind === 'adam' && name === 'weights' ? 0.1 * value : 0));
        });
      });
    }
    const got = await read(device, p);
    for (const { name, x } of model) close(got.conv[name], x, 5);
  });

  test('rate factors', async () => {
    const before = params();
    const optimiser = adam({ rateFactor: (path) => (path.at(-1) === 'scales' ? 2 : path.at(-1) === 'biases' ? 1 : 0) });
    const [after] = optimiser.update(gradients(4), optimiser.init(before), before, 0.01);
    expect(after.conv.weights).toBe(before.conv.weights);
    const got = await read(device, after);
    // The first step of Adam is the sign of the gradient.
    close(
      got.conv.scales,
      values(2, 3).map((v, i) => v - 0.02 * Math.sign(values(2, 6)[i])),
      5,
    );
    close(
      got.conv.biases,
      values(2, 2).map((v, i) => v - 0.01 * Math.sign(values(2, 5)[i])),
      5,
    );
  });
});

test('exponential average', async () => {
  const average = exponentialAverage(0.75);
  const start = { a: tensor([4]), b: { c: tensor([8, 0]) } };
  const first = average.init(start);
  expect(first.a).not.toBe(start.a);
  const got = await read(device, average.update(first, { a: tensor([0]), b: { c: tensor([0, 4]) } }));
  expect([...got.a, ...got.b.c]).toEqual([3, 6, 1]);
});

test('clipping by norm', async () => {
  const g = { a: tensor([3]), b: [tensor([[4, 0]].flat())] };
  const [norm, [clipped, before], [whole]] = await read(device, [
    globalNorm(g),
    clipByNorm(1)(g),
    clipByNorm(10)(g),
  ] as const);
  expect([norm[0], before[0]]).toEqual([5, 5]);
  close([...clipped.a, ...clipped.b[0]], [0.6, 0.8, 0]);
  expect([...whole.a, ...whole.b[0]]).toEqual([3, 4, 0]);
});
