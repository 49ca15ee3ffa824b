/**
 * Elementwise operations of one and of two operands: what each takes, costs and computes, said once. The types of the
 * operations, their constructors, the reference device and the planner are derived from these rows; every other device and
 * the derivative rules of nn have a table keyed by them, which does not compile while a row is missing.
 */
import type { DType } from './shape.ts';

type Row = {
  /** Whether it takes integers too; all take f32. */
  readonly integers: boolean;
  /** Whether computing it again costs less than storing its result. */
  readonly cheap: boolean;
  /** How much code it is in a fused kernel, beside an addition; 1 unless it is given. */
  readonly code?: number;
};
export type UnaryRow = Row & {
  /** In double precision; storing rounds it to the dtype. */
  readonly value: (x: number) => number;
};
export type BinaryRow = Row & {
  /** Whether the result is 1 or 0 in f32 whatever the operands are. */
  readonly compares?: true;
  /** `dtype` is that of the result. */
  readonly value: (a: number, b: number, dtype: DType) => number;
};

const real = { integers: false, cheap: false } as const;
/** Devices have tens of lines for it. */
const long = { ...real, code: 16 } as const;
const simple = { integers: true, cheap: true } as const;

export const unaryRows = {
  neg: { ...simple, value: (x) => -x },
  abs: { ...simple, value: Math.abs },
  exp: { ...long, value: Math.exp },
  log: { ...long, value: Math.log },
  sqrt: { ...real, value: Math.sqrt },
  sin: { ...long, value: Math.sin },
  cos: { ...long, value: Math.cos },
  atan: { ...long, value: Math.atan },
  floor: { ...real, cheap: true, value: Math.floor },
} as const satisfies Record<string, UnaryRow>;

export const binaryRows = {
  add: { ...simple, value: (a, b) => a + b },
  sub: { ...simple, value: (a, b) => a - b },
  mul: { ...simple, value: (a, b, dtype) => (dtype === 'f32' ? a * b : Math.imul(a, b)) },
  /** Of integers: truncated toward zero, and 0 where the divisor is 0. */
  div: {
    integers: true,
    cheap: false,
    value: (a, b, dtype) => (dtype === 'f32' ? a / b : b === 0 ? 0 : Math.trunc(a / b)),
  },
  /** NaN where an operand is NaN. */
  max: { ...simple, value: (a, b) => Math.max(a, b) },
  min: { ...simple, value: (a, b) => Math.min(a, b) },
  less: { ...simple, compares: true, value: (a, b) => Number(a < b) },
  equal: { ...simple, compares: true, value: (a, b) => Number(a === b) },
} as const satisfies Record<string, BinaryRow>;

export type UnaryKind = keyof typeof unaryRows;
export type BinaryKind = keyof typeof binaryRows;
export type ScalarKind = UnaryKind | BinaryKind;

export const scalarRows: Readonly<Record<ScalarKind, UnaryRow | BinaryRow>> = { ...unaryRows, ...binaryRows };

export const isScalar = (kind: string): kind is ScalarKind => Object.hasOwn(scalarRows, kind);

type TakesIntegers<R> = R extends { readonly integers: true } ? true : false;
type Rows = typeof unaryRows & typeof binaryRows;
/** A table for integers: one entry for each operation that takes them, and none for the others. */
export type ForIntegers<T> = { readonly [K in ScalarKind as TakesIntegers<Rows[K]> extends true ? K : never]: T };

/** The same table with something made of each row. */
export const mapRows = <R extends object, T>(rows: R, f: (row: R[keyof R]) => T): { readonly [K in keyof R]: T } =>
  Object.fromEntries(Object.entries(rows).map(([kind, row]) => [kind, f(row as R[keyof R])])) as { [K in keyof R]: T };
