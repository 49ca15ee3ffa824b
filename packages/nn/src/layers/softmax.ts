/** Darknet's [softmax] (SPEC 4.7). */
import { check, div, exp, max, mul, reshape, ShapeError, sub, sum, type Tensor } from '@gdarknet/tensor';
import { stopGradient } from '../autodiff/custom.ts';
import { stateless } from './layer.ts';

export type SoftmaxOptions = {
  /** The channels are split into this many contiguous groups, default 1. */
  readonly groups?: number;
  /** Divides the logits, default 1. */
  readonly temperature?: number;
  /** Each place of the image by itself; default: over all places of an image. */
  readonly spatial?: boolean;
};

const rules: check.OptionRules<SoftmaxOptions> = {
  groups: check.whole(1),
  temperature: check.number,
  spatial: check.flag,
};

/** Within each group of each image positive values with sum 1; `[n, h, w, c]` to the same shape. */
export const softmax = (options: SoftmaxOptions = {}) => {
  check.checkOptions('softmax', rules, options);
  const { groups = 1, temperature = 1, spatial = false } = options;
  return stateless<Tensor>((x) => {
    const [n, h, w, c] = check.checkTensor('softmax', 'x', x, 'f32', 4).shape;
    if (c % groups !== 0) throw new ShapeError('softmax', [x.shape], `channels that ${groups} groups divide`);
    const over = { axes: spatial ? [3] : [1, 3], keep: true };
    const logits = reshape([n, h * w, groups, c / groups])(temperature === 1 ? x : mul(x, 1 / temperature));
    // The shift changes nothing but the range, so it has no derivative.
    const e = exp(sub(logits, stopGradient(max(over)(logits))));
    return reshape(x.shape)(div(e, sum(over)(e)));
  });
};
