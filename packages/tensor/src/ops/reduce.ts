/** Reductions. `axes` defaults to all; reduced axes disappear unless `keep` is set. */
import { checkOptions, checkTensor, flag, type OptionRules } from '../check.ts';
import { axesRule, normaliseAxes, type Shape, ShapeError, sizeOf } from '../shape.ts';
import { node, type Tensor } from '../tensor.ts';
import { cast, div } from './elementwise.ts';
import { reshape } from './movement.ts';

export type ReduceOptions = {
  /** Negative ones count from the end; default: all. */
  readonly axes?: readonly number[];
  /** Whether reduced axes stay, with length 1; default false. */
  readonly keep?: boolean;
};

export const reduceRules: OptionRules<ReduceOptions> = { axes: axesRule, keep: flag };

const kept = (shape: Shape, axes: readonly number[]): number[] => shape.map((d, i) => (axes.includes(i) ? 1 : d));
const dropped = (shape: Shape, axes: readonly number[]): number[] => shape.filter((_, i) => !axes.includes(i));

const reduction = (name: string, kind: 'sum' | 'reduceMax') => {
  return (given: ReduceOptions = {}) => {
    checkOptions(name, reduceRules, given);
    const { axes, keep = false } = given;
    return (x: Tensor): Tensor => {
      const { shape } = checkTensor(name, 'x', x);
      const over = normaliseAxes(name, axes ?? shape.map((_, i) => i), shape);
      if (kind === 'reduceMax' && over.some((a) => shape[a] === 0)) {
        throw new ShapeError(name, [shape], 'nothing has no largest value');
      }
      const reduced = over.length === 0 ? x : node({ kind, axes: over }, [x], kept(shape, over), x.dtype);
      return keep ? reduced : reshape(dropped(shape, over))(reduced);
    };
  };
};

/** Integers wrap around, as they do in `add`. */
export const sum = reduction('sum', 'sum');
/** NaN where one of the values is NaN. */
export const max = reduction('max', 'reduceMax');

/** Of integers, too, the mean is f32: they are converted first. */
export const mean = (given: ReduceOptions = {}) => {
  checkOptions('mean', reduceRules, given);
  return (x: Tensor): Tensor => {
    const { shape } = checkTensor('mean', 'x', x);
    const over = normaliseAxes('mean', given.axes ?? shape.map((_, i) => i), shape);
    return div(sum(given)(cast('f32')(x)), sizeOf(over.map((a) => shape[a])));
  };
};

/** `[..., c]` to `[2, c]`: mean and biased variance over every axis but the last; of no rows both are NaN. */
export const moments = (x: Tensor): Tensor => {
  const { shape } = checkTensor('moments', 'x', x, 'f32');
  if (shape.length < 1) {
    throw new ShapeError('moments', [shape], 'values with a last axis are needed');
  }
  return node({ kind: 'moments' }, [x], [2, shape[shape.length - 1]], 'f32');
};
