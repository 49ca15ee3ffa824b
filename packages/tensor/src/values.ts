/** From what a caller has, typed arrays and nested lists of numbers, to the arrays that devices take. */
import { show } from './check.ts';
import { ArgumentError } from './errors.ts';
import type { HostArray } from './shape.ts';

export type Numbers = readonly number[] | readonly Numbers[];
/** What `tensor` takes. A `Float16Array`, which not every engine has, is taken too. */
export type TensorData =
  | HostArray
  | Float64Array
  | Int8Array
  | Int16Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Numbers;

type Typed = Extract<TensorData, ArrayBufferView>;
type Convert = (data: Typed) => HostArray;

const toFloats: Convert = (data) => Float32Array.from(data);
const toSigned: Convert = (data) => Int32Array.from(data);
const toUnsigned: Convert = (data) => Uint32Array.from(data);

/** By the array's own tag, which holds for one from another realm too. */
const conversions: Readonly<Record<string, Convert>> = {
  Float32Array: (data) => (data instanceof Float32Array ? data : toFloats(data)),
  Float64Array: toFloats,
  Float16Array: toFloats,
  Int32Array: (data) => (data instanceof Int32Array ? data : toSigned(data)),
  Int16Array: toSigned,
  Int8Array: toSigned,
  Uint32Array: (data) => (data instanceof Uint32Array ? data : toUnsigned(data)),
  Uint16Array: toUnsigned,
  Uint8Array: toUnsigned,
  Uint8ClampedArray: toUnsigned,
};

const expected = 'numbers in a typed array or in arrays of equal lengths';

const adviceFor = (data: unknown): string | undefined => {
  if (typeof data === 'number') return 'for one number use scalar(...)';
  if (typeof data === 'boolean') return 'write 1 and 0';
  if (data instanceof ArrayBuffer) return 'say what its bytes are, as new Float32Array(buffer)';
  if (data instanceof DataView) return 'say what its bytes are, as new Float32Array(view.buffer)';
  if (typeof data === 'bigint' || ArrayBuffer.isView(data)) return 'convert to numbers first';
  if (typeof data !== 'object' || data === null) return undefined;
  if (typeof (data as { then?: unknown }).then === 'function') return 'await it first';
  return Symbol.iterator in data && !Array.isArray(data) ? 'make an array of it, as [...data]' : undefined;
};

const refuse = (argument: string, wanted: string, got: unknown): never => {
  throw new ArgumentError('tensor', argument, wanted, show(got), adviceFor(got));
};

/** An array that holds itself has no end. */
const deepest = 64;

/** Numbers in the arrays of a nested one; the first rows give the shape, all others must have it. */
const fromNested = (data: readonly unknown[]): { array: Float32Array; dims: number[] } => {
  const dims: number[] = [];
  for (let x: unknown = data; Array.isArray(x); x = x[0]) {
    dims.push(x.length);
    if (dims.length > deepest) refuse('data', `arrays at most ${deepest} deep`, data);
  }
  const array = new Float32Array(dims.reduce((a, b) => a * b, 1));
  let next = 0;
  const fill = (rows: readonly unknown[], axis: number, path: string): void => {
    const last = axis === dims.length - 1;
    for (let i = 0; i < rows.length; i++) {
      const x = rows[i];
      if (last) {
        if (typeof x !== 'number') refuse(`element ${path}[${i}] of the data`, 'a number', x);
        array[next++] = x as number;
      } else if (!Array.isArray(x) || x.length !== dims[axis + 1]) {
        refuse(`element ${path}[${i}] of the data`, `an array of ${dims[axis + 1]} like its neighbours`, x);
      } else fill(x, axis + 1, `${path}[${i}]`);
    }
  };
  fill(data, 0, '');
  return { array, dims };
};

export const valuesOf = (data: unknown): { readonly array: HostArray; readonly dims: readonly number[] } => {
  if (Array.isArray(data)) return fromNested(data);
  const tag: unknown = ArrayBuffer.isView(data)
    ? (data as unknown as Record<symbol, unknown>)[Symbol.toStringTag]
    : undefined;
  const convert = typeof tag === 'string' && Object.hasOwn(conversions, tag) ? conversions[tag] : undefined;
  if (convert === undefined) return refuse('data', expected, data);
  const array = convert(data as Typed);
  return { array, dims: [array.length] };
};
