import { add, jit, key, read, ShapeError, sum, type Tensor, tensor } from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import { grad } from '../autodiff/grad.ts';
import { at, count, run, training } from '../testing/layers.ts';
import { device, distinct, mismatches, random } from '../testing/numeric.ts';
import { connected } from './connected.ts';
import { convolution } from './convolution.ts';
import { cost, softmaxCost } from './cost.ts';
import { dropout } from './dropout.ts';
import { inference } from './layer.ts';
import { avgPool, maxPool } from './pooling.ts';
import { sequential } from './sequential.ts';
import { softmax } from './softmax.ts';
import { upsample } from './upsample.ts';

describe('convolution', () => {
  const x = random([2, 5, 7, 4], 1);
  const options = { filters: 6, size: 3, stride: 2, padding: 1, groups: 2, activation: 'leaky' } as const;

  test('weights are N(0, 1) sqrt(2 / fan-in), biases 0, scales 1', async () => {
    const { params, state, shape } = convolution({ ...options, filters: 64, batchNorm: 'cudnn' }).init(key(5), x.shape);
    expect(shape).toEqual([2, 3, 4, 64]);
    const got = await read(device, { params, state });
    const weights = [...got.params.weights];
    const mean = weights.reduce((a, b) => a + b, 0) / weights.length;
    const variance = weights.reduce((a, b) => a + (b - mean) ** 2, 0) / weights.length;
    expect(weights.length).toBe(64 * 9 * 2);
    expect(mean).toBeCloseTo(0, 1);
    expect(variance / (2 / 18)).toBeCloseTo(1, 0.7);
    expect(new Set(got.params.biases)).toEqual(new Set([0]));
    expect(new Set(got.params.scales)).toEqual(new Set([1]));
    expect(got.state).toEqual({ mean: new Float32Array(64), variance: new Float32Array(64) });
  });

  test('bias and activation, and their gradients', async () => {
    // A smooth activation: finite differences do not step over kinks.
    const layer = convolution({ ...options, activation: 'logistic' });
    const { params } = layer.init(key(2), x.shape);
    const f = (w: Tensor, b: Tensor, image: Tensor) =>
      layer.apply({ ...params, weights: w, biases: b }, {}, image, training).y;
    expect(await mismatches(f, [random([6, 3, 3, 2], 3), random([6], 4), random([1, 3, 4, 4], 5)])).toEqual([]);
    const [plain] = await run(convolution({ filters: 1, size: 1 }), tensor([2], [1, 1, 1, 1]));
    expect(plain).not.toBe(0);
  });
});

describe('maxPool', () => {
  const sides = (options: Parameters<typeof maxPool>[0], h: number) =>
    maxPool(options).init(key(0), [1, h, h, 2]).shape.slice(1, 3);
  test('geometry of the original', () => {
    expect(sides({ size: 2, stride: 2 }, 8)).toEqual([4, 4]);
    expect(sides({ size: 2, stride: 2 }, 7)).toEqual([4, 4]);
    expect(sides({ size: 2, stride: 1 }, 7)).toEqual([7, 7]);
    expect(sides({ size: 5, stride: 1 }, 13)).toEqual([13, 13]);
    expect(sides({ size: 3, stride: 2, padding: 0 }, 7)).toEqual([3, 3]);
  });
  test('size 2 stride 1 looks right and down', async () => {
    const x = count(9, [1, 3, 3, 1]);
    expect(await run(maxPool({ size: 2, stride: 1 }), x)).toEqual([4, 5, 5, 7, 8, 8, 7, 8, 8]);
  });
  test('size 3 stride 1 looks around evenly', async () => {
    expect(await run(maxPool({ size: 3, stride: 1 }), count(9, [1, 3, 3, 1]))).toEqual([4, 5, 5, 7, 8, 8, 7, 8, 8]);
    const falling = tensor([8, 7, 6, 5, 4, 3, 2, 1, 0], [1, 3, 3, 1]);
    expect(await run(maxPool({ size: 3, stride: 1 }), falling)).toEqual([8, 8, 7, 8, 8, 7, 5, 5, 4]);
  });
});

