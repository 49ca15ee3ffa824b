/**
 * What a planned graph looks like to a device: a list of kernel launches over values with fixed places. Elementwise
 * chains are fused into one `map` (or into the reduction or contraction next to them); broadcast, transpose, slice and
 * reshape have become strides of the views that read. Steps run in order; a run with the same program always does the
 * same.
 */
import type { Stored } from '../device.ts';
import type { BinaryKind, ConvAttributes, PoolAttributes, UnaryKind } from '../op.ts';
import type { DType, HostArray, Shape } from '../shape.ts';

declare const brand: unique symbol;
/** Index into `Program.values`. A type of its own, so that a step's operands are told from its sizes. */
export type ValueId = number & { readonly [brand]: true };

export type Place =
  /** The caller's argument. */
  | { readonly kind: 'argument'; readonly index: number }
  /** Copied to the device when the program is compiled. */
  | { readonly kind: 'constant'; readonly data: HostArray }
  | { readonly kind: 'stored'; readonly stored: Stored }
  /** Byte offset into the program's own scratch memory, a multiple of 64. */
  | { readonly kind: 'scratch'; readonly offset: number }
  /** A result: a fresh buffer in each run, or the buffer of the donated argument `reuses`. */
  | { readonly kind: 'result'; readonly index: number; readonly reuses?: number };

/** Dense, row-major. */
export type Value = { readonly shape: Shape; readonly dtype: DType; readonly place: Place };

/** Stands for a value that is given in another way. */
export const noValue = -1 as ValueId;

/** How a step walks a value: element offset, and element strides for each axis of the step's shape (0 repeats). */
export type View = { readonly value: ValueId; readonly offset: number; readonly strides: readonly number[] };

/** One line of straight code; operands are earlier lines. The last line is the result. */
export type Instruction =
  | { readonly kind: 'load'; readonly load: number; readonly dtype: DType }
  | { readonly kind: 'literal'; readonly value: number; readonly dtype: DType }
  /** Position along `axis` of the step's shape times `scale`, plus `start`. */
  | {
      readonly kind: 'position';
      readonly axis: number;
      readonly scale: number;
      readonly start: number;
      readonly dtype: DType;
    }
  /** In an epilogue: the value that the kernel computed for this element (f32). */
  | { readonly kind: 'accumulator'; readonly dtype: DType }
  | { readonly kind: UnaryKind; readonly a: number; readonly dtype: DType }
  /** `dtype` is that of the result; the operands' is that of line `a`. */
  | { readonly kind: BinaryKind; readonly a: number; readonly b: number; readonly dtype: DType }
  | { readonly kind: 'select'; readonly c: number; readonly a: number; readonly b: number; readonly dtype: DType }
  | { readonly kind: 'cast'; readonly a: number; readonly dtype: DType };

/** A pure scalar function of the views' elements at one position. */
export type Expression = { readonly loads: readonly View[]; readonly code: readonly Instruction[] };

export type Step =
  /** out[position] = expression(position), for every position of `shape`; `out` may be strided into a larger value. */
  | { readonly kind: 'map'; readonly shape: Shape; readonly expression: Expression; readonly out: View }
  /** Folds the expression over `axes` of `shape`; out is dense, the other axes in order. */
  | {
      readonly kind: 'reduce';
      readonly fold: 'sum' | 'max';
      readonly shape: Shape;
      readonly axes: readonly number[];
      readonly expression: Expression;
      readonly out: ValueId;
    }
  /** `[rows, channels]` to `[2, channels]`: mean and biased variance of each channel. */
  | {
      readonly kind: 'moments';
      readonly x: ValueId;
      readonly rows: number;
      readonly channels: number;
      readonly out: ValueId;
    }
  | {
      readonly kind: 'matmul';
      readonly a: ValueId;
      readonly b: ValueId;
      readonly batch: number;
      readonly m: number;
      readonly n: number;
      readonly k: number;
      readonly transposeA: boolean;
      readonly transposeB: boolean;
      readonly epilogue?: Expression;
      readonly out: ValueId;
    }
  /** Shapes are those of the values: x `[n, h, w, c]`, filter `[out, kh, kw, c / groups]`. */
  | ({
      readonly kind: 'conv2d';
      readonly x: ValueId;
      readonly filter: ValueId;
      readonly epilogue?: Expression;
      readonly out: ValueId;
    } & ConvAttributes)
  | ({
      readonly kind: 'conv2dInput';
      readonly dy: ValueId;
      readonly filter: ValueId;
      readonly epilogue?: Expression;
      readonly out: ValueId;
    } & ConvAttributes)
  | ({
      readonly kind: 'conv2dFilter';
      readonly x: ValueId;
      readonly dy: ValueId;
      readonly epilogue?: Expression;
      readonly out: ValueId;
    } & ConvAttributes)
  | ({ readonly kind: 'maxPool2d'; readonly x: ValueId; readonly out: ValueId } & PoolAttributes)
  | ({
      readonly kind: 'maxPool2dGrad';
      readonly x: ValueId;
      readonly dy: ValueId;
      readonly out: ValueId;
    } & PoolAttributes)
  /** x seen as `[outer, size, inner]`, out as `[outer, count, inner]`; an index outside gives 0. */
  | {
      readonly kind: 'gather';
      readonly x: ValueId;
      readonly indices: ValueId;
      readonly outer: number;
      readonly size: number;
      readonly count: number;
      readonly inner: number;
      readonly out: ValueId;
    }
  /** updates seen as `[outer, count, inner]`, out as `[outer, size, inner]`, zeroed first. */
  | {
      readonly kind: 'scatterAdd';
      readonly updates: ValueId;
      readonly indices: ValueId;
      readonly outer: number;
      readonly size: number;
      readonly count: number;
      readonly inner: number;
      readonly out: ValueId;
    }
  | { readonly kind: 'randomBits'; readonly key: ValueId; readonly count: number; readonly out: ValueId };

