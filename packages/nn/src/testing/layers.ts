/** What the tests of layers share. */
import { key, read, type Shape, type Tensor, tensor } from '@gdarknet/tensor';
import { expect } from 'vitest';
import { inference, type Layer, type Variables } from '../layers/layer.ts';
import { device } from './numeric.ts';

export const training = { training: true };

/** The result of a fresh layer, with the promise that `init` told its shape. */
export const run = async <P extends Variables, S extends Variables>(
  layer: Layer<P, S>,
  x: Tensor,
  mode = inference,
) => {
  const { params, state, shape } = layer.init(key(1), x.shape);
  const { y } = layer.apply(params, state, x, mode);
  expect(y.shape).toEqual(shape);
  return [...(await read(device, y))];
};
export const at = (x: Tensor, ...position: number[]): number => {
  if (x.op.kind !== 'constant') throw new Error('a constant is expected');
  return x.op.data[position.reduce((flat, p, i) => flat * x.shape[i] + p, 0)];
};
export const count = (length: number, shape: Shape) =>
  tensor(
    Array.from({ length }, (_, i) => i),
    shape,
  );
