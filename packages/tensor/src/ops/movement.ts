/** Operations that move values without changing them. */
import {
  check,
  checkOptions,
  checkShape,
  checkTensor,
  listOf,
  number,
  type OptionRules,
  show,
  valueRules,
  whole,
} from '../check.ts';
import { ArgumentError } from '../errors.ts';
import { normaliseAxis, positiveAxes, type Shape, ShapeError, sameShape, showShape, sizeOf } from '../shape.ts';
import { node, type Tensor } from '../tensor.ts';

/** One dimension may be -1: it takes what is left. */
export const reshape = (shape: Shape) => {
  const wanted = checkShape('reshape', shape, 'shape', -1);
  if (wanted.filter((d) => d === -1).length > 1) {
    throw new ArgumentError('reshape', 'shape', 'sizes of which at most one is -1', showShape(wanted));
  }
  const known = wanted.reduce((product, d) => (d === -1 ? product : product * d), 1);
  return (x: Tensor): Tensor => {
    const size = sizeOf(checkTensor('reshape', 'x', x).shape);
    const dims = wanted.map((d) => (d === -1 ? size / known : d));
    if (sizeOf(dims) !== size || !dims.every(Number.isInteger)) {
      throw new ShapeError('reshape', [x.shape], `${showShape(wanted)} must hold as many values`);
    }
    return sameShape(dims, x.shape) ? x : node({ kind: 'reshape' }, [x], dims, x.dtype);
  };
};

/** Stretches axes of length 1 (and adds leading ones) to reach `shape`. */
export const broadcastTo = (shape: Shape) => {
  const wanted = checkShape('broadcastTo', shape);
  return (x: Tensor): Tensor => {
    const added = Math.max(0, wanted.length - checkTensor('broadcastTo', 'x', x).shape.length);
    const aligned = reshape([...new Array<number>(added).fill(1), ...x.shape])(x);
    if (aligned.shape.length !== wanted.length || aligned.shape.some((d, i) => d !== wanted[i] && d !== 1)) {
      throw new ShapeError('broadcastTo', [x.shape], `must stretch to ${showShape(wanted)}`);
    }
    return sameShape(aligned.shape, wanted) ? aligned : node({ kind: 'broadcast' }, [aligned], wanted, x.dtype);
  };
};

/** Axis i of the result is axis `order[i]` of x. */
export const transpose =
  (order: readonly number[]) =>
  (x: Tensor): Tensor => {
    const { shape } = checkTensor('transpose', 'x', x);
    const axes = positiveAxes('transpose', order, shape);
    if (axes.length !== shape.length) {
      throw new ShapeError('transpose', [shape], `${showShape(order)} must name every axis once`);
    }
    if (axes.every((a, i) => a === i)) return x;
    return node(
      { kind: 'transpose', order: axes },
      [x],
      axes.map((a) => shape[a]),
      x.dtype,
    );
  };

/** Elements `start[i] <= index < end[i]` in steps of `step[i]` (default 1) of each axis. */
export const slice = (start: readonly number[], end: readonly number[], step?: readonly number[]) => {
  const from = checkShape('slice', start, 'start');
  const to = checkShape('slice', end, 'end');
  const by = checkShape('slice', step ?? from.map(() => 1), 'step', 1);
  return (x: Tensor): Tensor => {
    const dims = checkTensor('slice', 'x', x).shape;
    const valid =
      [from, to, by].every((list) => list.length === dims.length) &&
      dims.every((d, i) => from[i] <= to[i] && to[i] <= d);
    if (!valid) throw new ShapeError('slice', [dims], `bounds ${showShape(from)} to ${showShape(to)} must lie inside`);
    const shape = dims.map((_, i) => Math.ceil((to[i] - from[i]) / by[i]));
    if (sameShape(shape, dims)) return x;
    return node({ kind: 'slice', start: from, step: by }, [x], shape, x.dtype);
  };
};

/** `slice` of one axis, the others whole. */
export const sliceAxis =
  (axis: number, start: number, end: number, step = 1) =>
  (x: Tensor): Tensor => {
    const { shape } = checkTensor('sliceAxis', 'x', x);
    const a = normaliseAxis('sliceAxis', axis, shape);
    const pick = (chosen: number, other: (d: number) => number) => shape.map((d, i) => (i === a ? chosen : other(d)));
    return slice(
      pick(start, () => 0),
      pick(end, (d) => d),
      pick(step, () => 1),
    )(x);
  };

