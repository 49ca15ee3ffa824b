/** Darknet's [upsample] (SPEC 4.5). */
import { check, mul, reshape, ShapeError, sum, type Tensor, upsample2d } from '@gdarknet/tensor';
import { stateless } from './layer.ts';

export type UpsampleOptions = {
  /** Whole; default 2. Negative: shrinks by the sum of each block. */
  readonly stride?: number;
  /** Multiplies the result; default 1. */
  readonly scale?: number;
};

const rules: check.OptionRules<UpsampleOptions> = {
  stride: { expected: 'a whole number other than 0', holds: (x) => Number.isSafeInteger(x) && x !== 0 },
  scale: check.number,
};

const shrink =
  (by: number) =>
  (x: Tensor): Tensor => {
    const [n, h, w, c] = check.checkTensor('upsample', 'x', x, undefined, 4).shape;
    if (h % by !== 0 || w % by !== 0) throw new ShapeError('upsample', [x.shape], `sides that ${by} divides`);
    return reshape([n, h / by, w / by, c])(sum({ axes: [2, 4] })(reshape([n, h / by, by, w / by, by, c])(x)));
  };

/** Nearest neighbour, `[n, h, w, c]` to `[n, stride h, stride w, c]`. */
export const upsample = (options: UpsampleOptions = {}) => {
  check.checkOptions('upsample', rules, options);
  const { stride = 2, scale = 1 } = options;
  const resize = stride > 0 ? upsample2d(stride) : shrink(-stride);
  return stateless<Tensor>((x) => (scale === 1 ? resize(x) : mul(resize(x), scale)));
};
