/** What a step becomes: a WGSL program over bound values, and how often it runs. */
import type { ValueId } from '../plan/program.ts';
import type { DType } from '../shape.ts';

/** Something with a buffer: a value of the program, or a temporary of a step. */
export type Operand = { readonly value: ValueId } | { readonly temporary: number };

export type Binding = { readonly operand: Operand; readonly dtype: DType; readonly written: boolean };

export type Kernel = {
  /** Index of the step in the program. */
  readonly step: number;
  /** What follows the bindings: functions and the body of `main`. */
  readonly code: string;
  readonly bindings: readonly Binding[];
  readonly groups: readonly [number, number, number];
};

/** Threads of a workgroup in kernels without shared memory. */
export const groupSize = 64;

/** Most workgroups along one axis. */
const widest = 65535;

/** Workgroups for so many threads, and the line that gives each its `index`. */
export const overThreads = (threads: number): { groups: [number, number, number]; index: string } => {
  const needed = Math.max(1, Math.ceil(threads / groupSize));
  const x = Math.min(needed, widest);
  return {
    groups: [x, Math.ceil(needed / x), 1],
    index: `let index = id.x + id.y * ${x * groupSize}u; if (index >= ${threads}u) { return; }`,
  };
};
