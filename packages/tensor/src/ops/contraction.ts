/** Matrix product and two-dimensional convolution with its two gradients (bilinear, so closed under differentiation). */
import { checkOptions, checkShape, checkTensor, flag, type OptionRules, pairRule, sidesRule, whole } from '../check.ts';
import type { ConvAttributes, Padding, Pair } from '../op.ts';
import { type Shape, ShapeError } from '../shape.ts';
import { node, type Tensor } from '../tensor.ts';

export type MatmulOptions = { readonly transposeA?: boolean; readonly transposeB?: boolean };

const matmulRules: OptionRules<MatmulOptions> = { transposeA: flag, transposeB: flag };

/** `[m, k] x [k, n]` to `[m, n]`, or with one leading batch axis on both. A transposed operand is stored the other way. */
export const matmul = (a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor => {
  checkTensor('matmul', 'a', a, 'f32');
  checkTensor('matmul', 'b', b, 'f32');
  checkOptions('matmul', matmulRules, options);
  const { transposeA = false, transposeB = false } = options;
  const rank = a.shape.length;
  const [m, k] = transposeA ? [a.shape[rank - 1], a.shape[rank - 2]] : [a.shape[rank - 2], a.shape[rank - 1]];
  const [k2, n] = transposeB ? [b.shape[rank - 1], b.shape[rank - 2]] : [b.shape[rank - 2], b.shape[rank - 1]];
  const batched = rank === 3 && a.shape[0] === b.shape[0];
  if (b.shape.length !== rank || k !== k2 || !(rank === 2 || batched)) {
    throw new ShapeError('matmul', [a.shape, b.shape], 'matrices (or equal batches of them) with one inner size');
  }
  return node({ kind: 'matmul', transposeA, transposeB }, [a, b], batched ? [a.shape[0], m, n] : [m, n], 'f32');
};

export type ConvOptions = {
  /** Both directions, or [vertical, horizontal]; default 1. */
  readonly stride?: number | Pair;
  /** All sides, or [top, bottom, left, right]; default 0. */
  readonly padding?: number | Padding;
  /** Channels and filters are split into this many contiguous groups; default 1. */
  readonly groups?: number;
};

export const pair = (p: number | Pair): Pair => (typeof p === 'number' ? [p, p] : [...p]);
export const sides = (p: number | Padding): Padding => (typeof p === 'number' ? [p, p, p, p] : [...p]);

const convRules: OptionRules<ConvOptions> = { stride: pairRule(1), padding: sidesRule, groups: whole(1) };

const attributes = (op: string, options: ConvOptions): ConvAttributes => {
  checkOptions(op, convRules, options);
  const { stride = 1, padding = 0, groups = 1 } = options;
  return { stride: pair(stride), padding: sides(padding), groups };
};

/** Spatial output size of a window sliding over a padded axis. */
export const windows = (length: number, size: number, stride: number, low: number, high: number): number =>
  Math.floor((length + low + high - size) / stride) + 1;

const convShape = (op: string, image: Shape, filter: Shape, { stride, padding, groups }: ConvAttributes): Shape => {
  const [n, h, w, c] = image;
  const [out, kh, kw, inner] = filter;
  const oh = windows(h, kh, stride[0], padding[0], padding[1]);
  const ow = windows(w, kw, stride[1], padding[2], padding[3]);
  const fits =
    image.length === 4 && filter.length === 4 && c === inner * groups && out % groups === 0 && oh > 0 && ow > 0;
  if (!fits) {
    throw new ShapeError(op, [image, filter], `an image [n, h, w, c] and filter [out, kh, kw, c / ${groups}] that fit`);
  }
  return [n, oh, ow, out];
};

/** Cross-correlation of x `[n, h, w, c]` with `filter` `[out, kh, kw, c / groups]`, zeros outside the image. */
export const conv2d = (filter: Tensor, options: ConvOptions = {}) => {
  checkTensor('conv2d', 'filter', filter, 'f32');
  const attrs = attributes('conv2d', options);
  return (x: Tensor): Tensor => {
    checkTensor('conv2d', 'x', x, 'f32');
    return node({ kind: 'conv2d', ...attrs }, [x, filter], convShape('conv2d', x.shape, filter.shape, attrs), 'f32');
  };
};

const checkGradient = (op: string, dy: Shape, image: Shape, filter: Shape, attrs: ConvAttributes): void => {
  const expected = convShape(op, image, filter, attrs);
  if (dy.length !== 4 || expected.some((d, i) => d !== dy[i])) {
    throw new ShapeError(op, [dy, image, filter], `the gradient must have shape [${expected}]`);
  }
};

/** Gradient of `conv2d` to its image: dy `[n, oh, ow, out]` to `imageShape`. */
export const conv2dInput = (filter: Tensor, imageShape: Shape, options: ConvOptions = {}) => {
  checkTensor('conv2dInput', 'filter', filter, 'f32');
  const attrs = attributes('conv2dInput', options);
  const shape = checkShape('conv2dInput', imageShape, 'imageShape');
  return (dy: Tensor): Tensor => {
    checkTensor('conv2dInput', 'dy', dy, 'f32');
    checkGradient('conv2dInput', dy.shape, shape, filter.shape, attrs);
    return node({ kind: 'conv2dInput', ...attrs }, [dy, filter], shape, 'f32');
  };
};

/** Gradient of `conv2d` to its filter: x and dy to `filterShape`. */
export const conv2dFilter = (x: Tensor, dy: Tensor, filterShape: Shape, options: ConvOptions = {}): Tensor => {
  checkTensor('conv2dFilter', 'x', x, 'f32');
  checkTensor('conv2dFilter', 'dy', dy, 'f32');
  const attrs = attributes('conv2dFilter', options);
  const shape = checkShape('conv2dFilter', filterShape, 'filterShape');
  checkGradient('conv2dFilter', dy.shape, x.shape, shape, attrs);
  return node({ kind: 'conv2dFilter', ...attrs }, [x, dy], shape, 'f32');
};
