/**
 * A tensor is an immutable node of an expression: an operation on other tensors, with its shape and dtype. Building one
 * computes nothing; `jit` or `evaluate` hands the expression to a device.
 */
import type { Op } from './op.ts';
import { allocate, type DType, dtypeOf, type HostArray, type Shape, ShapeError, sizeOf } from './shape.ts';

export type Tensor = {
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly shape: Shape;
  readonly dtype: DType;
  /** What it belongs to, for profiles: see `inScope`. */
  readonly scope?: string;
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

export const node = (op: Op, inputs: readonly Tensor[], shape: Shape, dtype: DType): Tensor => ({
  op,
  inputs,
  shape,
  dtype,
  ...(scope !== undefined && { scope }),
});

/** A tensor of given values. The array is not copied: do not change it afterwards. */
export const tensor = (data: HostArray | readonly number[], shape?: Shape): Tensor => {
  const array = ArrayBuffer.isView(data) ? data : Float32Array.from(data);
  const dims = shape ?? [array.length];
  if (sizeOf(dims) !== array.length)
    throw new ShapeError('tensor', [dims], `${array.length} values must fill the shape`);
  return node({ kind: 'constant', data: array }, [], dims, dtypeOf(array));
};

export const scalar = (value: number, dtype: DType = 'f32'): Tensor => {
  const data = allocate(dtype, 1);
  data[0] = value;
  return node({ kind: 'constant', data }, [], [], dtype);
};

/** A variable of a traced function, standing for argument `index`. */
export const input = (index: number, shape: Shape, dtype: DType = 'f32'): Tensor =>
  node({ kind: 'input', index }, [], shape, dtype);