export type Program = {
  readonly values: readonly Value[];
  readonly steps: readonly Step[];
  /** Of each step, the scope of the tensors that it computes. */
  readonly scopes: readonly (string | undefined)[];
  /** The value of each result, in order. An argument or constant may itself be a result: it is copied. */
  readonly results: readonly ValueId[];
  /** How many steps have run at the end of each stage; the last is all. */
  readonly stages: readonly number[];
  /** Bytes of scratch memory. */
  readonly scratch: number;
};

export const idsOf = ({ values }: Program): readonly ValueId[] => values.map((_, id) => id as ValueId);

export type StepKind = Step['kind'];
export type StepOf<K extends StepKind> = Extract<Step, { kind: K }>;

/** How a field of a step refers to values: it is one, it walks one, or it is an expression of some. */
type Reference<T> = T extends ValueId ? 'value' : T extends View ? 'view' : T extends Expression ? 'expression' : never;
/** The fields of a step that refer to values, all of them, apart from the result. */
export type ReadsOf<S> = {
  readonly [N in keyof S as N extends 'out'
    ? never
    : Reference<NonNullable<S[N]>> extends never
      ? never
      : N]-?: Reference<NonNullable<S[N]>>;
};

/** What a step reads. An operand that is not here would be overwritten while it is in use: it does not compile. */
const reads: { readonly [K in StepKind]: ReadsOf<StepOf<K>> } = {
  map: { expression: 'expression' },
  reduce: { expression: 'expression' },
  moments: { x: 'value' },
  matmul: { a: 'value', b: 'value', epilogue: 'expression' },
  conv2d: { x: 'value', filter: 'value', epilogue: 'expression' },
  conv2dInput: { dy: 'value', filter: 'value', epilogue: 'expression' },
  conv2dFilter: { x: 'value', dy: 'value', epilogue: 'expression' },
  maxPool2d: { x: 'value' },
  maxPool2dGrad: { x: 'value', dy: 'value' },
  gather: { x: 'value', indices: 'value' },
  scatterAdd: { updates: 'value', indices: 'value' },
  randomBits: { key: 'value' },
};

const valuesIn: {
  readonly value: (field: ValueId) => readonly ValueId[];
  readonly view: (field: View) => readonly ValueId[];
  readonly expression: (field: Expression) => readonly ValueId[];
} = {
  value: (id) => [id],
  view: ({ value }) => [value],
  expression: ({ loads }) => loads.map(({ value }) => value),
};

const referred = (step: Step, kinds: readonly (keyof typeof valuesIn)[]): ValueId[] =>
  Object.entries(reads[step.kind]).flatMap(([name, kind]: [string, keyof typeof valuesIn]) => {
    const field = (step as unknown as Readonly<Record<string, unknown>>)[name];
    return field !== undefined && kinds.includes(kind) ? valuesIn[kind](field as never) : [];
  });

/** Every value that a step reads. */
export const readsOf = (step: Step): readonly ValueId[] => referred(step, ['value', 'view', 'expression']);
/** Those that it reads whole, as its operation has them in order. */
export const operandsOf = (step: Step): readonly ValueId[] => referred(step, ['value']);
export const outOf = (step: Step): ValueId => (step.kind === 'map' ? step.out.value : step.out);
/** Every value that a step reads, then the one it writes. */
export const valuesOf = (step: Step): readonly ValueId[] => [...readsOf(step), outOf(step)];
