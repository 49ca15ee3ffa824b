import { add, fetch, jit, key, mul, read, sum, type Tensor, tensor } from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import { grad } from '../autodiff/grad.ts';
import { vjp } from '../autodiff/vjp.ts';
import { at, training } from '../testing/layers.ts';
import { device, mismatches, random } from '../testing/numeric.ts';
import { inference } from './layer.ts';
import { batchNorm, type Convention, normalise } from './normalisation.ts';

describe('batchNorm', () => {
  const [scales, biases] = [random([3], 8), random([3], 9)];
  const state = { mean: tensor([1, 2, 3]), variance: tensor([4, 5, 6]) };
  const values = [1, 2, 4, 9, 0, -3, 2, 5, 5, 1, -1, 7];
  const x = tensor(values, [2, 2, 1, 3]);

  const columns = [0, 1, 2].map((c) => values.filter((_, i) => i % 3 === c));
  const mean = columns.map((v) => v.reduce((a, b) => a + b) / 4);
  const squares = columns.map((v, c) => v.reduce((a, b) => a + (b - mean[c]) ** 2, 0));
  const deviation: Readonly<Record<Convention, (variance: number) => number>> = {
    cudnn: (v) => Math.sqrt(v + 1e-5),
    'darknet-cpu': (v) => Math.sqrt(v) + 1e-6,
  };

  test.each(['cudnn', 'darknet-cpu'] as const)('%s: values and rolling statistics', async (convention) => {
    const params = { scales, biases };
    const trained = await read(device, normalise(convention, params, state, x, training));
    const inferred = await read(device, normalise(convention, params, state, x, inference));
    const n = convention === 'cudnn' ? 4 : 3;
    values.forEach((v, i) => {
      const c = i % 3;
      const linear = (m: number, variance: number) =>
        (at(scales, c) * (v - m)) / deviation[convention](variance) + at(biases, c);
      expect(trained.y[i]).toBeCloseTo(linear(mean[c], squares[c] / n), 5);
      expect(inferred.y[i]).toBeCloseTo(linear(at(state.mean, c), at(state.variance, c)), 5);
    });
    expect(inferred.state.mean).toEqual(new Float32Array([1, 2, 3]));
    [0, 1, 2].forEach((c) => {
      expect(trained.state.mean[c]).toBeCloseTo(0.99 * at(state.mean, c) + 0.01 * mean[c], 5);
      expect(trained.state.variance[c]).toBeCloseTo(0.99 * at(state.variance, c) + (0.01 * squares[c]) / 3, 5);
    });
  });

  test('cudnn: gradients', async () => {
    const f = (image: Tensor, s: Tensor, b: Tensor) =>
      normalise('cudnn', { scales: s, biases: b }, state, image, training).y;
    expect(await mismatches(f, [random([2, 3, 3, 3], 3), scales, biases])).toEqual([]);
  });

  test('darknet-cpu: gradients by the formulas of the original', async () => {
    const f = (image: Tensor, s: Tensor, b: Tensor) =>
      normalise('darknet-cpu', { scales: s, biases: b }, state, image, training).y;
    const dy = random(x.shape, 5);
    const [dx, dScales, dBiases] = await read(device, vjp(f, x, scales, biases).pullback(dy));
    const sumOver = (c: number, g: (i: number) => number) => [0, 1, 2, 3].reduce((total, r) => total + g(3 * r + c), 0);
    const delta = (i: number) => at(dy, 0, 0, 0, i);
    values.forEach((v, i) => {
      const c = i % 3;
      const variance = squares[c] / 3;
      const scaled = (k: number) => delta(k) * at(scales, c);
      const dMean = sumOver(c, scaled) * (-1 / Math.sqrt(variance + 1e-5));
      const dVariance = sumOver(c, (k) => scaled(k) * (values[k] - mean[c])) * -0.5 * (variance + 1e-5) ** -1.5;
      const expected = scaled(i) / Math.sqrt(variance + 1e-5) + (2 * dVariance * (v - mean[c])) / 4 + dMean / 4;
      expect(dx[i]).toBeCloseTo(expected, 5);
    });
    for (const c of [0, 1, 2]) {
      const normal = (k: number) => (values[k] - mean[c]) / (Math.sqrt(squares[c] / 3) + 1e-6);
      expect(dScales[c]).toBeCloseTo(
        sumOver(c, (k) => delta(k) * normal(k)),
        5,
      );
      expect(dBiases[c]).toBeCloseTo(sumOver(c, delta), 5);
    }
  });

  test('gradients with fixed statistics', async () => {
    const f = (image: Tensor, s: Tensor, b: Tensor) =>
      normalise('cudnn', { scales: s, biases: b }, state, image, inference).y;
    expect(await mismatches(f, [random([1, 2, 2, 3], 3), scales, biases])).toEqual([]);
  });

  test('as a layer, in a compiled training step', async () => {
    const layer = batchNorm();
    const { params, state: fresh } = layer.init(key(0), x.shape);
    const step = jit(device, (p: typeof params, image: Tensor) => {
      const loss = (q: typeof params) => sum()(mul(layer.apply(q, fresh, image, training).y, image));
      return { g: grad(loss)(p), state: layer.apply(p, fresh, image, training).state, n: fetch(add(loss(p), 0)) };
    });
    const { g, n } = await step(params, x);
    expect((await read(device, g.biases))[0]).toBeCloseTo(values.filter((_, i) => i % 3 === 0).reduce((a, b) => a + b));
    expect(Number.isFinite(n[0])).toBe(true);
  });
});
