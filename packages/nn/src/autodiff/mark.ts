/**
 * The marks that transforms leave on values: tags with `uid` 0, which are identity in every computation and may be merged
 * or dropped by a planner. Only the differentiation walk reads them.
 */
import { stopMark, type Tensor, tag } from '@gdarknet/tensor';
import type { Cotangents } from './rules.ts';

/** One call of a function that brings its own derivative. */
export type Call = {
  readonly args: readonly Tensor[];
  readonly results: number;
  /** Cotangents of all results (a missing one is zero) to those of the arguments. */
  readonly backward: (cotangents: Cotangents) => Cotangents;
};

export type Mark =
  /** A fresh node to differentiate by: what happens to the marked value elsewhere does not count. */
  | { readonly kind: 'variable' }
  /** Nothing behind it counts. */
  | { readonly kind: 'stop' }
  /** Result `index` of a call. */
  | { readonly kind: 'result'; readonly call: Call; readonly index: number };

const marks = new WeakSet<object>([stopMark]);

export const mark =
  (payload: Mark) =>
  (x: Tensor): Tensor => {
    marks.add(payload);
    return tag({ name: payload.kind, uid: 0, payload })(x);
  };

export const markOf = ({ op }: Tensor): Mark | undefined => {
  if (op.kind !== 'tag') return undefined;
  const { payload } = op.tag;
  return typeof payload === 'object' && payload !== null && marks.has(payload) ? (payload as Mark) : undefined;
};
