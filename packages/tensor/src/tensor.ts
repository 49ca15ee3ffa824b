/**
 * A tensor is an immutable node of an expression: an operation on other tensors, with its shape and dtype. Building one
 * computes nothing; `jit` or `evaluate` hands the expression to a device.
 */

import { castAdvice, check, checkShape, dtypeRule, valueRules } from './check.ts';
import { callerLine } from './errors.ts';
import type { Op } from './op.ts';
import { allocate, type DType, dtypeOf, type Shape, ShapeError, sizeOf } from './shape.ts';
import { type TensorData, valuesOf } from './values.ts';

export type Tensor = {
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly shape: Shape;
  readonly dtype: DType;
  /** What it belongs to, for profiles: see `inScope`. */
  readonly scope?: string;
  /** The caller's line that built it, `file:line:column`: while a device is open that asks for it. */
  readonly line?: string;
};

let scope: string | undefined;

/** Tensors that `f` builds carry this name, which profiles show: a network's layer. The innermost name counts. */
export const inScope = <T>(name: string | undefined, f: () => T): T => {
  const before = scope;
  scope = name;
  try {
    return f();
  } finally {
    scope = before;
  }
};

let wantLines = 0;

/** Tensors that are built from now on know the line of their caller, until what this gives is called. */
export const tellLines = (): (() => void) => {
  wantLines++;
  let done = false;
  return () => {
    if (!done) wantLines--;
    done = true;
  };
};

const lineOfCaller = (): { line?: string } => {
  const line = callerLine();
  return line === undefined ? {} : { line };
};

export const node = (op: Op, inputs: readonly Tensor[], shape: Shape, dtype: DType): Tensor => ({
  op,
  inputs,
  shape,
  dtype,
  ...(scope !== undefined && { scope }),
  ...(wantLines > 0 && lineOfCaller()),
});

/**
 * A tensor of given values. What it takes, and the dtype that comes of it:
 *
 * - numbers, in arrays of any depth, whose lengths are then the shape: `f32`
 * - `Float32Array`: `f32`; `Int32Array`: `i32`; `Uint32Array`: `u32`. These are not copied: do not change them afterwards
 * - `Float64Array` and `Float16Array`: `f32`, rounded to the nearest
 * - `Int8Array` and `Int16Array`: `i32`; `Uint8Array`, `Uint8ClampedArray` and `Uint16Array`: `u32`
 *
 * Anything else is an `ArgumentError`: booleans (write 1 and 0), texts, holes, arrays of bigints, rows that differ in
 * length. `shape` gives the same values another shape.
 */
export const tensor = (data: TensorData, shape?: Shape): Tensor => {
  const { array, dims } = valuesOf(data);
  const wanted = shape === undefined ? dims : checkShape('tensor', shape);
  if (sizeOf(wanted) !== array.length) {
    throw new ShapeError('tensor', [wanted], `${array.length} values must fill the shape`);
  }
  return node({ kind: 'constant', data: array }, [], wanted, dtypeOf(array));
};

export const scalar = (value: number, dtype: DType = 'f32'): Tensor => {
  check('scalar', 'dtype', dtypeRule, dtype);
  check('scalar', 'the value', valueRules[dtype], value, dtype === 'f32' ? undefined : castAdvice);
  const data = allocate(dtype, 1);
  data[0] = value;
  return node({ kind: 'constant', data }, [], [], dtype);
};

/** A variable of a traced function, standing for argument `index`. */
export const input = (index: number, shape: Shape, dtype: DType = 'f32'): Tensor =>
  node({ kind: 'input', index }, [], shape, dtype);
