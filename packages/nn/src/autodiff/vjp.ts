/**
 * Reverse-mode differentiation as a transform of expressions: a walk from the results back to the variables writes the
 * expression of the gradient. Nothing is computed and nothing is recorded, so it works alike on traced arguments, stored
 * tensors and constants, and gradients can be differentiated again.
 *
 * The walk follows JS identity: every variable is a fresh mark around its value, so a tensor that a function also reads
 * from its surroundings stays a constant there.
 */
import {
  add,
  inScope,
  leavesOf,
  mapTree,
  ShapeError,
  sameShape,
  type Tensor,
  TensorError,
  zeros,
} from '@gdarknet/tensor';
import { type Call, mark, markOf } from './mark.ts';
import { type Cotangents, pullThrough } from './rules.ts';

/** What the derivative of t can flow to. */
const edges = (t: Tensor): readonly Tensor[] => {
  const m = markOf(t);
  switch (m?.kind) {
    case 'stop':
      return [];
    case 'result':
      return [...m.call.args, t.inputs[0]];
    default:
      return t.op.kind === 'tag' ? t.inputs.slice(0, 1) : t.inputs;
  }
};

const captured =
  'the function reads a differentiated value that is not one of its arguments; ' +
  'make it an argument, or wrap it in stopGradient';

/** The nodes between the variables and `outputs`, inputs first. No recursion: graphs are deep. */
const between = (variables: ReadonlySet<Tensor>, outputs: readonly Tensor[]): readonly Tensor[] => {
  const order: Tensor[] = [];
  const active = new Set(variables);
  const done = new Set(variables);
  const stack: { readonly t: Tensor; readonly to: readonly Tensor[]; next: number }[] = [];
  const enter = (t: Tensor): void => {
    if (t.dtype === 'f32' && !done.has(t)) stack.push({ t, to: edges(t), next: 0 });
  };
  for (const output of outputs) {
    enter(output);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      if (top.next < top.to.length) {
        enter(top.to[top.next++]);
        continue;
      }
      stack.pop();
      const { t, to } = top;
      if (done.has(t)) continue;
      done.add(t);
      if (markOf(t)?.kind === 'result' && active.has(t.inputs[0])) throw new TensorError('customVjp', captured);
      if (to.some((i) => active.has(i))) {
        active.add(t);
        order.push(t);
      }
    }
  }
  return order;
};

/** Scope of the derivative of a tensor. */
const backOf = ({ scope }: Tensor): string | undefined =>
  scope === undefined || scope.endsWith(', backward') ? scope : `${scope}, backward`;

/** Cotangents of `variables`, given those of `outputs`; a missing one is zero. */
const pullBack = (variables: readonly Tensor[], outputs: readonly Tensor[], seeds: Cotangents): Cotangents => {
  const reached = outputs.filter((t, i) => t.dtype === 'f32' && seeds[i] !== undefined);
  const order = between(new Set(variables), reached);
  const flows = new Set([...variables, ...order]);
  const cotangents = new Map<Tensor, Tensor>();

  const accumulate = (t: Tensor, dt: Tensor | undefined, by: string): void => {
    if (dt === undefined || !flows.has(t)) return;
    if (!sameShape(t.shape, dt.shape)) {
      throw new ShapeError(`vjp of ${by}`, [t.shape, dt.shape], 'a cotangent must have the shape of its value');
    }
    const before = cotangents.get(t);
    cotangents.set(t, before === undefined ? dt : add(before, dt));
  };
  const accumulateAll = (ts: readonly Tensor[], dts: Cotangents, by: string): void => {
    for (const [i, dt] of dts.entries()) accumulate(ts[i], dt, by);
  };
  accumulateAll(outputs, seeds, 'the result');

  // The results of one call are answered together, at the one that comes first in the order: its arguments come before.
  const waiting = new Map<Call, { count: number; readonly cotangents: (Tensor | undefined)[] }>();
  for (const t of order) {
    const m = markOf(t);
    if (m?.kind !== 'result') continue;
    const call = waiting.get(m.call) ?? { count: 0, cotangents: new Array<undefined>(m.call.results).fill(undefined) };
    call.count++;
    waiting.set(m.call, call);
  }

  for (const t of order.toReversed()) {
    const dt = cotangents.get(t);
    const m = markOf(t);
    if (m?.kind !== 'result') {
      if (dt !== undefined) inScope(backOf(t), () => accumulateAll(t.inputs, pullThrough(t, dt), t.op.kind));
      continue;
    }
    const call = waiting.get(m.call)!;
    call.cotangents[m.index] = dt;
    if (--call.count > 0 || call.cotangents.every((d) => d === undefined)) continue;
    inScope(backOf(t), () => accumulateAll(m.call.args, m.call.backward(call.cotangents), 'customVjp'));
  }
  return variables.map((v) => cotangents.get(v));
};

export type Vjp<A extends readonly unknown[], R> = {
  readonly value: R;
  /** From a cotangent, a tree like `value`, to one for each argument: trees like the arguments, zero where unreached. */
  readonly pullback: (cotangent: R) => A;
};

/**
 * The value of `f` at the primals, and the function that pulls a cotangent of the value back to cotangents of the primals
 * (the product of a vector with the Jacobian). Arguments and value are trees of tensors. Integer leaves have zero
 * cotangents.
 */
export const vjp = <A extends unknown[], R>(f: (...args: A) => R, ...primals: A): Vjp<A, R> => {
  const args = mapTree<A>(primals, mark({ kind: 'variable' }));
  const value = f(...args);
  const variables = leavesOf<Tensor>(args);
  const outputs = leavesOf<Tensor>(value);
  const pullback = (cotangent: R): A => {
    const seeds = leavesOf<Tensor>(cotangent);
    if (seeds.length !== outputs.length) {
      throw new TensorError('vjp', `the value has ${outputs.length} tensors and its cotangent ${seeds.length}`);
    }
    const found = pullBack(variables, outputs, seeds);
    return mapTree<A>(primals, (t, i) => found[i] ?? zeros(t.shape));
  };
  return { value, pullback };
};
