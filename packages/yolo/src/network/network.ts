/** A network from its layout: parameters, state and the forward pass as pure functions. */
import { type Convention, checkpoint, type Mode, stopGradient, type Variables } from '@gdarknet/nn';
import { inScope, splitKey, type Tensor } from '@gdarknet/tensor';
import type { NetworkPlan } from '../darknet/plan.ts';
import { kindOf } from '../layers/index.ts';

/** One entry for each layer, by its index; layers without parameters or state have an empty record. */
export type NetworkParams = { readonly [layer: number]: Variables };
export type NetworkState = { readonly [layer: number]: Variables };

export const byLayer = <T>(list: readonly T[]): { readonly [layer: number]: T } => Object.fromEntries(list.entries());

export type Network = {
  readonly plan: NetworkPlan;
  /** Fresh parameters as Darknet draws them, and rolling statistics. */
  readonly init: (key: Tensor) => { readonly params: NetworkParams; readonly state: NetworkState };
  /** Outputs of every layer for images x `[n, h, w, c]`, and the state afterwards. */
  readonly apply: (
    params: NetworkParams,
    state: NetworkState,
    x: Tensor,
    mode: Mode,
  ) => { readonly outputs: readonly Tensor[]; readonly state: NetworkState };
};

export type NetworkOptions = {
  /** Whose batch normalisation; default `cudnn`, which published models were trained with. */
  readonly convention?: Convention;
  /** The normalisation is in weights and biases already (`foldNormalisation`): for inference only. */
  readonly folded?: boolean;
  /** Layers before this one stay as they are: they work as at inference, and no gradient enters them. */
  readonly freeze?: number;
  /**
   * In so many parts, of which all but the last are computed again during the backward pass, not kept in memory; default 1.
   * Outputs that only layers of the same part read are then constants to every derivative.
   */
  readonly parts?: number;
};

/** Ranges of layers with about the same number of activations. */
const rangesOf = ({ layers }: NetworkPlan, parts: number): readonly (readonly [from: number, to: number])[] => {
  const sizes = layers.map(({ output }) => output.w * output.h * output.c);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const ends: number[] = [];
  let [sum, last] = [0, 0];
  sizes.forEach((size, i) => {
    sum += size;
    if (sum * parts < total * (ends.length + 1) || i + 1 === last) return;
    last = i + 1;
    ends.push(last);
  });
  if (ends[ends.length - 1] !== layers.length) ends.push(layers.length);
  return ends.map((to, i) => [ends[i - 1] ?? 0, to] as const);
};

export const buildNetwork = (
  plan: NetworkPlan,
  { convention = 'cudnn', folded = false, freeze = 0, parts = 1 }: NetworkOptions = {},
): Network => {
  const layers = plan.layers.map(({ config }) => kindOf(config).build(config, { convention: !folded && convention }));
  const { input } = plan;

  const init: Network['init'] = (key) => {
    const drawn = splitKey(layers.length)(key);
    const shapes: (readonly number[])[] = [];
    const made = layers.map((layer, i) => {
      const sources = plan.layers[i].sources.map((s) => (s < 0 ? [1, input.h, input.w, input.c] : shapes[s]));
      const { params, state, shape } = layer.init(drawn[i], sources);
      shapes.push(shape);
      return { params, state };
    });
    return { params: byLayer(made.map(({ params }) => params)), state: byLayer(made.map(({ state }) => state)) };
  };

  // The original ends its backward pass at the last layer that says `stopbackward`: nothing before it learns.
  const stop = plan.layers.findLastIndex(({ config }) => 'stopbackward' in config && config.stopbackward);
  const frontier = Math.max(stop, freeze);
  const read = (outputs: readonly Tensor[], reader: number, source: number): Tensor =>
    source < frontier && reader >= frontier ? stopGradient(outputs[source]) : outputs[source];

  const ranges = rangesOf(plan, parts).map(([from, to]) => {
    const later = plan.layers.slice(to).flatMap(({ sources }) => sources);
    const readLater = new Set([...later, ...plan.heads]);
    return { from, to, gives: Array.from({ length: to - from }, (_, i) => from + i).filter((i) => readLater.has(i)) };
  });

  const apply: Network['apply'] = (params, state, x, mode) => {
    const drawn = mode.key && splitKey(layers.length)(mode.key);
    /** Outputs of all layers so far, given those before `from`, and the new states. */
    const run = (from: number, own: readonly Variables[], before: readonly Tensor[], image: Tensor) => {
      const outputs = [...before];
      const next = own.map((parameters, k) => {
        const i = from + k;
        const sources = plan.layers[i].sources.map((s) => (s < 0 ? image : read(outputs, i, s)));
        const mine = { training: mode.training && i >= freeze, ...(drawn && { key: drawn[i] }) };
        const name = `${i} ${plan.layers[i].config.type}`;
        const applied = inScope(name, () => layers[i].apply(parameters, state[i], sources, mine));
        outputs.push(applied.y);
        return applied.state;
      });
      return { outputs, next };
    };
    let outputs: readonly Tensor[] = [];
    const states: Variables[] = [];
    for (const { from, to, gives } of ranges) {
      const own = layers.slice(from, to).map((_, k) => params[from + k]);
      if (to === layers.length) {
        const last = run(from, own, outputs, x);
        outputs = last.outputs;
        for (const state of last.next) states.push(state);
        continue;
      }
      const given = checkpoint((...args: [readonly Variables[], readonly Tensor[], Tensor]) => {
        const all = run(from, ...args).outputs;
        return gives.map((i) => all[i]);
      })(own, outputs, x);
      // The same expressions once more, which are merged with those inside.
      const inside = run(from, ...stopGradient([own, outputs, x] as const));
      outputs = inside.outputs.map((y, i) => (i < from ? outputs[i] : gives.includes(i) ? given[gives.indexOf(i)] : y));
      for (const state of inside.next) states.push(state);
    }
    return { outputs, state: byLayer(states) };
  };

  return { plan, init, apply };
};
