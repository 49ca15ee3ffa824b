/** Matrix product and two-dimensional convolution with its two gradients (bilinear, so closed under differentiation). */
import type { ConvAttributes, Padding, Pair } from '../op.ts';
import { type Shape, ShapeError } from '../shape.ts';
import { node, type Tensor } from '../tensor.ts';

export type MatmulOptions = { readonly transposeA?: boolean; readonly transposeB?: boolean };

/** `[m, k] x [k, n]` to `[m, n]`, or with one leading batch axis on both. A transposed operand is stored the other way. */
export const matmul = (
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: MatmulOptions = {},
): Tensor => {
  const rank = a.shape.length;
  const [m, k] = transposeA ? [a.shape[rank - 1], a.shape[rank - 2]] : [a.shape[rank - 2], a.shape[rank - 1]];
  const [k2, n] = transposeB ? [b.shape[rank - 1], b.shape[rank - 2]] : [b.shape[rank - 2], b.shape[rank - 1]];
  const batched = rank === 3 && a.shape[0] === b.shape[0];
  if (b.shape.length !== rank || k !== k2 || !(rank === 2 || batched) || a.dtype !== 'f32' || b.dtype !== 'f32') {
    throw new ShapeError('matmul', [a.shape, b.shape], 'f32 matrices (or equal batches of them) with one inner size');
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

export const pair = (p: number | Pair): Pair => (typeof p === 'number' ? [p, p] : p);
export const sides = (p: number | Padding): Padding => (typeof p === 'number' ? [p, p, p, p] : p);

const attributes = ({ stride = 1, padding = 0, groups = 1 }: ConvOptions): ConvAttributes => ({
  stride: pair(stride),
  padding: sides(padding),
  groups,
});

/** Spatial output size of a window sliding over a padded axis. */
export const windows = (length: number, size: number, stride: number, low: number, high: number): number =>
  Math.floor((length + low + high - size) / stride) + 1;

const convShape = (image: Shape, filter: Shape, { stride, padding, groups }: ConvAttributes): Shape => {
  const [n, h, w, c] = image;
  const [out, kh, kw, inner] = filter;
  const oh = windows(h, kh, stride[0], padding[0], padding[1]);
  const ow = windows(w, kw, stride[1], padding[2], padding[3]);
  const fits =
    image.length === 4 && filter.length === 4 && c === inner * groups && out % groups === 0 && oh > 0 && ow > 0;
  if (!fits) {
    throw new ShapeError(
      'conv2d',
      [image, filter],
      `an image [n, h, w, c] and filter [out, kh, kw, c / ${groups}] that fit`,
    );
  }
  return [n, oh, ow, out];
};

/** Cross-correlation of x `[n, h, w, c]` with `filter` `[out, kh, kw, c / groups]`, zeros outside the image. */
export const conv2d =
  (filter: Tensor, options: ConvOptions = {}) =>
  (x: Tensor): Tensor => {
    const attrs = attributes(options);
    return node({ kind: 'conv2d', ...attrs }, [x, filter], convShape(x.shape, filter.shape, attrs), 'f32');
  };

const checkGradient = (dy: Shape, image: Shape, filter: Shape, attrs: ConvAttributes): void => {
  const expected = convShape(image, filter, attrs);
  if (expected.some((d, i) => d !== dy[i])) {
    throw new ShapeError('conv2d gradient', [dy, image, filter], `the gradient must have shape [${expected}]`);
  }
};

/** Gradient of `conv2d` to its image: dy `[n, oh, ow, out]` to `imageShape`. */
export const conv2dInput =
  (filter: Tensor, imageShape: Shape, options: ConvOptions = {}) =>
  (dy: Tensor): Tensor => {
    const attrs = attributes(options);
    checkGradient(dy.shape, imageShape, filter.shape, attrs);
    return node({ kind: 'conv2dInput', ...attrs }, [dy, filter], imageShape, 'f32');
  };

/** Gradient of `conv2d` to its filter: x and dy to `filterShape`. */
export const conv2dFilter = (x: Tensor, dy: Tensor, filterShape: Shape, options: ConvOptions = {}): Tensor => {
  const attrs = attributes(options);
  checkGradient(dy.shape, x.shape, filterShape, attrs);
  return node({ kind: 'conv2dFilter', ...attrs }, [x, dy], filterShape, 'f32');
};