export type PadOptions = {
  /** What is added; default 0. */
  readonly value?: number;
  /** How many between two elements, for each axis; default none. */
  readonly interior?: readonly number[];
};

const padRules: OptionRules<PadOptions> = { value: number, interior: listOf(whole()) };

/** `value` before, after and between (`interior` of them) the elements of each axis. */
export const pad = (low: readonly number[], high: readonly number[], options: PadOptions = {}) => {
  checkOptions('pad', padRules, options);
  const { value = 0 } = options;
  const before = checkShape('pad', low, 'low');
  const after = checkShape('pad', high, 'high');
  const interior = options.interior === undefined ? before.map(() => 0) : [...options.interior];
  return (x: Tensor): Tensor => {
    const dims = checkTensor('pad', 'x', x).shape;
    check('pad', 'value', valueRules[x.dtype], value);
    if ([before, after, interior].some((list) => list.length !== dims.length)) {
      throw new ShapeError('pad', [dims], 'padding must be given for each axis');
    }
    const shape = dims.map((d, i) => before[i] + after[i] + d + Math.max(0, d - 1) * interior[i]);
    if (sameShape(shape, dims)) return x;
    return node({ kind: 'pad', low: before, high: after, interior, value }, [x], shape, x.dtype);
  };
};

/** Joins tensors that agree in every other axis and in dtype. */
export const concat =
  (axis: number) =>
  (parts: readonly Tensor[]): Tensor => {
    if (!Array.isArray(parts)) throw new ArgumentError('concat', 'parts', 'an array of tensors', show(parts));
    const [first] = parts as readonly Tensor[];
    if (first === undefined) throw new ShapeError('concat', [], 'at least one tensor is needed');
    for (const [i, part] of parts.entries()) {
      checkTensor('concat', `part ${i}`, part, i === 0 ? undefined : first.dtype);
    }
    const a = normaliseAxis('concat', axis, first.shape);
    const fits = (t: Tensor) =>
      t.shape.length === first.shape.length && t.shape.every((d, i) => i === a || d === first.shape[i]);
    if (!parts.every(fits)) {
      throw new ShapeError(
        'concat',
        parts.map((t) => t.shape),
        `all axes but ${a} must agree`,
      );
    }
    if (parts.length === 1) return first;
    const length = parts.reduce((n, t) => n + t.shape[a], 0);
    return node(
      { kind: 'concat', axis: a },
      parts,
      first.shape.map((d, i) => (i === a ? length : d)),
      first.dtype,
    );
  };

/** Slices of x at `indices` (i32, any rank, its axes replace `axis`); an index outside the axis gives zeros. */
export const gather = (indices: Tensor, axis = 0) => {
  checkTensor('gather', 'indices', indices, 'i32');
  return (x: Tensor): Tensor => {
    const { shape } = checkTensor('gather', 'x', x);
    const a = normaliseAxis('gather', axis, shape);
    const flat = reshape([sizeOf(indices.shape)])(indices);
    const taken = node(
      { kind: 'gather', axis: a },
      [x, flat],
      shape.map((d, i) => (i === a ? flat.shape[0] : d)),
      x.dtype,
    );
    return reshape([...shape.slice(0, a), ...indices.shape, ...shape.slice(a + 1)])(taken);
  };
};

/**
 * Adds the slices of `updates` along `axis` into zeros of length `size` at `indices` (i32, rank 1); an index outside is
 * left out. Several slices for one index add up in order; integers wrap around.
 */
export const scatterAdd = (indices: Tensor, size: number, axis = 0) => {
  checkTensor('scatterAdd', 'indices', indices, 'i32', 1);
  check('scatterAdd', 'size', whole(), size);
  return (updates: Tensor): Tensor => {
    const { shape } = checkTensor('scatterAdd', 'updates', updates);
    const a = normaliseAxis('scatterAdd', axis, shape);
    if (indices.shape[0] !== shape[a]) {
      throw new ShapeError('scatterAdd', [shape, indices.shape], `one index per slice of axis ${a} is needed`);
    }
    return node(
      { kind: 'scatterAdd', axis: a, size },
      [updates, indices],
      shape.map((d, i) => (i === a ? size : d)),
      updates.dtype,
    );
  };
};
