/** Training-mode layers against what the original computed (CPU build), from the goldens when they are present. */
import { conv2dInput, read, type Shape, type Tensor, tensor, transpose } from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import { goldenPath, readBytes, readF32, shared } from '../../../../test/shared.ts';
import { vjp } from '../autodiff/vjp.ts';
import { device } from '../testing/numeric.ts';
import { activate } from './activation.ts';
import { convolution } from './convolution.ts';
import { addShortcut } from './junction.ts';
import { inference } from './layer.ts';
import { normalise } from './normalisation.ts';
import { maxPool } from './pooling.ts';

const folder = (...rest: string[]) => goldenPath('network', ...rest);
const training = { training: true };
const batch = 2;

/** `[n, c, h, w]` in a file, `[n, h, w, c]` here. */
const image = (data: Float32Array, [n, h, w, c]: Shape): Tensor =>
  transpose([0, 2, 3, 1])(tensor(data.slice(0, n * h * w * c), [n, c, h, w]));
const layerOutput = (index: number, shape: Shape) =>
  image(readF32(folder('train_giou_exp_burnin', 'cpu', `fwdtrain_0${index}.bin`)), shape);
const delta = (index: number, shape: Shape) =>
  image(readF32(folder('train_giou_exp_burnin', 'cpu', `delta_0${index}.bin`)), shape);

/** The convolutions 0, 2, 3 and 4 of the network, read from a weights file one after another. */
const convolutions = [
  { index: 0, size: 3, inputs: 3, filters: 6 },
  { index: 2, size: 3, inputs: 6, filters: 8 },
  { index: 3, size: 1, inputs: 8, filters: 6 },
  { index: 4, size: 3, inputs: 6, filters: 8 },
];
const load = () => {
  const bytes = readBytes(folder('train_shared', 'initial.weights'));
  const values = new Float32Array(bytes.slice(20).buffer);
  let at = 0;
  const take = (count: number): Float32Array => {
    at += count;
    return values.slice(at - count, at);
  };
  return new Map(
    convolutions.map(({ index, size, inputs, filters }) => {
      const [biases, scales, mean, variance] = [0, 1, 2, 3].map(() => tensor(take(filters)));
      const raw = tensor(take(filters * inputs * size * size), [filters, inputs, size, size]);
      const layer = convolution({
        filters,
        size,
        padding: size >> 1,
        activation: 'leaky',
        batchNorm: 'darknet-cpu',
      });
      const params = { weights: transpose([0, 2, 3, 1])(raw), biases, scales };
      return [index, { layer, params, state: { mean, variance } }] as const;
    }),
  );
};

const expectClose = async (actual: Tensor, expected: Tensor): Promise<void> => {
  expect(actual.shape).toEqual(expected.shape);
  const [a, e] = await read(device, [actual, expected]);
  let worst = 0;
  a.forEach((v, i) => {
    worst = Math.max(worst, Math.abs(v - e[i]) / (1e-4 + 1e-4 * Math.abs(e[i])));
  });
  expect(worst).toBeLessThanOrEqual(1);
};

describe.skipIf(!shared)('the first layers of train_giou_exp_burnin', () => {
  const nets = shared ? load() : new Map<number, never>();
  const shapes = {
    x: [batch, 32, 32, 3],
    y0: [batch, 32, 32, 6],
    y1: [batch, 16, 16, 6],
    y2: [batch, 16, 16, 8],
    y3: [batch, 16, 16, 6],
  };
  const apply = (index: number, x: Tensor): Tensor => {
    const { layer, params, state } = nets.get(index)!;
    return layer.apply(params, state, x, training).y;
  };
  const pool = maxPool({ size: 2, stride: 2 });

  test('forward', async () => {
    const x = image(readF32(folder('train_shared', 'X.bin')), shapes.x);
    const y0 = apply(0, x);
    const y1 = pool.apply({}, {}, y0, inference).y;
    const y2 = apply(2, y1);
    const y3 = apply(3, y2);
    const y4 = apply(4, y3);
    const y5 = addShortcut(y4, y2);
    const computed = [y0, y1, y2, y3, y4, y5];
    for (const [i, y] of computed.entries()) await expectClose(y, layerOutput(i, y.shape));
  });

  // The delta of a convolution in the files is that of its result before normalisation and activation.
  const finish = (index: number) => (z: Tensor) => {
    const { params, state } = nets.get(index)!;
    return activate('leaky')(normalise('darknet-cpu', params, state, z, training).y);
  };
  const before = (index: number, x: Tensor): Tensor => {
    const { params } = nets.get(index)!;
    const layer = convolution({
      filters: params.weights.shape[0],
      size: index === 3 ? 1 : 3,
      padding: index === 3 ? 0 : 1,
    });
    const zero = tensor(new Float32Array(params.weights.shape[0]));
    return layer.apply({ weights: params.weights, biases: zero }, {}, x, training).y;
  };

  test('backward through pool, activation and normalisation', async () => {
    const z = before(0, image(readF32(folder('train_shared', 'X.bin')), shapes.x));
    const f = (t: Tensor) => pool.apply({}, {}, finish(0)(t), training).y;
    const [dz] = vjp(f, z).pullback(delta(1, shapes.y1));
    await expectClose(dz, delta(0, shapes.y0));
  });

  test('backward through convolution, activation and normalisation', async () => {
    const { params } = nets.get(4)!;
    const incoming = conv2dInput(params.weights, shapes.y3, { padding: 1 })(delta(4, shapes.y2));
    const [dz] = vjp(finish(3), before(3, layerOutput(2, shapes.y2))).pullback(incoming);
    await expectClose(dz, delta(3, shapes.y3));
  });
});
