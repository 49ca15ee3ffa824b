/** Operations that move values without changing them. */
import { normaliseAxes, type Shape, ShapeError, sameShape, showShape, sizeOf } from '../shape.ts';
import { node, type Tensor } from '../tensor.ts';

/** One dimension may be -1: it takes what is left. */
export const reshape =
  (shape: Shape) =>
  (x: Tensor): Tensor => {
    const known = shape.reduce((product, d) => (d === -1 ? product : product * d), 1);
    const dims = shape.map((d) => (d === -1 ? sizeOf(x.shape) / known : d));
    if (sizeOf(dims) !== sizeOf(x.shape) || dims.some((d) => !Number.isInteger(d) || d < 0)) {
      throw new ShapeError('reshape', [x.shape], `${showShape(shape)} must hold as many values`);
    }
    return sameShape(dims, x.shape) ? x : node({ kind: 'reshape' }, [x], dims, x.dtype);
  };

/** Stretches axes of length 1 (and adds leading ones) to reach `shape`. */
export const broadcastTo =
  (shape: Shape) =>
  (x: Tensor): Tensor => {
    const aligned = reshape([...new Array<number>(Math.max(0, shape.length - x.shape.length)).fill(1), ...x.shape])(x);
    if (aligned.shape.length !== shape.length || aligned.shape.some((d, i) => d !== shape[i] && d !== 1)) {
      throw new ShapeError('broadcast', [x.shape], `must stretch to ${showShape(shape)}`);
    }
    return sameShape(aligned.shape, shape) ? aligned : node({ kind: 'broadcast' }, [aligned], shape, x.dtype);
  };

/** Axis i of the result is axis `order[i]` of x. */
export const transpose =
  (order: readonly number[]) =>
  (x: Tensor): Tensor => {
    const axes = normaliseAxes('transpose', order, x.shape);
    if (axes.length !== x.shape.length || order.length !== x.shape.length) {
      throw new ShapeError('transpose', [x.shape], `${showShape(order)} must name every axis once`);
    }
    const positive = order.map((a) => (a < 0 ? a + x.shape.length : a));
    if (positive.every((a, i) => a === i)) return x;
    return node(
      { kind: 'transpose', order: positive },
      [x],
      positive.map((a) => x.shape[a]),
      x.dtype,
    );
  };

/** Elements `start[i] <= index < end[i]` in steps of `step[i]` (default 1) of each axis. */
export const slice =
  (start: readonly number[], end: readonly number[], step: readonly number[] = start.map(() => 1)) =>
  (x: Tensor): Tensor => {
    const valid =
      [start, end, step].every((list) => list.length === x.shape.length) &&
      x.shape.every((d, i) => start[i] >= 0 && start[i] <= end[i] && end[i] <= d && step[i] >= 1);
    if (!valid)
      throw new ShapeError('slice', [x.shape], `bounds ${showShape(start)} to ${showShape(end)} must lie inside`);
    const shape = x.shape.map((_, i) => Math.ceil((end[i] - start[i]) / step[i]));
    if (sameShape(shape, x.shape)) return x;
    return node({ kind: 'slice', start: [...start], step: [...step] }, [x], shape, x.dtype);
  };

/** `slice` of one axis, the others whole. */
export const sliceAxis =
  (axis: number, start: number, end: number, step = 1) =>
  (x: Tensor): Tensor => {
    const [a] = normaliseAxes('slice', [axis], x.shape);
    const pick = (chosen: number, other: (d: number) => number) => x.shape.map((d, i) => (i === a ? chosen : other(d)));
    return slice(
      pick(start, () => 0),
      pick(end, (d) => d),
      pick(step, () => 1),
    )(x);
  };

/** `value` before, after and between (`interior` of them) the elements of each axis. */
export const pad =
  (
    low: readonly number[],
    high: readonly number[],
    { value = 0, interior = low.map(() => 0) }: { value?: number; interior?: readonly number[] } = {},
  ) =>
  (x: Tensor): Tensor => {
    if ([low, high, interior].some((list) => list.length !== x.shape.length || list.some((p) => p < 0))) {
      throw new ShapeError('pad', [x.shape], 'padding must be given for each axis and not be negative');
    }
    const shape = x.shape.map((d, i) => low[i] + high[i] + d + Math.max(0, d - 1) * interior[i]);
    if (sameShape(shape, x.shape)) return x;
    return node({ kind: 'pad', low: [...low], high: [...high], interior: [...interior], value }, [x], shape, x.dtype);
  };

/** Joins tensors that agree in every other axis. */
export const concat =
  (axis: number) =>
  (parts: readonly Tensor[]): Tensor => {
    const [first] = parts;
    if (first === undefined) throw new ShapeError('concat', [], 'at least one tensor is needed');
    const [a] = normaliseAxes('concat', [axis], first.shape);
    const fits = (t: Tensor) =>
      t.shape.length === first.shape.length &&
      t.dtype === first.dtype &&
      t.shape.every((d, i) => i === a || d === first.shape[i]);
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
export const gather =
  (indices: Tensor, axis = 0) =>
  (x: Tensor): Tensor => {
    const [a] = normaliseAxes('gather', [axis], x.shape);
    if (indices.dtype !== 'i32') throw new TypeError(`gather: indices must be i32, got ${indices.dtype}`);
    const flat = reshape([sizeOf(indices.shape)])(indices);
    const taken = node(
      { kind: 'gather', axis: a },
      [x, flat],
      x.shape.map((d, i) => (i === a ? flat.shape[0] : d)),
      x.dtype,
    );
    return reshape([...x.shape.slice(0, a), ...indices.shape, ...x.shape.slice(a + 1)])(taken);
  };

/**
 * Adds the slices of `updates` along `axis` into zeros of length `size` at `indices` (i32, rank 1); an index outside is
 * left out. Several slices for one index add up in order.
 */
export const scatterAdd =
  (indices: Tensor, size: number, axis = 0) =>
  (updates: Tensor): Tensor => {
    const [a] = normaliseAxes('scatterAdd', [axis], updates.shape);
    if (indices.dtype !== 'i32') throw new TypeError(`scatterAdd: indices must be i32, got ${indices.dtype}`);
    if (indices.shape.length !== 1 || indices.shape[0] !== updates.shape[a]) {
      throw new ShapeError('scatterAdd', [updates.shape, indices.shape], `one index per slice of axis ${a} is needed`);
    }
    return node(
      { kind: 'scatterAdd', axis: a, size },
      [updates, indices],
      updates.shape.map((d, i) => (i === a ? size : d)),
      updates.dtype,
    );
  };