test('avgPool', async () => {
  expect(await run(avgPool(), count(12, [2, 1, 3, 2]))).toEqual([2, 3, 8, 9]);
});

describe('upsample', () => {
  const x = count(4, [1, 2, 1, 2]);
  test('repeats, scaled', async () => {
    expect(await run(upsample({ stride: 2, scale: 10 }), x)).toEqual([
      0, 10, 0, 10, 0, 10, 0, 10, 20, 30, 20, 30, 20, 30, 20, 30,
    ]);
  });
  test('a negative stride sums blocks', async () => {
    expect(await run(upsample({ stride: -2 }), count(8, [1, 2, 4, 1]))).toEqual([10, 18]);
    expect(() => upsample({ stride: -2 }).init(key(0), [1, 3, 4, 1])).toThrow(ShapeError);
    expect(() => upsample({ stride: 0 })).toThrow('upsample: stride must be a whole number other than 0, got 0');
  });
  test('gradients', async () => {
    for (const stride of [2, -2]) {
      const layer = upsample({ stride, scale: 0.5 });
      const f = (t: Tensor) => layer.apply({}, {}, t, inference).y;
      expect(await mismatches(f, [random([1, 2, 4, 2])])).toEqual([]);
    }
  });
});

describe('connected', () => {
  test('weights are U(-1, 1) sqrt(2 / inputs)', async () => {
    const { params, shape } = connected({ outputs: 50 }).init(key(3), [4, 2, 3, 5]);
    expect(shape).toEqual([4, 1, 1, 50]);
    const weights = await read(device, params.weights);
    const bound = Math.sqrt(2 / 30);
    expect(Math.max(...weights)).toBeLessThanOrEqual(bound);
    expect(Math.max(...weights)).toBeGreaterThan(0.95 * bound);
    expect(Math.min(...weights)).toBeLessThan(-0.95 * bound);
  });
  test('reads every input of an image; gradients', async () => {
    const layer = connected({ outputs: 2, activation: 'logistic' });
    const f = (weights: Tensor, biases: Tensor, x: Tensor) => layer.apply({ weights, biases }, {}, x, training).y;
    const [w, b, x] = [random([2, 12], 1), random([2], 2), random([3, 2, 2, 3], 3)];
    const y = await read(device, f(w, b, x));
    let z = at(b, 1);
    for (let i = 0; i < 12; i++) z += at(w, 1, i) * at(x, 2, 0, 0, i);
    expect(y[5]).toBeCloseTo(1 / (1 + Math.exp(-z)), 6);
    expect(await mismatches(f, [w, b, x])).toEqual([]);
  });
  test('with batch normalisation', async () => {
    const x = distinct([4, 1, 1, 3]);
    const y = await run(connected({ outputs: 1, batchNorm: 'cudnn' }), x, training);
    expect(y.reduce((a, b) => a + b)).toBeCloseTo(0, 5);
    expect(y.reduce((a, b) => a + b * b, 0)).toBeCloseTo(4, 2);
  });
});

describe('dropout', () => {
  const x = add(random([1, 40, 40, 1]), 3);
  const layer = dropout({ probability: 0.25 });
  const mode = { training: true, key: key(9) };
  test('drops the given share and keeps the mean', async () => {
    const { y } = layer.apply({}, {}, x, mode);
    const [dropped, kept] = await read(device, [y, x]);
    const zeros = dropped.filter((v) => v === 0).length / dropped.length;
    expect(zeros).toBeGreaterThan(0.21);
    expect(zeros).toBeLessThan(0.29);
    dropped.forEach((v, i) => {
      if (v !== 0) expect(v).toBeCloseTo(kept[i] / 0.75, 5);
    });
    const mask = await read(device, grad((t: Tensor) => sum()(layer.apply({}, {}, t, mode).y))(x));
    mask.forEach((m, i) => {
      expect(m).toBeCloseTo(dropped[i] === 0 ? 0 : 1 / 0.75, 5);
    });
  });
  test('is nothing in inference, and needs a key in training', async () => {
    expect(layer.apply({}, {}, x, inference).y).toBe(x);
    expect(() => layer.apply({}, {}, x, training)).toThrow('mode.key');
    expect(() => dropout({ probability: 1 })).toThrow('[0, 1)');
  });
});

