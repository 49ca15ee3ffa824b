/** The `reference` device: plain typed arrays, one operation after another. Slow, and the oracle of every other device. */
import { checkOptions, type OptionRules, oneOf } from '../check.ts';
import type { Buffer, CompileOptions, Device, Executable } from '../device.ts';
import { type Check, checked, checks } from '../finite.ts';
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

export type ReferenceOptions = {
  /**
   * `finite`: after each run every value is looked at, and the first NaN or infinity that comes of finite values is an error
   * (`NonFiniteError`) with operation, scope, place and line. Slow; default: no check.
   */
  readonly check?: Check;
};

export const referenceRules: OptionRules<ReferenceOptions> = { check: oneOf(checks) };

export const openReference = (options: ReferenceOptions = {}): Device => {
  checkOptions('openReference', referenceRules, options);
  const life = lifeOf('reference');
  const device: Device = {
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
  return checked(device, options.check);
};
