/** Lines of expressions: from operations, and at other axes. */
import type { Node } from '../graph.ts';
import type { DType } from '../shape.ts';
import type { Expression, Instruction } from './program.ts';

export const literalExpression = (value: number, dtype: DType): Expression => ({
  loads: [],
  code: [{ kind: 'literal', value, dtype }],
});

export const moveAxis = (line: Instruction, axisOf: readonly number[]): Instruction =>
  line.kind === 'position' ? { ...line, axis: axisOf[line.axis] } : line;

export const instruction = ({ op, dtype }: Node, args: readonly number[]): Instruction => {
  const [a, b, c] = args;
  switch (op.kind) {
    case 'iota':
      return { kind: 'position', axis: op.axis, scale: 1, start: 0, dtype };
    case 'select':
      return { kind: 'select', c: a, a: b, b: c, dtype };
    case 'cast':
      return { kind: 'cast', a, dtype };
    default:
      return (args.length === 1 ? { kind: op.kind, a, dtype } : { kind: op.kind, a, b, dtype }) as Instruction;
  }
};

/** Axes whose positions an expression reads: they stay axes of their own. */
export const boundAxes = (code: readonly Instruction[]): ReadonlySet<number> =>
  new Set(code.flatMap((line) => (line.kind === 'position' ? [line.axis] : [])));
