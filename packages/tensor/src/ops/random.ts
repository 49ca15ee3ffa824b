/**
 * Random numbers as pure functions of a key: Threefry-2x32 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * 2011), 20 rounds, so that every device draws the same bits.
 */
import { type DType, type Shape, ShapeError, sizeOf } from '../shape.ts';
import { node, type Tensor, tensor } from '../tensor.ts';
import { cast, cos, div, log, maximum, mul, sqrt } from './elementwise.ts';
import { reshape, sliceAxis } from './movement.ts';

/** A key is two u32 words. */
export const key = (seed: number): Tensor => tensor(Uint32Array.of(Math.floor(seed / 2 ** 32) >>> 0, seed >>> 0));

export const randomBits =
  (shape: Shape) =>
  (k: Tensor): Tensor => {
    if (k.dtype !== 'u32' || sizeOf(k.shape) !== 2)
      throw new ShapeError('randomBits', [k.shape], 'a key of two u32 words');
    return node({ kind: 'randomBits' }, [reshape([2])(k)], shape, 'u32');
  };

/** `count` keys independent of one another and of the parent's other uses. */
export const splitKey =
  (count: number) =>
  (k: Tensor): Tensor[] => {
    const words = randomBits([count, 2])(k);
    return Array.from({ length: count }, (_, i) => reshape([2])(sliceAxis(0, i, i + 1)(words)));
  };

/** Uniform in [0, 1), multiples of 2^-24. */
export const uniform =
  (shape: Shape) =>
  (k: Tensor): Tensor =>
    mul(cast('f32')(div(randomBits(shape)(k), 256)), 2 ** -24);

/** Standard normal by Box and Muller. */
export const normal =
  (shape: Shape) =>
  (k: Tensor): Tensor => {
    const draws = uniform([2, sizeOf(shape)])(k);
    const part = (i: number) => reshape(shape)(sliceAxis(0, i, i + 1)(draws));
    const radius = sqrt(mul(log(maximum(part(0), 2 ** -25)), -2));
    return mul(radius, cos(mul(part(1), 2 * Math.PI)));
  };

/** 0, 1, 2, ... along `axis`. */
export const iota = (shape: Shape, axis: number, dtype: DType = 'f32'): Tensor => {
  if (axis < 0 || axis >= shape.length) throw new ShapeError('iota', [shape], `axis ${axis} must lie in the shape`);
  return node({ kind: 'iota', axis }, [], shape, dtype);
};
