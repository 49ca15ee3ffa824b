/** Shapes are plain readonly number arrays, row-major; every function here is pure. */
import { check, listOf, show, whole } from './check.ts';
import { ArgumentError, TensorError } from './errors.ts';

export type Shape = readonly number[];

export type DType = 'f32' | 'i32' | 'u32';
export type HostArray = Float32Array | Int32Array | Uint32Array;

/** Shapes that do not fit an operation: which one, and the shapes it was given. */
export class ShapeError extends TensorError {
  override get name(): string {
    return 'ShapeError';
  }
  readonly shapes: readonly Shape[];
  constructor(op: string, shapes: readonly Shape[], expected: string) {
    super(op, `${expected}, got ${shapes.map(showShape).join(' and ') || 'nothing'}`);
    this.shapes = shapes;
  }
}

export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;
export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

/** Row-major element strides: `stridesOf([2, 3, 4])` is `[12, 4, 1]`. */
export const stridesOf = (shape: Shape): number[] => {
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
};

export const axesRule = listOf(whole(Number.NEGATIVE_INFINITY));

/** Negative axes count from the end; each may stand once. In the order given. */
export const positiveAxes = (op: string, axes: readonly number[], shape: Shape): number[] => {
  check(op, 'axes', axesRule, axes, typeof axes === 'number' ? `write [${axes}]` : undefined);
  const positive = axes.map((a) => (a < 0 ? a + shape.length : a));
  if (positive.some((a) => a < 0 || a >= shape.length)) {
    throw new ShapeError(op, [shape], `axes ${showShape(axes)} must lie in the shape`);
  }
  if (new Set(positive).size < positive.length) {
    throw new ArgumentError(op, 'axes', 'axes that differ', showShape(axes));
  }
  return positive;
};

/** The same, sorted. */
export const normaliseAxes = (op: string, axes: readonly number[], shape: Shape): number[] =>
  positiveAxes(op, axes, shape).sort((a, b) => a - b);

/** One axis, which may count from the end. */
export const normaliseAxis = (op: string, axis: number, shape: Shape): number => {
  check(op, 'axis', whole(Number.NEGATIVE_INFINITY), axis);
  return positiveAxes(op, [axis], shape)[0];
};

/** NumPy's rule: shapes are aligned at the right, a dimension of 1 stretches. */
export const broadcastShape = (op: string, a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const p = a[i - (rank - a.length)] ?? 1;
    const q = b[i - (rank - b.length)] ?? 1;
    if (p !== q && p !== 1 && q !== 1) throw new ShapeError(op, [a, b], 'shapes must be equal or stretch from 1');
    return p === 1 ? q : p;
  });
};

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

export const allocate = (dtype: DType, size: number): HostArray => new arrays[dtype](size);
export const dtypeOf = (data: HostArray): DType => {
  if (data instanceof Float32Array) return 'f32';
  if (data instanceof Int32Array) return 'i32';
  if (data instanceof Uint32Array) return 'u32';
  throw new ArgumentError('tensor', 'data', 'a Float32Array, Int32Array or Uint32Array', show(data), 'use tensor(...)');
};
