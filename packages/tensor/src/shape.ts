/** Shapes are plain readonly number arrays, row-major; every function here is pure. */
export type Shape = readonly number[];

export type DType = 'f32' | 'i32' | 'u32';
export type HostArray = Float32Array | Int32Array | Uint32Array;

/** A programmer's mistake in the use of an operation: which one, and the shapes it was given. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
  readonly op: string;
  readonly shapes: readonly Shape[];
  constructor(op: string, shapes: readonly Shape[], expected: string) {
    super(`${op}: ${expected}, got ${shapes.map(showShape).join(' and ') || 'nothing'}`);
    this.op = op;
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

/** Negative axes count from the end; the result is sorted and without repeats. */
export const normaliseAxes = (op: string, axes: readonly number[], shape: Shape): number[] => {
  const positive = axes.map((a) => (a < 0 ? a + shape.length : a));
  if (positive.some((a) => !Number.isInteger(a) || a < 0 || a >= shape.length)) {
    throw new ShapeError(op, [shape], `axes ${showShape(axes)} must lie in the shape`);
  }
  return [...new Set(positive)].sort((a, b) => a - b);
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
export const dtypeOf = (data: HostArray): DType =>
  data instanceof Float32Array ? 'f32' : data instanceof Int32Array ? 'i32' : 'u32';
