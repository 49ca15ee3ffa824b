/** A graph that grows node by node; names of values are given here. */
import type { Attribute, Constant, Node } from './model.ts';

export type Builder = {
  /** Adds a node with one output; gives that output's name. */
  readonly node: (op: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>) => string;
  /** Adds a node with one output of a given name. */
  readonly named: (name: string, op: string, inputs: readonly string[]) => string;
  /** Adds a node with `count` outputs. */
  readonly split: (
    op: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, Attribute>>,
  ) => readonly string[];
  readonly floats: (values: Float32Array | readonly number[], shape?: readonly number[]) => string;
  readonly wholes: (values: readonly number[]) => string;
  readonly nodes: readonly Node[];
  readonly constants: readonly Constant[];
};

export const builder = (): Builder => {
  const nodes: Node[] = [];
  const constants: Constant[] = [];
  const push = (item: Node): readonly string[] => {
    nodes.push(item);
    return item.outputs;
  };
  const constant = (values: Constant['values'], shape: readonly number[]): string => {
    const name = `c${constants.length}`;
    constants.push({ name, shape, values });
    return name;
  };
  const fresh = (): string => `v${nodes.length}`;
  return {
    nodes,
    constants,
    node: (op, inputs, attributes = {}) => push({ op, inputs, outputs: [fresh()], attributes })[0],
    named: (name, op, inputs) => push({ op, inputs, outputs: [name], attributes: {} })[0],
    split: (op, inputs, count, attributes) =>
      push({ op, inputs, outputs: Array.from({ length: count }, (_, i) => `${fresh()}_${i}`), attributes }),
    floats: (values, shape = []) => constant(Float32Array.from(values), shape),
    wholes: (values) => constant(BigInt64Array.from(values, BigInt), [values.length]),
  };
};
