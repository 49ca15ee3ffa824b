/** Weights made of weights: the mean of several, and batch normalisation multiplied in. */
import type { LayerWeights, NetworkWeights } from '@gdarknet/yolo';

type Arrays = Partial<Record<keyof LayerWeights, Float32Array>>;

const names = ['biases', 'scales', 'rollingMean', 'rollingVariance', 'weights'] as const;

/** Sums in double precision. */
const mean = (arrays: readonly Float32Array[]): Float32Array =>
  arrays[0].map((_, i) => arrays.reduce((sum, array) => sum + array[i], 0) / arrays.length);

const meanLayer = (layers: readonly LayerWeights[]): LayerWeights => {
  const made: Arrays = {};
  for (const name of names) {
    const arrays = layers.map((layer) => layer[name]).filter((array) => array !== undefined);
    if (arrays.length > 0) made[name] = mean(arrays);
  }
  return { ...made, biases: made.biases ?? new Float32Array(), weights: made.weights ?? new Float32Array() };
};

/** The original's `average`: of all values, rolling statistics too. The counter of images is the largest. */
export const averageWeights = (all: readonly NetworkWeights[]): NetworkWeights => ({
  header: { ...all[0].header, seen: all.reduce((most, { header }) => Math.max(most, header.seen), 0) },
  layers: all[0].layers.map((_, i) => {
    const layers = all.map((weights) => weights.layers[i]).filter((layer) => layer !== undefined);
    return layers.length === 0 ? undefined : meanLayer(layers);
  }),
});

export type Epsilon = (variance: number) => number;

/** One over the deviation, by SPEC 4.2. */
export const inverseDeviation = {
  cudnn: (variance: number): number => 1 / Math.sqrt(variance + 1e-5),
  'darknet-cpu': (variance: number): number => 1 / (Math.sqrt(Math.max(variance, 0)) + 1e-6),
} as const;

const foldLayer = (layer: LayerWeights, inverse: Epsilon): LayerWeights => {
  const { biases, scales, rollingMean, rollingVariance, weights } = layer;
  if (scales === undefined || rollingMean === undefined || rollingVariance === undefined) return layer;
  const factors = Float64Array.from(scales, (scale, i) => scale * inverse(rollingVariance[i]));
  const each = weights.length / biases.length;
  return {
    biases: biases.map((bias, i) => bias - rollingMean[i] * factors[i]),
    weights: weights.map((weight, i) => weight * factors[Math.floor(i / each)]),
  };
};

/** The original's `denormalize`. */
export const foldWeights = ({ header, layers }: NetworkWeights, inverse: Epsilon): NetworkWeights => ({
  header,
  layers: layers.map((layer) => layer && foldLayer(layer, inverse)),
});

/** The cfg of folded weights: the same without its batch normalisation; comments stay. */
export const withoutNormalisation = (cfg: string): string =>
  cfg
    .split('\n')
    .map((line) => (/^\s*batch_normalize\s*=/.test(line) ? 'batch_normalize=0' : line))
    .join('\n');
