/** A network from its layout: parameters, state and the forward pass as pure functions. */
import { type Convention, type Mode, stopGradient, type Variables } from '@gdarknet/nn';
import { splitKey, type Tensor } from '@gdarknet/tensor';
import type { NetworkPlan } from '../darknet/plan.ts';
import { layerOf } from './layers.ts';

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
};

export const buildNetwork = (
  plan: NetworkPlan,
  { convention = 'cudnn', folded = false, freeze = 0 }: NetworkOptions = {},
): Network => {
  const layers = plan.layers.map((layer) => layerOf(layer, { convention: !folded && convention }));
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

  const apply: Network['apply'] = (params, state, x, mode) => {
    const drawn = mode.key && splitKey(layers.length)(mode.key);
    const outputs: Tensor[] = [];
    const next = layers.map((layer, i) => {
      const sources = plan.layers[i].sources.map((s) => (s < 0 ? x : read(outputs, i, s)));
      const own = { training: mode.training && i >= freeze, ...(drawn && { key: drawn[i] }) };
      const applied = layer.apply(params[i], state[i], sources, own);
      outputs.push(applied.y);
      return applied.state;
    });
    return { outputs, state: byLayer(next) };
  };

  return { plan, init, apply };
};
