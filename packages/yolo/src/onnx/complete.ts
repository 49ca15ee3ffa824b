/** Weights for every layer: those of a file, and fresh ones where it has none. */
import { type Device, evaluate, key, read } from '@gdarknet/tensor';
import type { NetworkPlan } from '../darknet/plan.ts';
import type { NetworkWeights } from '../darknet/weights.ts';
import { newHeader } from '../darknet/weights-header.ts';
import { kernelShape } from '../darknet/weights-layout.ts';
import { buildNetwork } from '../network/network.ts';
import { installWeights, weightsOf } from '../network/variables.ts';

const isWhole = (plan: NetworkPlan, { layers }: NetworkWeights): boolean =>
  plan.layers.every((layer) => {
    const loaded = layers[layer.index];
    const { config } = layer;
    const normalised = 'batch_normalize' in config && config.batch_normalize;
    return kernelShape(layer)?.[0] === loaded?.biases.length && normalised === (loaded?.scales !== undefined);
  });

/** Layers, or filters of them, that `weights` does not hold get Darknet's initial values, drawn from `seed`. */
export const completeWeights = async (
  device: Device,
  plan: NetworkPlan,
  weights: NetworkWeights | undefined,
  seed = 0,
): Promise<NetworkWeights> => {
  if (weights && isWhole(plan, weights)) return weights;
  const fresh = buildNetwork(plan).init(key(seed));
  const variables = await evaluate(device, weights ? installWeights(plan, fresh, weights) : fresh);
  return weightsOf(plan, await read(device, variables), weights?.header ?? newHeader());
};
