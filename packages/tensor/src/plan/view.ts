/** Strided reading: how movement operations become strides instead of copies. Pure functions on (offset, strides, shape). */
import type { Op } from '../op.ts';
import { type Shape, stridesOf } from '../shape.ts';

/** Element offset and a stride for each axis. */
export type Walk = { readonly offset: number; readonly strides: readonly number[] };

export const dense = (shape: Shape): Walk => ({ offset: 0, strides: stridesOf(shape) });

/** Whether the walk visits elements 0, 1, 2, ... of its value (axes of length 1 do not count). */
export const isDense = ({ offset, strides }: Walk, shape: Shape): boolean => {
  const expected = stridesOf(shape);
  return offset === 0 && shape.every((d, a) => d === 1 || strides[a] === expected[a]);
};

/** Strides for `to` that visit the same elements in the same order as `strides` over `from`, if there are any. */
const reshapeWalk = ({ offset, strides }: Walk, from: Shape, to: Shape): Walk | undefined => {
  const result = new Array<number>(to.length).fill(0);
  let i = 0;
  let j = 0;
  while (i < from.length || j < to.length) {
    // Two runs of axes with equal products, as short as possible.
    const [i0, j0] = [i, j];
    let p = from[i++] ?? 1;
    let q = to[j++] ?? 1;
    while (p !== q) {
      if (p < q && i < from.length) p *= from[i++];
      else if (q < p && j < to.length) q *= to[j++];
      else return undefined;
    }
    // The source run must be one arithmetic sequence (axes of length 1 aside).
    const axes = Array.from({ length: i - i0 }, (_, k) => i0 + k).filter((a) => a < from.length && from[a] !== 1);
    for (let k = 0; k + 1 < axes.length; k++) {
      if (strides[axes[k]] !== strides[axes[k + 1]] * from[axes[k + 1]]) return undefined;
    }
    let step = axes.length > 0 ? strides[axes[axes.length - 1]] : 0;
    for (let b = Math.min(j, to.length) - 1; b >= j0; b--) {
      result[b] = to[b] === 1 ? 0 : step;
      if (to[b] !== 1) step *= to[b];
    }
  }
  return { offset, strides: result };
};

const broadcastWalk = ({ offset, strides }: Walk, from: Shape, to: Shape): Walk => ({
  offset,
  strides: strides.map((s, a) => (from[a] === 1 && to[a] !== 1 ? 0 : s)),
});

const transposeWalk = ({ offset, strides }: Walk, order: readonly number[]): Walk => ({
  offset,
  strides: order.map((a) => strides[a]),
});

export const sliceWalk = ({ offset, strides }: Walk, start: readonly number[], step: readonly number[]): Walk => ({
  offset: start.reduce((sum, s, a) => sum + s * strides[a], offset),
  strides: strides.map((s, a) => s * step[a]),
});

/** What a movement does to a walk; undefined where no strides can say it. */
export const moveWalk = (op: Op, walk: Walk, from: Shape, to: Shape): Walk | undefined => {
  switch (op.kind) {
    case 'reshape':
      return reshapeWalk(walk, from, to);
    case 'broadcast':
      return broadcastWalk(walk, from, to);
    case 'transpose':
      return transposeWalk(walk, op.order);
    case 'slice':
      return sliceWalk(walk, op.start, op.step);
    case 'tag':
      return walk;
    default:
      return undefined;
  }
};

/**
 * Fewer, longer axes: axes of length 1 disappear and neighbours merge where every walk allows it. `bound[a]` keeps axis a
 * from merging with another; `group[a]` must be equal for two axes to merge. Gives the new shape, the walks over it and
 * where each old axis went (-1: gone).
 */
export const collapse = (
  shape: Shape,
  walks: readonly Walk[],
  bound: ReadonlySet<number> = new Set(),
  group: readonly unknown[] = [],
): { shape: number[]; walks: Walk[]; axisOf: number[] } => {
  const axes: { length: number; strides: number[]; bound: boolean; group: unknown }[] = [];
  const axisOf = shape.map((length, a) => {
    const strides = walks.map((w) => w.strides[a]);
    const fixed = bound.has(a);
    if (length === 1 && !fixed) return -1;
    const last = axes[axes.length - 1];
    const merges =
      last !== undefined &&
      !last.bound &&
      !fixed &&
      last.group === group[a] &&
      strides.every((s, k) => last.strides[k] === s * length);
    if (merges) {
      last.length *= length;
      last.strides = strides;
    } else {
      axes.push({ length, strides, bound: fixed, group: group[a] });
    }
    return axes.length - 1;
  });
  return {
    shape: axes.map((x) => x.length),
    walks: walks.map(({ offset }, k) => ({ offset, strides: axes.map((x) => x.strides[k]) })),
    axisOf,
  };
};
