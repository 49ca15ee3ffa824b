/** Batch normalisation of a convolution: multiplied into its weights, or as a node behind it (SPEC 4.2). */
import type { Convention } from '@gdarknet/nn';
import type { LayerWeights } from '../darknet/weights.ts';
import type { Builder } from './builder.ts';

export type Normalisation = { readonly fold: boolean; readonly convention: Convention };

export type Normalised = {
  readonly kernel: Float32Array;
  readonly bias: Float32Array | undefined;
  /** Adds what comes behind the convolution. */
  readonly after: (to: Builder, z: string) => string;
};

type Statistics = Required<LayerWeights>;

const isNormalised = (weights: LayerWeights): weights is Statistics =>
  weights.scales !== undefined && weights.rollingMean !== undefined && weights.rollingVariance !== undefined;

/** Of each convention: the variance and the epsilon under the root of ONNX's `BatchNormalization`. */
const underRoot: Readonly<Record<Convention, { readonly epsilon: number; readonly variance: (v: number) => number }>> =
  {
    cudnn: { epsilon: 1e-5, variance: (v) => v },
    'darknet-cpu': { epsilon: 0, variance: (v) => (Math.sqrt(Math.max(v, 0)) + 1e-6) ** 2 },
  };

const folded = ({ biases, scales, rollingMean, rollingVariance, weights }: Statistics, convention: Convention) => {
  const { epsilon, variance } = underRoot[convention];
  const factors = Float64Array.from(scales, (s, i) => s / Math.sqrt(variance(rollingVariance[i]) + epsilon));
  const each = weights.length / biases.length;
  return {
    kernel: weights.map((w, i) => w * factors[Math.floor(i / each)]),
    bias: biases.map((b, i) => b - rollingMean[i] * factors[i]),
  };
};

export const normalised = (weights: LayerWeights, { fold, convention }: Normalisation): Normalised => {
  const unchanged: Normalised['after'] = (_, z) => z;
  if (!isNormalised(weights)) return { kernel: weights.weights, bias: weights.biases, after: unchanged };
  if (fold) return { ...folded(weights, convention), after: unchanged };
  const { epsilon, variance } = underRoot[convention];
  const { biases, scales, rollingMean, rollingVariance } = weights;
  const vectors = [scales, biases, rollingMean, rollingVariance.map(variance)];
  return {
    kernel: weights.weights,
    bias: undefined,
    after: (to, z) =>
      to.node('BatchNormalization', [z, ...vectors.map((v) => to.floats(v, [v.length]))], {
        epsilon: { float: epsilon },
      }),
  };
};
