/**
 * The closed set of operations. Everything else (sigmoid, leaky ReLU, batch normalisation, upsampling, losses) composes
 * from these. A device implements this set, an autodiff table has one row for each, and no other place lists them.
 *
 * Conventions: elementwise operations take operands of one shape (stretching is an explicit `broadcast`); reductions keep
 * their axes with length 1; images are `[n, h, w, c]`, filters `[out, kh, kw, in / groups]`.
 */

import type { Stored } from './device.ts';
import { type BinaryKind, binaryRows, mapRows, type UnaryKind, unaryRows } from './scalars.ts';
import type { HostArray } from './shape.ts';

export type { BinaryKind, UnaryKind } from './scalars.ts';

export const unaryKinds = Object.keys(unaryRows) as readonly UnaryKind[];
export const binaryKinds = Object.keys(binaryRows) as readonly BinaryKind[];

/** Rows and columns of zeros (or -infinity in pooling) around an image: `[top, bottom, left, right]`. */
export type Padding = readonly [top: number, bottom: number, left: number, right: number];
export type Pair = readonly [vertical: number, horizontal: number];
export type ConvAttributes = { readonly stride: Pair; readonly padding: Padding; readonly groups: number };
export type PoolAttributes = { readonly size: Pair; readonly stride: Pair; readonly padding: Padding };

/**
 * What a graph transform attaches to a value: the value passes through unchanged (it is input 0; further inputs only
 * order the graph). `uid` keeps tagged nodes apart where merging equal nodes would undo
 * them; with `uid` 0 only transforms of expressions see the tag, a graph is built as if it were not there.
 */
export type Tag = { readonly name: string; readonly uid: number; readonly payload?: unknown };

/** The payload of a tag behind which no derivative flows. */
export const stopMark = { kind: 'stop' } as const;

/** One member for each kind, so that a kind picks its attributes. */
type Plain<K extends string> = K extends K ? { readonly kind: K } : never;

export type Op =
  // Sources
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'constant'; readonly data: HostArray }
  | { readonly kind: 'stored'; readonly value: Stored }
  /** Counts 0, 1, 2, ... along `axis`. */
  | { readonly kind: 'iota'; readonly axis: number }
  /** u32 words of Threefry-2x32 under a `[2]` u32 key, the counter being the element's flat index. */
  | { readonly kind: 'randomBits' }
  // Elementwise
  | Plain<UnaryKind>
  | Plain<BinaryKind>
  /** `select(c, a, b)`: a where c is not 0, else b. */
  | { readonly kind: 'select' }
  /** f32 to integer truncates toward zero and saturates; NaN gives 0. */
  | { readonly kind: 'cast' }
  // Reductions; axes stay with length 1
  | { readonly kind: 'sum'; readonly axes: readonly number[] }
  | { readonly kind: 'reduceMax'; readonly axes: readonly number[] }
  /** Over every axis but the last: `[..., c]` to `[2, c]`, mean and biased variance. */
  | { readonly kind: 'moments' }
  // Movement
  | { readonly kind: 'reshape' }
  /** Ranks are equal; axes of length 1 stretch. */
  | { readonly kind: 'broadcast' }
  /** Axis i of the result is axis `order[i]` of the input. */
  | { readonly kind: 'transpose'; readonly order: readonly number[] }
  | { readonly kind: 'slice'; readonly start: readonly number[]; readonly step: readonly number[] }
  /** `value` before, after and (`interior` times) between the elements of each axis; none is negative. */
  | {
      readonly kind: 'pad';
      readonly low: readonly number[];
      readonly high: readonly number[];
      readonly interior: readonly number[];
      readonly value: number;
    }
  | { readonly kind: 'concat'; readonly axis: number }
  /** Elements at `indices` (i32, rank 1) along `axis`; an index outside the axis gives 0. */
  | { readonly kind: 'gather'; readonly axis: number }
  /** Inverse of gather: adds slices into zeros of length `size` along `axis`; an index outside is left out. */
  | { readonly kind: 'scatterAdd'; readonly axis: number; readonly size: number }
  // Contractions
  /** `[m, k] x [k, n]`, or with one leading batch axis on both; a transposed operand is stored `[k, m]` or `[n, k]`. */
  | { readonly kind: 'matmul'; readonly transposeA: boolean; readonly transposeB: boolean }
  | ({ readonly kind: 'conv2d' } & ConvAttributes)
  /** Gradient to the image: (dy, filter) to the image's shape. */
  | ({ readonly kind: 'conv2dInput' } & ConvAttributes)
  /** Gradient to the filter: (x, dy) to the filter's shape. */
  | ({ readonly kind: 'conv2dFilter' } & ConvAttributes)
  // Pooling
  | ({ readonly kind: 'maxPool2d' } & PoolAttributes)
  /** (x, dy) to the shape of x: each dy goes to the first largest element of its window in row order. */
  | ({ readonly kind: 'maxPool2dGrad' } & PoolAttributes)
  // Graph transforms
  | { readonly kind: 'tag'; readonly tag: Tag };

export type OpKind = Op['kind'];
export type OpOf<K extends OpKind> = Extract<Op, { kind: K }>;

/** How a planner sees an operation. */
export type Role =
  /** Bound, not computed. */
  | 'source'
  /** A scalar function of its operands' elements at one position: part of a fused expression. */
  | 'elementwise'
  /** Made of the position alone: part of an expression too. */
  | 'position'
  /** Another way to walk the same values. */
  | 'movement'
  /** Copies into parts of its result. */
  | 'assembly'
  /** Folds axes of an expression away. */
  | 'fold'
  /** Has a kernel of its own. */
  | 'kernel';

const roles = {
  input: 'source',
  constant: 'source',
  stored: 'source',
  iota: 'position',
  randomBits: 'kernel',
  ...mapRows(unaryRows, () => 'elementwise' as const),
  ...mapRows(binaryRows, () => 'elementwise' as const),
  select: 'elementwise',
  cast: 'elementwise',
  sum: 'fold',
  reduceMax: 'fold',
  moments: 'kernel',
  reshape: 'movement',
  broadcast: 'movement',
  transpose: 'movement',
  slice: 'movement',
  pad: 'assembly',
  concat: 'assembly',
  gather: 'kernel',
  scatterAdd: 'kernel',
  matmul: 'kernel',
  conv2d: 'kernel',
  conv2dInput: 'kernel',
  conv2dFilter: 'kernel',
  maxPool2d: 'kernel',
  maxPool2dGrad: 'kernel',
  tag: 'movement',
} as const satisfies { readonly [K in OpKind]: Role };

/** The kinds of a role. */
export type KindOf<R extends Role> = { [K in OpKind]: (typeof roles)[K] extends R ? K : never }[OpKind];

export const roleOf = (op: Op): Role => roles[op.kind];
export const hasRole = <R extends Role>(op: Op, role: R): op is OpOf<KindOf<R>> => roles[op.kind] === role;
export const isElementwise = (op: Op): op is OpOf<KindOf<'elementwise'>> => hasRole(op, 'elementwise');
