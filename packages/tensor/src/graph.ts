/**
 * The graph of an expression: nodes in topological order, equal ones merged, dead ones gone. This is what devices compile
 * and what graph transforms read.
 */

import { TensorError } from './errors.ts';
import { exactNumber, identityOf } from './identity.ts';
import type { Op } from './op.ts';
import { type DType, type Shape, showShape } from './shape.ts';
import type { Tensor } from './tensor.ts';

export type Node = {
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly number[];
  readonly shape: Shape;
  readonly dtype: DType;
  /** Of the first of the equal tensors that it stands for. */
  readonly scope?: string;
  /** The same one's caller: see `Tensor`. */
  readonly line?: string;
};

export type Graph = {
  readonly nodes: readonly Node[];
  /** Shape and dtype of each argument, used or not. */
  readonly parameters: readonly { readonly shape: Shape; readonly dtype: DType }[];
  readonly outputs: readonly number[];
};

/** What an operation is, its inputs apart: operations with one text compute one function. */
export const textOf = (op: Op): string => {
  switch (op.kind) {
    case 'constant':
      return `constant ${op.data.length === 1 ? exactNumber(op.data[0]) : `#${identityOf(op.data)}`}`;
    case 'stored':
      return `stored #${identityOf(op.value)}`;
    case 'tag':
      return `tag ${op.tag.uid}`;
    default:
      return Object.entries(op)
        .map(([name, value]) => `${name} ${typeof value === 'number' ? exactNumber(value) : String(value)}`)
        .join(' ');
  }
};

/** Nodes with one key compute one value. */
const keyOf = (op: Op, inputs: readonly number[], shape: Shape, dtype: DType): string =>
  `${textOf(op)} ${inputs}:${shape}:${dtype}`;

/** Visits every tensor below `roots` once, inputs first, without recursion (graphs are deep). */
export const visit = (roots: readonly Tensor[], f: (t: Tensor) => void): void => {
  const done = new Set<Tensor>();
  const stack: { t: Tensor; next: number }[] = [];
  for (const root of roots) {
    if (done.has(root)) continue;
    stack.push({ t: root, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.t.inputs.length) {
        const child = top.t.inputs[top.next++];
        if (!done.has(child)) stack.push({ t: child, next: 0 });
      } else {
        stack.pop();
        if (!done.has(top.t)) {
          done.add(top.t);
          f(top.t);
        }
      }
    }
  }
};

/** An argument stands for a value only while its function is traced. */
const refuseStranger = ({ op, shape }: Tensor, variables: readonly Tensor[]): void => {
  if (op.kind !== 'input') return;
  throw new TensorError(
    'graph',
    `an argument of a traced function, of shape ${showShape(shape)}, was used outside of that function${
      variables.length > 0 ? ', in another one' : ''
    }: it has no value there. Return what is needed from the function, or hand it to the other one as an argument.`,
  );
};

/** The graph of the expressions `outputs` in the arguments `variables`, each an `input` of its place in the list. */
export const graphOf = (outputs: readonly Tensor[], variables: readonly Tensor[]): Graph => {
  const ids = new Map<Tensor, number>();
  const known = new Map<string, number>();
  const nodes: Node[] = [];
  visit(outputs, (t) => {
    if (t.op.kind === 'input' && variables[t.op.index] !== t) refuseStranger(t, variables);
    const inputs = t.inputs.map((i) => ids.get(i)!);
    if (t.op.kind === 'tag' && t.op.tag.uid === 0) {
      ids.set(t, inputs[0]);
      return;
    }
    const key = keyOf(t.op, inputs, t.shape, t.dtype);
    const twin = known.get(key);
    if (twin !== undefined) {
      ids.set(t, twin);
      return;
    }
    const id = nodes.length;
    nodes.push({
      id,
      op: t.op,
      inputs,
      shape: t.shape,
      dtype: t.dtype,
      ...(t.scope !== undefined && { scope: t.scope }),
      ...(t.line !== undefined && { line: t.line }),
    });
    known.set(key, id);
    ids.set(t, id);
  });
  const parameters = variables.map(({ shape, dtype }) => ({ shape, dtype }));
  return { nodes, parameters, outputs: outputs.map((t) => ids.get(t)!) };
};
