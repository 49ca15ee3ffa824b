/** Darknet's [dropout] (SPEC 4.7). */
import { check, less, mul, select, type Tensor, TensorError, uniform } from '@gdarknet/tensor';
import { stateless } from './layer.ts';

export type DropoutOptions = {
  /** Of an element to be dropped, in [0, 1); default 0.5. */
  readonly probability?: number;
};

const rules: check.OptionRules<DropoutOptions> = {
  probability: { expected: 'a number in [0, 1)', holds: (x) => typeof x === 'number' && x >= 0 && x < 1 },
};

/** In training 0 with the given probability, else x / (1 - probability); x itself otherwise. */
export const dropout = (options: DropoutOptions = {}) => {
  check.checkOptions('dropout', rules, options);
  const { probability = 0.5 } = options;
  return stateless<Tensor>((x, { training, key }) => {
    if (!training || probability === 0) return x;
    if (key === undefined) throw new TensorError('dropout', 'training needs a random key; give `mode.key`');
    return select(less(uniform(x.shape)(key), probability), 0, mul(x, 1 / (1 - probability)));
  });
};
