/**
 * A device that looks for the first value that is not finite and comes of finite ones: `openWasm({ check: 'finite' })`. It
 * wraps any device: each graph is compiled with the result of every computing node beside the graph's own, and after each run
 * these are read. Slow, and it takes the memory of every intermediate value; results are the same.
 *
 * A value that a `select` does not take does no harm, and is no finding: what divides by 0 may be guarded by it.
 */
import type { CompileOptions, Device, Executable, Run } from './device.ts';
import { TensorError } from './errors.ts';
import type { Graph, Node } from './graph.ts';
import { isElementwise, type Role, roleOf } from './op.ts';
import { kernels, type Operand } from './reference/kernels.ts';
import { type HostArray, type Shape, showShape } from './shape.ts';
import { tellLines } from './tensor.ts';

/** NaN or an infinity that an operation made of finite values: which, where in its result, and the line that asked for it. */
export class NonFiniteError extends TensorError {
  override get name(): string {
    return 'NonFiniteError';
  }
  readonly shape: Shape;
  /** Where the first such element lies. */
  readonly index: readonly number[];
  readonly value: number;
  /** The name that `inScope` gave: a layer. */
  readonly scope: string | undefined;
  /** `file:line:column` of the call that built the operation, where the device was open by then. */
  readonly line: string | undefined;
  constructor({ op, shape, scope, line }: Node, index: readonly number[], value: number, operands: readonly number[]) {
    const made = operands.length > 0 ? `, made of ${operands.join(' and ')}` : ', made of finite values';
    const where = `${scope === undefined ? '' : `, in ${scope}`}${line === undefined ? '' : `, built at ${line}`}`;
    super(op.kind, `gives ${value} at ${showShape(index)} of ${showShape(shape)}${made}${where}`);
    this.shape = shape;
    this.index = index;
    this.value = value;
    this.scope = scope;
    this.line = line;
  }
}

/** What a device can be told to look for. */
export const checks = ['finite'] as const;
export type Check = (typeof checks)[number];

/**
 * Whether an operation makes new values. What does not is computed again on the host where a finding needs it; where values
 * come from is the caller's matter.
 */
const makes: Readonly<Record<Role, boolean>> = {
  source: false,
  position: false,
  movement: false,
  assembly: false,
  elementwise: true,
  fold: true,
  kernel: true,
};
const computes = ({ op, dtype }: Node): boolean => dtype === 'f32' && makes[roleOf(op)];
const isConstant = ({ op }: Node): boolean => op.kind === 'constant' || op.kind === 'stored';

const firstBad = (values: HostArray): number => {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
};

const positionOf = (flat: number, shape: Shape): number[] => {
  const position = new Array<number>(shape.length);
  for (let a = shape.length - 1, rest = flat; a >= 0; a--) {
    position[a] = rest % shape[a];
    rest = Math.floor(rest / shape[a]);
  }
  return position;
};

type Values = (id: number) => HostArray;

/** Of each node the elements that reach a result or a computation, 1 or 0; undefined: all. */
const neededIn = ({ nodes, outputs }: Graph, values: Values): readonly (Uint8Array | undefined)[] => {
  const needed: (Uint8Array | undefined)[] = new Array(nodes.length).fill(undefined);
  const whole = new Set(outputs);
  const add = (id: number, mask: Uint8Array | undefined): void => {
    if (whole.has(id)) return;
    if (mask === undefined) {
      whole.add(id);
      needed[id] = undefined;
      return;
    }
    const before = needed[id];
    needed[id] = before ? before.map((x, i) => x | mask[i]) : mask;
  };
  for (const { id, op, inputs } of nodes.toReversed()) {
    const mine = whole.has(id) ? undefined : needed[id];
    const passes = isElementwise(op) || op.kind === 'reshape';
    if (op.kind !== 'select') {
      for (const i of inputs) add(i, passes ? mine : undefined);
      continue;
    }
    const condition = values(inputs[0]);
    const taken = Uint8Array.from(condition, (c, i) => (c !== 0 ? 1 : 0) & (mine ? mine[i] : 1));
    const other = Uint8Array.from(condition, (c, i) => (c !== 0 ? 0 : 1) & (mine ? mine[i] : 1));
    add(inputs[0], mine);
    add(inputs[1], taken);
    add(inputs[2], other);
  }
  return needed;
};

