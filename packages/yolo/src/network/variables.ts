/** Between `.weights` files and a network's parameters: order of axes, what a file leaves out, folding. */
import {
  type Convention,
  inferenceScale,
  type NormalisationParams,
  type NormalisationState,
  type Variables,
} from '@gdarknet/nn';
import { concat, mul, type Read, reshape, sliceAxis, type Tensor, tensor } from '@gdarknet/tensor';
import type { LayerPlan, NetworkPlan } from '../darknet/plan.ts';
import type { LayerWeights, NetworkWeights } from '../darknet/weights.ts';
import type { WeightsHeader } from '../darknet/weights-header.ts';
import { kernelShape } from '../darknet/weights-layout.ts';
import { toChannelsFirst, toChannelsLast } from '../darknet/weights-order.ts';
import { byLayer, type NetworkParams, type NetworkState } from './network.ts';

type WeightedParams = { readonly weights: Tensor; readonly biases: Tensor; readonly scales?: Tensor };
export type NetworkVariables = { readonly params: NetworkParams; readonly state: NetworkState };

/** The first rows from a file, the others as they are. */
const over = (fresh: Tensor, data: Float32Array | undefined): Tensor => {
  if (data === undefined) return fresh;
  const [filters, ...rest] = fresh.shape;
  const rows = data.length / rest.reduce((a, b) => a * b, 1);
  const loaded = tensor(data, [rows, ...rest]);
  return rows === filters ? loaded : concat(0)([loaded, sliceAxis(0, rows, filters)(fresh)]);
};

/** Weights in the file's order as a tensor of the layer's shape: `[out, kh, kw, c / groups]`, or `[out, h w c]`. */
const kernel = (layer: LayerPlan, { weights, biases }: LayerWeights): Float32Array => {
  const shape = kernelShape(layer)!;
  return toChannelsLast(weights, [biases.length, shape[1], shape[2], shape[3]]);
};

/** What a weights file holds, in place of the fresh values of those layers. */
export const installWeights = (
  plan: NetworkPlan,
  fresh: NetworkVariables,
  { layers }: NetworkWeights,
): NetworkVariables => {
  const install = (layer: LayerPlan): { params: Variables; state: Variables } => {
    const [params, state] = [fresh.params[layer.index], fresh.state[layer.index]];
    const loaded = layers[layer.index];
    if (loaded === undefined) return { params, state };
    const { weights, biases, scales } = params as WeightedParams;
    const filled = { weights: over(weights, kernel(layer, loaded)), biases: over(biases, loaded.biases) };
    if (scales === undefined) return { params: filled, state };
    const { mean, variance } = state as NormalisationState;
    return {
      params: { ...filled, scales: over(scales, loaded.scales) },
      state: { mean: over(mean, loaded.rollingMean), variance: over(variance, loaded.rollingVariance) },
    };
  };
  const all = plan.layers.map(install);
  return { params: byLayer(all.map(({ params }) => params)), state: byLayer(all.map(({ state }) => state)) };
};

/** The other way, from values read back: what `writeWeights` takes. */
export const weightsOf = (
  plan: NetworkPlan,
  { params, state }: Read<NetworkVariables>,
  header: WeightsHeader,
): NetworkWeights => {
  const layers = plan.layers.map((layer): LayerWeights | undefined => {
    const shape = kernelShape(layer);
    if (shape === undefined) return undefined;
    const { weights, biases, scales } = params[layer.index] as unknown as Record<string, Float32Array>;
    const { mean, variance } = state[layer.index] as unknown as Record<string, Float32Array>;
    const ordered = { biases, weights: toChannelsFirst(weights, shape) };
    return scales === undefined ? ordered : { ...ordered, scales, rollingMean: mean, rollingVariance: variance };
  });
  return { header, layers };
};

/** Batch normalisation with its rolling statistics multiplied into weights and biases: the same outputs, less work. */
export const foldNormalisation = (
  plan: NetworkPlan,
  { params, state }: NetworkVariables,
  convention: Convention,
): NetworkParams =>
  byLayer(
    plan.layers.map(({ index }) => {
      const { weights, biases, scales } = params[index] as WeightedParams;
      if (scales === undefined) return params[index];
      const normalisation: NormalisationParams = { scales, biases };
      const { scale, shift } = inferenceScale(convention, normalisation, state[index] as NormalisationState);
      const perFilter = reshape([scale.shape[0], ...weights.shape.slice(1).map(() => 1)])(scale);
      return { weights: mul(weights, perFilter), biases: shift };
    }),
  );
