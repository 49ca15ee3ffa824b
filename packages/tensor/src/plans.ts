/**
 * The plans of a traced function, and which serves given arguments. Static arguments are part of a plan, exactly; but where
 * another value of a number changes nothing in the graph except constants, those constants become arguments of one plan, so
 * that a rate which changes at each call costs a trace and no plan.
 */
import { argumentKey } from './arguments.ts';
import type { CompileOptions, Device, Executable, Stored } from './device.ts';
import { type Graph, type Node, textOf } from './graph.ts';
import type { Print } from './print.ts';
import { type HostArray, sameShape } from './shape.ts';

/** A function's graph for some arguments, with what it gives. */
export type Traced<R> = {
  readonly graph: Graph;
  readonly options: CompileOptions;
  readonly result: R;
  /** The last outputs of the graph. */
  readonly prints: readonly Print[];
};

/** What serves a call. */
export type Planned<R> = Pick<Traced<R>, 'result' | 'prints'> & {
  readonly executable: Executable;
  /** Arguments beside the call's own: constants that differ from call to call. */
  readonly constants: readonly HostArray[];
  /** Tensors that the function reads without being given them. */
  readonly captured: readonly Stored[];
};

type Plan = {
  readonly pattern: string;
  readonly graph: Graph;
  /** Nodes of the graph that are arguments of the executable. */
  readonly lifted: readonly number[];
  readonly executable: Executable;
};

type Known<R> = { readonly plan: Plan; readonly planned: Planned<R> };

const sameValues = (a: HostArray, b: HostArray): boolean =>
  a === b || (a.length === b.length && a.every((x, i) => Object.is(x, b[i])));

const dataOf = ({ op }: Node): HostArray => (op as Extract<Node['op'], { kind: 'constant' }>).data;

/** The constants in which two graphs differ; undefined where they differ in anything else. */
const differences = (a: Graph, b: Graph): readonly number[] | undefined => {
  if (a.nodes.length !== b.nodes.length || String(a.outputs) !== String(b.outputs)) return undefined;
  const found: number[] = [];
  for (const [id, x] of a.nodes.entries()) {
    const y = b.nodes[id];
    const alike = x.op.kind === y.op.kind && x.dtype === y.dtype && sameShape(x.shape, y.shape);
    if (!alike || !sameShape(x.inputs, y.inputs)) return undefined;
    if (x.op.kind === 'constant') {
      if (!sameValues(dataOf(x), dataOf(y))) found.push(id);
    } else if (textOf(x.op) !== textOf(y.op)) return undefined;
  }
  return found;
};

/** The graph with some of its constants as further arguments. */
const lift = ({ nodes, parameters, outputs }: Graph, constants: readonly number[]): Graph => ({
  nodes: nodes.map((n) => {
    const index = constants.indexOf(n.id);
    return index < 0 ? n : { ...n, op: { kind: 'input', index: parameters.length + index } };
  }),
  parameters: [...parameters, ...constants.map((id) => ({ shape: nodes[id].shape, dtype: nodes[id].dtype }))],
  outputs,
});

/** Tensors that a graph reads without being given them. */
export const capturedBy = ({ nodes }: Graph): readonly Stored[] =>
  nodes.flatMap(({ op }) => (op.kind === 'stored' ? [op.value] : []));

export type Plans<A extends readonly unknown[], R> = {
  readonly for: (args: A) => Promise<Planned<R>>;
  readonly close: () => void;
};

/** Calls that are remembered for each plan: an entry is small, and saves a trace. */
const callsPerPlan = 8;

/** At most `most` plans are kept, those that were used last. */
export const openPlans = <A extends readonly unknown[], R>(
  device: Device,
  trace: (args: A) => Traced<R>,
  most: number,
): Plans<A, R> => {
  // Both in order of their last use.
  const plans = new Set<Plan>();
  const calls = new Map<string, Known<R>>();

  const drop = (plan: Plan): void => {
    plans.delete(plan);
    for (const [key, known] of calls) if (known.plan === plan) calls.delete(key);
    plan.executable.close();
  };
  const use = (key: string, known: Known<R>): Planned<R> => {
    calls.delete(key);
    calls.set(key, known);
    plans.delete(known.plan);
    plans.add(known.plan);
    const [oldestCall] = calls.keys();
    if (calls.size > callsPerPlan * most) calls.delete(oldestCall);
    const [oldest] = plans;
    if (plans.size > most) drop(oldest);
    return known.planned;
  };
  const plannedBy = ({ executable, lifted }: Plan, { graph, result, prints }: Traced<R>): Planned<R> => ({
    executable,
    result,
    prints,
    constants: lifted.map((id) => dataOf(graph.nodes[id])),
    captured: capturedBy(graph),
  });
  /** A plan that serves the graph, or one with the constants that would have to be lifted beside its own. */
  const nearest = (pattern: string, graph: Graph): { plan: Plan; more: readonly number[] } | undefined => {
    let near: { plan: Plan; more: readonly number[] } | undefined;
    for (const plan of [...plans].reverse()) {
      if (plan.pattern !== pattern) continue;
      const more = differences(plan.graph, graph)?.filter((id) => !plan.lifted.includes(id));
      if (more === undefined) continue;
      if (more.length === 0) return { plan, more };
      near ??= { plan, more };
    }
    return near;
  };

  return {
    for: async (args) => {
      const { exact, pattern } = argumentKey(args);
      const known = calls.get(exact);
      if (known) return use(exact, known);
      const traced = trace(args);
      const { graph, options } = traced;
      // Without a number among the arguments, another key is another function.
      const near = exact === pattern ? undefined : nearest(pattern, graph);
      if (near?.more.length === 0) return use(exact, { plan: near.plan, planned: plannedBy(near.plan, traced) });
      const lifted = near ? [...near.plan.lifted, ...near.more].sort((a, b) => a - b) : [];
      const executable = await device.compile(lift(graph, lifted), options);
      const plan: Plan = { pattern, graph, lifted, executable };
      return use(exact, { plan, planned: plannedBy(plan, traced) });
    },
    close: () => {
      for (const plan of plans) plan.executable.close();
      plans.clear();
      calls.clear();
    },
  };
};
