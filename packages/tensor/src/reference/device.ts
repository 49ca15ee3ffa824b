/** The `reference` device: plain typed arrays, one operation after another. Slow, and the oracle of every other device. */
import type { Buffer, CompileOptions, Device, Executable } from '../device.ts';
import type { Graph, Node } from '../graph.ts';
import { type Life, lifeOf } from '../life.ts';
import { dtypeOf, type HostArray } from '../shape.ts';
import { kernels, type Operand } from './kernels.ts';

type Run = (op: Node['op'], result: Node, ...inputs: Operand[]) => HostArray;

const arrayOf = (x: Buffer | HostArray): HostArray => (ArrayBuffer.isView(x) ? x : (x.handle as HostArray));

const compute = (node: Node, args: readonly (Buffer | HostArray)[], values: readonly Operand[]): HostArray => {
  switch (node.op.kind) {
    case 'input':
      return arrayOf(args[node.op.index]);
    case 'constant':
      return node.op.data;
    case 'stored':
      return arrayOf(node.op.value.buffer);
    default:
      return (kernels[node.op.kind] as Run)(node.op, node, ...node.inputs.map((i) => values[i]));
  }
};

/** Everything is there at the end of the first stage. */
const compile = (life: Life, graph: Graph, { stages = [] }: CompileOptions = {}): Executable => ({
  start: (args) => {
    life.check();
    const values: Operand[] = [];
    for (const node of graph.nodes) values.push({ shape: node.shape, data: compute(node, args, values) });
    const results = graph.outputs.map((id) => {
      const { shape, dtype } = graph.nodes[id];
      return { shape, dtype, handle: values[id].data.slice() };
    });
    let left = Math.max(1, stages.length);
    return { results, advance: () => left-- > 0 };
  },
  close: () => {},
});

export const openReference = (): Device => {
  const life = lifeOf('reference');
  return {
    name: 'reference',
    description: 'plain TypeScript, one thread',
    compile: async (graph, options) => {
      life.check();
      return compile(life, graph, options);
    },
    upload: (data, shape) => {
      life.check();
      return { shape, dtype: dtypeOf(data), handle: data.slice() };
    },
    read: async (buffer) => {
      life.check();
      return arrayOf(buffer).slice();
    },
    free: () => {},
    close: async () => life.end(),
  };
};
