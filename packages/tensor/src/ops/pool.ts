/** Two-dimensional max pooling; what lies outside the image never wins. */
import type { Padding, Pair, PoolAttributes } from '../op.ts';
import { ShapeError, sameShape } from '../shape.ts';
import { node, type Tensor } from '../tensor.ts';
import { pair, sides, windows } from './contraction.ts';

export type PoolOptions = {
  readonly size: number | Pair;
  /** Default: the size. */
  readonly stride?: number | Pair;
  readonly padding?: number | Padding;
};

const attributes = ({ size, stride = size, padding = 0 }: PoolOptions): PoolAttributes => ({
  size: pair(size),
  stride: pair(stride),
  padding: sides(padding),
});

const pooledShape = (x: Tensor, { size, stride, padding }: PoolAttributes): number[] => {
  const [n, h, w, c] = x.shape;
  const oh = windows(h, size[0], stride[0], padding[0], padding[1]);
  const ow = windows(w, size[1], stride[1], padding[2], padding[3]);
  if (x.shape.length !== 4 || !(oh > 0 && ow > 0)) {
    throw new ShapeError('maxPool2d', [x.shape], `an image [n, h, w, c] of at least the window [${size}]`);
  }
  return [n, oh, ow, c];
};

/** Largest value of each window: `[n, h, w, c]` to `[n, oh, ow, c]`. */
export const maxPool2d =
  (options: PoolOptions) =>
  (x: Tensor): Tensor => {
    const attrs = attributes(options);
    return node({ kind: 'maxPool2d', ...attrs }, [x], pooledShape(x, attrs), x.dtype);
  };

/** Gradient of `maxPool2d`: each dy goes to the first largest element of its window in row order. */
export const maxPool2dGrad =
  (dy: Tensor, options: PoolOptions) =>
  (x: Tensor): Tensor => {
    const attrs = attributes(options);
    if (!sameShape(dy.shape, pooledShape(x, attrs))) {
      throw new ShapeError('maxPool2dGrad', [x.shape, dy.shape], 'the gradient must have the pooled shape');
    }
    return node({ kind: 'maxPool2dGrad', ...attrs }, [x, dy], x.shape, x.dtype);
  };
