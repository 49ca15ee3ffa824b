/** Darknet's [dropout] (SPEC 4.7). */
import { less, mul, select, type Tensor, uniform } from '@gdarknet/tensor';
import { stateless } from './layer.ts';

export type DropoutOptions = {
  /** Of an element to be dropped, in [0, 1); default 0.5. */
  readonly probability?: number;
};

/** In training 0 with the given probability, else x / (1 - probability); x itself otherwise. */
export const dropout = ({ probability = 0.5 }: DropoutOptions = {}) => {
  if (!(probability >= 0 && probability < 1))
    throw new RangeError(`dropout: probability ${probability} must lie in [0, 1)`);
  return stateless<Tensor>((x, { training, key }) => {
    if (!training || probability === 0) return x;
    if (key === undefined) throw new Error('dropout: training needs a random key; give `mode.key`');
    return select(less(uniform(x.shape)(key), probability), 0, mul(x, 1 / (1 - probability)));
  });
};
