/** Exponential moving average of parameters, and clipping of gradients by their norm. */
import {
  ArgumentError,
  add,
  check,
  div,
  leavesOf,
  mapTree,
  maximum,
  mul,
  sqrt,
  sum,
  type Tensor,
} from '@gdarknet/tensor';
import { mapTrees } from '../parameters.ts';

export type Average = {
  /** Copies, so that the parameters themselves may be donated. */
  init<P>(params: P): P;
  /** decay * average + (1 - decay) * params. */
  update<P>(average: P, params: P): P;
};

const unitRule: check.Rule = {
  expected: 'a number from 0 to 1',
  holds: (x) => typeof x === 'number' && x >= 0 && x <= 1,
};
const limitRule: check.Rule = { expected: 'a number above 0', holds: (x) => typeof x === 'number' && x > 0 };

/** A decay of 0.999 remembers about 1000 updates. */
export const exponentialAverage = (decay: number): Average => {
  check.check('exponentialAverage', 'decay', unitRule, decay);
  return {
    init: (params) => mapTrees((_, p) => add(p, 0), params),
    update: (average, params) => mapTrees((_, a, p) => add(mul(a, decay), mul(p, 1 - decay)), average, params),
  };
};

/** Square root of the sum of squares of all leaves, a scalar. */
export const globalNorm = (tree: unknown): Tensor => {
  const squares = leavesOf<Tensor>(tree).map((t) => sum()(mul(t, t)));
  if (squares.length === 0) throw new ArgumentError('globalNorm', 'tree', 'a tree of tensors', 'one without any');
  return sqrt(squares.reduce(add));
};

/** The tree, scaled so that its norm is at most `limit`, and the norm before: `[tree, norm]`. */
export const clipByNorm = (limit: number) => {
  check.check('clipByNorm', 'limit', limitRule, limit);
  return <T>(gradients: T): [clipped: T, norm: Tensor] => {
    const norm = globalNorm(gradients);
    const scale = div(limit, maximum(norm, limit));
    return [mapTree<T>(gradients, (g) => mul(g, scale)), norm];
  };
};
