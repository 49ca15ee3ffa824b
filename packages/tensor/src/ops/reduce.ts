/** Reductions. `axes` defaults to all; reduced axes disappear unless `keep` is set. */
import { normaliseAxes, type Shape, ShapeError, sizeOf } from '../shape.ts';
import { node, type Tensor } from '../tensor.ts';
import { div } from './elementwise.ts';
import { reshape } from './movement.ts';

export type ReduceOptions = { readonly axes?: readonly number[]; readonly keep?: boolean };

const kept = (shape: Shape, axes: readonly number[]): number[] => shape.map((d, i) => (axes.includes(i) ? 1 : d));
const dropped = (shape: Shape, axes: readonly number[]): number[] => shape.filter((_, i) => !axes.includes(i));

const reduction =
  (kind: 'sum' | 'reduceMax') =>
  ({ axes, keep = false }: ReduceOptions = {}) =>
  (x: Tensor): Tensor => {
    const over = normaliseAxes(kind, axes ?? x.shape.map((_, i) => i), x.shape);
    if (kind === 'reduceMax' && over.some((a) => x.shape[a] === 0)) {
      throw new ShapeError(kind, [x.shape], 'nothing has no largest value');
    }
    const reduced = over.length === 0 ? x : node({ kind, axes: over }, [x], kept(x.shape, over), x.dtype);
    return keep ? reduced : reshape(dropped(x.shape, over))(reduced);
  };

export const sum = reduction('sum');
export const max = reduction('reduceMax');

export const mean =
  (options: ReduceOptions = {}) =>
  (x: Tensor): Tensor => {
    const over = normaliseAxes('mean', options.axes ?? x.shape.map((_, i) => i), x.shape);
    return div(sum(options)(x), sizeOf(over.map((a) => x.shape[a])));
  };

/** `[..., c]` to `[2, c]`: mean and biased variance over every axis but the last; of no rows both are NaN. */
export const moments = (x: Tensor): Tensor => {
  if (x.dtype !== 'f32' || x.shape.length < 1) {
    throw new ShapeError('moments', [x.shape], 'f32 values with a last axis are needed');
  }
  return node({ kind: 'moments' }, [x], [2, x.shape[x.shape.length - 1]], 'f32');
};
