/** Two-dimensional max pooling; what lies outside the image never wins. */
import { checkOptions, checkTensor, type OptionRules, pairRule, sidesRule } from '../check.ts';
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

const rules: OptionRules<PoolOptions> = { size: pairRule(1), stride: pairRule(1), padding: sidesRule };

const attributes = (op: string, options: PoolOptions): PoolAttributes => {
  checkOptions(op, rules, options, ['size']);
  const { size, stride = size, padding = 0 } = options;
  return { size: pair(size), stride: pair(stride), padding: sides(padding) };
};

const pooledShape = (op: string, x: Tensor, { size, stride, padding }: PoolAttributes): number[] => {
  const [n, h, w, c] = checkTensor(op, 'x', x, 'f32').shape;
  const oh = windows(h, size[0], stride[0], padding[0], padding[1]);
  const ow = windows(w, size[1], stride[1], padding[2], padding[3]);
  if (x.shape.length !== 4 || !(oh > 0 && ow > 0)) {
    throw new ShapeError(op, [x.shape], `an image [n, h, w, c] of at least the window [${size}]`);
  }
  return [n, oh, ow, c];
};

/**
 * Largest value of each window: `[n, h, w, c]` to `[n, oh, ow, c]`, of f32. A window with a NaN gives NaN, one that lies
 * outside the image altogether -infinity.
 */
export const maxPool2d = (options: PoolOptions) => {
  const attrs = attributes('maxPool2d', options);
  return (x: Tensor): Tensor => {
    const shape = pooledShape('maxPool2d', x, attrs);
    return node({ kind: 'maxPool2d', ...attrs }, [x], shape, x.dtype);
  };
};

/**
 * Gradient of `maxPool2d`: each dy goes to the first largest element of its window in row order, or to the first NaN if it
 * has one.
 */
export const maxPool2dGrad = (dy: Tensor, options: PoolOptions) => {
  const attrs = attributes('maxPool2dGrad', options);
  checkTensor('maxPool2dGrad', 'dy', dy, 'f32');
  return (x: Tensor): Tensor => {
    if (!sameShape(dy.shape, pooledShape('maxPool2dGrad', x, attrs))) {
      throw new ShapeError('maxPool2dGrad', [x.shape, dy.shape], 'the gradient must have the pooled shape');
    }
    return node({ kind: 'maxPool2dGrad', ...attrs }, [x, dy], x.shape, x.dtype);
  };
};