/** The first finding of a run, if there is one; `fetched` holds what was read of it. */
const findingOf = (graph: Graph, fetched: ReadonlyMap<number, HostArray>): NonFiniteError | undefined => {
  const cache = new Map(fetched);
  const values: Values = (id) => {
    // Inputs before their readers, without recursion.
    const stack = [id];
    while (stack.length > 0) {
      const at = stack[stack.length - 1];
      const { op, inputs, shape, dtype } = graph.nodes[at];
      const missing = cache.has(at) ? undefined : inputs.find((i) => !cache.has(i));
      if (missing !== undefined) stack.push(missing);
      else {
        stack.pop();
        if (cache.has(at)) continue;
        const operands = inputs.map((i): Operand => ({ data: cache.get(i)!, shape: graph.nodes[i].shape }));
        const run = kernels[op.kind] as (o: Node['op'], r: object, ...x: Operand[]) => HostArray;
        cache.set(at, run(op, { shape, dtype }, ...operands));
      }
    }
    return cache.get(id)!;
  };
  let needed: readonly (Uint8Array | undefined)[] | undefined;
  for (const node of graph.nodes) {
    if (!computes(node) || firstBad(fetched.get(node.id)!) < 0) continue;
    needed ??= neededIn(graph, values);
    const mask = needed[node.id];
    const floats = node.inputs.filter((i) => graph.nodes[i].dtype === 'f32').map(values);
    const single = isElementwise(node.op);
    if (!single && floats.some((x) => firstBad(x) >= 0)) continue;
    const out = values(node.id);
    const at = out.findIndex(
      (x, i) =>
        !Number.isFinite(x) && (!mask || mask[i] === 1) && !(single && floats.some((f) => !Number.isFinite(f[i]))),
    );
    if (at < 0) continue;
    const operands = single ? node.inputs.map((i) => values(i)[at]) : [];
    return new NonFiniteError(node, positionOf(at, node.shape), out[at], operands);
  }
  return undefined;
};

/** Of the nodes those whose values a run must hand out: computed ones, and arguments, which may be overwritten. */
const watched = (graph: Graph): readonly number[] =>
  graph.nodes.filter((n) => computes(n) || n.op.kind === 'input').map(({ id }) => id);

const watch = (device: Device, graph: Graph, executable: Executable, ids: readonly number[]): Executable => ({
  ...executable,
  start: (args): Run => {
    const run = executable.start(args);
    const own = graph.outputs.length;
    const extra = run.results.slice(own);
    const settle = async (): Promise<void> => {
      await run.settle?.();
      const fetched = new Map<number, HostArray>();
      try {
        for (const [i, id] of ids.entries()) fetched.set(id, await device.read(extra[i]));
        for (const node of graph.nodes.filter(isConstant)) {
          const { op } = node;
          if (op.kind === 'constant') fetched.set(node.id, op.data);
          if (op.kind === 'stored') fetched.set(node.id, await device.read(op.value.buffer));
        }
      } finally {
        for (const buffer of extra) device.free(buffer);
      }
      const finding = findingOf(graph, fetched);
      if (finding) throw finding;
    };
    return { results: run.results.slice(0, own), advance: run.advance, settle };
  },
});

/** The device with the check, if it is wanted. */
export const checked = (device: Device, wanted: Check | undefined): Device => {
  if (wanted === undefined) return device;
  const untell = tellLines();
  const compile = async (graph: Graph, options?: CompileOptions): Promise<Executable> => {
    const ids = watched(graph);
    const executable = await device.compile({ ...graph, outputs: [...graph.outputs, ...ids] }, options);
    return watch(device, graph, executable, ids);
  };
  return {
    ...device,
    description: `${device.description}, checking for values that are not finite`,
    compile,
    close: async () => {
      untell();
      await device.close();
    },
  };
};
