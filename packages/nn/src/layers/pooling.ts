/** Darknet's [maxpool] and [avgpool] (SPEC 4.6, 4.7). */
import { check, maxPool2d, mean, type Tensor } from '@gdarknet/tensor';
import { stateless } from './layer.ts';

export type MaxPoolOptions = {
  /** Default 1. */
  readonly stride?: number;
  /** Default: the stride. */
  readonly size?: number;
  /** Of both sides together, the smaller half before; default size - 1. */
  readonly padding?: number;
};

const rules: check.OptionRules<MaxPoolOptions> = {
  stride: check.whole(1),
  size: check.whole(1),
  padding: check.whole(),
};

/**
 * Largest value of each window: `[n, h, w, c]` to `[n, oh, ow, c]`, oh = floor((h + padding - size) / stride) + 1. Size 2 with
 * stride 2 halves (rounding up), with stride 1 keeps the size and looks right and down; 5, 9 and 13 with stride 1 look
 * around evenly.
 */
export const maxPool = (options: MaxPoolOptions = {}) => {
  check.checkOptions('maxPool', rules, options);
  const { stride = 1, size = stride, padding = size - 1 } = options;
  const before = Math.trunc(padding / 2);
  const after = padding - before;
  return stateless(maxPool2d({ size, stride, padding: [before, after, before, after] }));
};

/** Mean over the whole image: `[n, h, w, c]` to `[n, 1, 1, c]`. */
export const avgPool = () => stateless<Tensor>(mean({ axes: [1, 2], keep: true }));
