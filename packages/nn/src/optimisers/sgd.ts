/**
 * Gradient descent with momentum exactly as Darknet does it (SPEC 4.8). What carries the momentum is the sum of negative
 * gradients over a batch, not their mean; a batch may arrive in several parts; the buffer is multiplied by the momentum
 * after the update, not before.
 */
import { add, check, mul, type Operand, sub, type Tensor } from '@gdarknet/tensor';
import { mapTrees, type Path } from '../parameters.ts';
import {
  isWeight,
  type Optimiser,
  type ParameterRules,
  type ParameterTree,
  parameterRules,
  scaledRate,
  zerosLike,
} from './optimiser.ts';

export type SgdOptions = ParameterRules & {
  /** Images in a batch, all its parts together (`batch` of a `.cfg`): gradients are sums over them. */
  readonly batch: number;
  /** Default 0.9. */
  readonly momentum?: number;
  /** Default 0.0001, as in Darknet. */
  readonly decay?: number;
};

/** `updates` is like the parameters: what the original keeps in `weight_updates`, `bias_updates` and `scale_updates`. */
export type SgdState = { readonly updates: ParameterTree };

export type Sgd = Optimiser<SgdState> & {
  /** Takes in the gradients of one part of a batch; the last part goes to `update`. */
  accumulate(gradients: ParameterTree, state: SgdState): SgdState;
};

const rules: check.OptionRules<SgdOptions> = {
  ...parameterRules,
  batch: check.whole(1),
  momentum: check.finite,
  decay: check.finite,
};

export const sgd = (options: SgdOptions): Sgd => {
  check.checkOptions('sgd', rules, options, ['batch']);
  const { batch, momentum = 0.9, decay = 1e-4, decays = isWeight, rateFactor = () => 1 } = options;
  return {
    init: (params) => ({ updates: zerosLike(params) }),
    accumulate: (gradients, { updates }) => ({ updates: mapTrees((_, u, g) => sub(u, g), updates, gradients) }),
    update: <P extends ParameterTree>(gradients: P, { updates }: SgdState, params: P, rate: Operand): [P, SgdState] => {
      const decaying = (path: Path): boolean => decay !== 0 && decays(path) && rateFactor(path) !== 0;
      const totals = mapTrees(
        (path, u, g, p) => (decaying(path) ? sub(sub(u, g), mul(p, decay * batch)) : sub(u, g)),
        updates,
        gradients,
        params,
      );
      const move = (path: Path, p: Tensor, total: Tensor): Tensor => {
        const factor = rateFactor(path);
        return factor === 0 ? p : add(p, mul(total, scaledRate(rate, factor / batch)));
      };
      return [mapTrees(move, params, totals), { updates: mapTrees((_, total) => mul(total, momentum), totals) }];
    },
  };
};
