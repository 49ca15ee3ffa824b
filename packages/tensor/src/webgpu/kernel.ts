/** What a step becomes: a WGSL program over bound values, and how often it runs. */
import type { ValueId } from '../plan/program.ts';
import type { DType } from '../shape.ts';

/** Something with a buffer: a value of the program, or a temporary of a step. */
export type Operand = { readonly value: ValueId } | { readonly temporary: number };

export type Binding = { readonly operand: Operand; readonly dtype: DType; readonly written: boolean };

/** A WGSL program, and over how many workgroups it runs. */
export type Written = {
  readonly code: string;
  readonly groups: readonly [number, number, number];
  /** What WGSL wants to be told before anything else. */
  readonly directives?: string;
};

/** One of several programs with the same results, to the bit. */
export type Way = { readonly name: string; readonly write: () => Written };

export type Kernel = {
  /** Index of the step in the program. */
  readonly step: number;
  readonly bindings: readonly Binding[];
  /** What is computed, without what hardly changes how fast each way is; '' where there is only one. */
  readonly problem: string;
  /** At least one; the likeliest to be fast first. */
  readonly ways: readonly Way[];
};

/** Threads of a workgroup in kernels without shared memory. */
export const groupSize = 64;

/** Most workgroups along one axis. */
export const widest = 65535;

/** Workgroups for so many threads, and the line that gives each its `index`. */
export const overThreads = (threads: number): { groups: [number, number, number]; index: string } => {
  const needed = Math.max(1, Math.ceil(threads / groupSize));
  const x = Math.min(needed, widest);
  return {
    groups: [x, Math.ceil(needed / x), 1],
    index: `let index = id.x + id.y * ${x * groupSize}u; if (index >= ${threads}u) { return; }`,
  };
};
