import { add, fetch, jit, key, mul, read, type Shape, ShapeError, sum, type Tensor, tensor } from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import { grad } from '../autodiff/grad.ts';
import { vjp } from '../autodiff/vjp.ts';
import { device, distinct, mismatches, random } from '../testing/numeric.ts';
import { connected } from './connected.ts';
import { convolution } from './convolution.ts';
import { cost, softmaxCost } from './cost.ts';
import { dropout } from './dropout.ts';
import { addShortcut, route, shortcut } from './junction.ts';
import { inference, type Layer, type Variables } from './layer.ts';
import { batchNorm, type Convention, normalise } from './normalisation.ts';
import { avgPool, maxPool } from './pooling.ts';
import { sequential } from './sequential.ts';
import { softmax } from './softmax.ts';
import { upsample } from './upsample.ts';

const training = { training: true };

/** The result of a fresh layer, with the promise that `init` told its shape. */
const run = async <P extends Variables, S extends Variables>(layer: Layer<P, S>, x: Tensor, mode = inference) => {
  const { params, state, shape } = layer.init(key(1), x.shape);
  const { y } = layer.apply(params, state, x, mode);
  expect(y.shape).toEqual(shape);
  return [...(await read(device, y))];
};
const at = (x: Tensor, ...position: number[]): number => {
  if (x.op.kind !== 'constant') throw new Error('a constant is expected');
  return x.op.data[position.reduce((flat, p, i) => flat * x.shape[i] + p, 0)];
};
const count = (length: number, shape: Shape) =>
  tensor(
    Array.from({ length }, (_, i) => i),
    shape,
  );

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
    expect(() => upsample({ stride: 0 })).toThrow('stride 0');
  });
  test('gradients', async () => {
    for (const stride of [2, -2]) {
      const layer = upsample({ stride, scale: 0.5 });
      const f = (t: Tensor) => layer.apply({}, {}, t, inference).y;
      expect(await mismatches(f, [random([1, 2, 4, 2])])).toEqual([]);
    }
  });
});

test('route joins channels', async () => {
  const parts = [count(4, [1, 2, 1, 2]), count(2, [1, 2, 1, 1])];
  expect(
    route().init(
      key(0),
      parts.map((p) => p.shape),
    ).shape,
  ).toEqual([1, 2, 1, 3]);
  expect([...(await read(device, route().apply({}, {}, parts, inference).y))]).toEqual([0, 1, 0, 2, 3, 1]);
  expect(() =>
    route().init(key(0), [
      [1, 2, 2, 3],
      [1, 1, 2, 3],
    ]),
  ).toThrow(ShapeError);
});

describe('shortcut', () => {
  /** The loops of SPEC 4.3. */
  const expected = (x: Tensor, from: Tensor, alpha: number, beta: number): number[] => {
    const [n, h, w, c] = x.shape;
    const [, fh, fw, fc] = from.shape;
    const [stride, sample] = [Math.max(1, Math.floor(fw / w)), Math.max(1, Math.floor(w / fw))];
    const out = Array.from({ length: n * h * w * c }, (_, i) => at(x, 0, 0, 0, i));
    for (let b = 0; b < n; b++)
      for (let i = 0; i < Math.min(h, fh); i++)
        for (let j = 0; j < Math.min(w, fw); j++)
          for (let k = 0; k < Math.min(c, fc); k++) {
            const o = ((b * h + i * sample) * w + j * sample) * c + k;
            out[o] = alpha * out[o] + beta * at(from, b, i * stride, j * stride, k);
          }
    return out;
  };
  const shapes: readonly (readonly [Shape, Shape])[] = [
    [
      [2, 3, 4, 2],
      [2, 3, 4, 2],
    ],
    [
      [2, 3, 4, 5],
      [2, 3, 4, 2],
    ],
    [
      [2, 3, 4, 2],
      [2, 3, 4, 5],
    ],
    [
      [1, 2, 3, 2],
      [1, 4, 6, 3],
    ],
    [
      [1, 2, 3, 2],
      [1, 5, 7, 1],
    ],
    [
      [1, 4, 6, 3],
      [1, 2, 3, 2],
    ],
    [
      [1, 5, 7, 3],
      [1, 2, 3, 4],
    ],
  ];
  test.each(shapes)('%j and %j', async (xs, fs) => {
    const [x, from] = [random(xs, 1), random(fs, 2)];
    for (const [alpha, beta] of [
      [1, 1],
      [0.5, -2],
    ] as const) {
      const y = await read(device, addShortcut(x, from, { alpha, beta }));
      expected(x, from, alpha, beta).forEach((v, i) => {
        expect(y[i]).toBeCloseTo(v, 5);
      });
      expect(await mismatches((a, b) => addShortcut(a, b, { alpha, beta }), [x, from])).toEqual([]);
    }
    expect(shortcut().init(key(0), [xs, fs]).shape).toEqual(xs);
  });
  test('ratios must agree', () => {
    expect(() =>
      shortcut().init(key(0), [
        [1, 4, 4, 1],
        [1, 2, 4, 1],
      ]),
    ).toThrow('one ratio');
  });
  test('activation', async () => {
    const pair = [tensor([-3, 1], [1, 1, 1, 2]), tensor([1, 1], [1, 1, 1, 2])] as const;
    const { y } = shortcut({ activation: 'relu' }).apply({}, {}, pair, inference);
    expect([...(await read(device, y))]).toEqual([0, 2]);
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