describe('softmax', () => {
  test('sums to 1 over each group, whatever the range', async () => {
    const x = tensor([1, 2, 1000, 1001, -5, -5, 0, 700], [2, 1, 1, 4]);
    const y = await run(softmax({ groups: 2 }), x);
    const p = 1 / (1 + Math.exp(1));
    [p, 1 - p, p, 1 - p, 0.5, 0.5, 0, 1].forEach((v, i) => {
      expect(y[i]).toBeCloseTo(v, 6);
    });
  });
  test('over an image, or each place by itself; temperature', async () => {
    const x = tensor([0, 0, 0, 0, 0, 0], [1, 1, 3, 2]);
    expect((await run(softmax(), x))[0]).toBeCloseTo(1 / 6, 6);
    expect((await run(softmax({ spatial: true }), x))[0]).toBeCloseTo(1 / 2, 6);
    const [p] = await run(softmax({ temperature: 2 }), tensor([2, 0], [1, 1, 1, 2]));
    expect(p).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
  });
  test('gradients', async () => {
    const layer = softmax({ groups: 2, temperature: 0.7 });
    expect(await mismatches((x) => layer.apply({}, {}, x, training).y, [random([1, 2, 1, 4])])).toEqual([]);
  });
  test('its cost has the derivative p - target', async () => {
    const layer = softmax();
    const target = tensor([0, 1, 0], [1, 1, 1, 3]);
    const x = random([1, 1, 1, 3]);
    const loss = (t: Tensor) => softmaxCost(t, layer.apply({}, {}, t, training).y, target);
    expect(await mismatches(loss, [x])).toEqual([]);
    const probabilities = await run(layer, x);
    expect((await read(device, loss(x)))[0]).toBeCloseTo(-Math.log(probabilities[1]), 5);
  });
});

describe('cost', () => {
  const [p, t] = [tensor([0, 0, 0, 0]), tensor([0.5, -3, 2, -1234])];
  const both = async (f: (p: Tensor, t: Tensor) => Tensor) => {
    const [value, gradient] = await read(device, [f(p, t), grad(f)(p, t)] as const);
    return [value[0], ...gradient.map((g) => -g)];
  };
  test('values are exact, derivatives those of the original', async () => {
    const masked = true;
    expect(await both(cost('sse', { masked }))).toEqual([13.25, 0.5, -3, 2, 0]);
    expect(await both(cost('l1', { masked, scale: 2 }))).toEqual([5.5, 2, -2, 2, 0]);
    expect(await both(cost('smooth', { masked }))).toEqual([8.25, 0.5, -1, 1, 0]);
  });
});

test('sequential: shapes, states and keys pass through', async () => {
  const net = sequential(
    convolution({ filters: 4, size: 3, padding: 1, batchNorm: 'cudnn', activation: 'leaky' }),
    maxPool({ size: 2, stride: 2 }),
    dropout(),
    connected({ outputs: 3 }),
    softmax(),
  );
  const x = random([2, 6, 6, 3]);
  const { params, state, shape } = net.init(key(1), x.shape);
  expect(shape).toEqual([2, 1, 1, 3]);
  const step = jit(device, (p: typeof params, s: typeof state, k: Tensor) =>
    net.apply(p, s, x, { training: true, key: k }),
  );
  const { y, state: after } = await step(params, state, key(2));
  const probabilities = [...(await read(device, y))];
  expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(2, 5);
  const [before, now] = await read(device, [state, after]);
  expect(JSON.stringify(now)).not.toBe(JSON.stringify(before));
  const again = [...(await read(device, (await step(params, state, key(3))).y))];
  expect(again).not.toEqual(probabilities);
});
