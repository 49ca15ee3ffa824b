/**
 * Random numbers as pure functions of a key: Threefry-2x32 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * 2011), 20 rounds, so that every device draws the same bits.
 *
 * One key, one draw: whatever is drawn from a key is a run of the same words, so that `uniform([2])` begins `uniform([9])`,
 * and `normal` is made of what `uniform` gives. Two draws want two keys, from `splitKey`. What `splitKey` gives is independent
 * of what is drawn from the same key: it encrypts under another key.
 */
import { check, checkShape, checkTensor, dtypeRule, type Rule, whole } from '../check.ts';
import { type DType, type Shape, ShapeError, sizeOf } from '../shape.ts';
import { node, type Tensor, tensor } from '../tensor.ts';
import { add, cast, cos, div, log, maximum, mul, sqrt } from './elementwise.ts';
import { reshape, sliceAxis } from './movement.ts';

const seedRule: Rule = whole();

/** A key is two u32 words. The seed is a whole number from 0 to 2^53 - 1. */
export const key = (seed: number): Tensor => {
  check('key', 'seed', seedRule, seed);
  return tensor(Uint32Array.of(Math.floor(seed / 2 ** 32), seed % 2 ** 32));
};

const checkKey = (op: string, k: Tensor): Tensor => {
  checkTensor(op, 'the key', k, 'u32');
  if (sizeOf(k.shape) !== 2) throw new ShapeError(op, [k.shape], 'a key of two u32 words');
  return reshape([2])(k);
};

const bits = (op: string, shape: Shape, k: Tensor): Tensor =>
  node({ kind: 'randomBits' }, [checkKey(op, k)], shape, 'u32');

/** u32 words. */
export const randomBits = (shape: Shape) => {
  const dims = checkShape('randomBits', shape);
  return (k: Tensor): Tensor => bits('randomBits', dims, k);
};

/** Added to a key for splitting: fractional digits of the square roots of 2 and 3, as SHA-256 begins with. */
const splitting = Uint32Array.of(0x6a09e667, 0xbb67ae85);

/** `count` keys, independent of one another and of what is drawn from the parent. The first keys do not depend on `count`. */
export const splitKey = (count: number) => {
  check('splitKey', 'count', whole(), count);
  return (k: Tensor): Tensor[] => {
    const words = bits('splitKey', [count, 2], add(checkKey('splitKey', k), tensor(splitting)));
    return Array.from({ length: count }, (_, i) => reshape([2])(sliceAxis(0, i, i + 1)(words)));
  };
};

/** Uniform in [0, 1), multiples of 2^-24. */
export const uniform = (shape: Shape) => {
  const dims = checkShape('uniform', shape);
  return (k: Tensor): Tensor => mul(cast('f32')(div(bits('uniform', dims, k), 256)), 2 ** -24);
};

/** Standard normal by Box and Muller. */
export const normal = (shape: Shape) => {
  const dims = checkShape('normal', shape);
  return (k: Tensor): Tensor => {
    checkKey('normal', k);
    const draws = uniform([2, sizeOf(dims)])(k);
    const part = (i: number) => reshape(dims)(sliceAxis(0, i, i + 1)(draws));
    const radius = sqrt(mul(log(maximum(part(0), 2 ** -25)), -2));
    return mul(radius, cos(mul(part(1), 2 * Math.PI)));
  };
};

/** 0, 1, 2, ... along `axis`. */
export const iota = (shape: Shape, axis: number, dtype: DType = 'f32'): Tensor => {
  const dims = checkShape('iota', shape);
  check('iota', 'axis', whole(), axis);
  check('iota', 'dtype', dtypeRule, dtype);
  if (axis >= dims.length) throw new ShapeError('iota', [dims], `axis ${axis} must lie in the shape`);
  return node({ kind: 'iota', axis }, [], dims, dtype);
};
