/** Weights by the recipe of the goldens (goldens/README.md, detect/): mulberry32 draws, all products in float32. */
import type { NetworkPlan } from '../plan.ts';
import type { LayerWeights, NetworkWeights } from '../weights.ts';
import { newHeader } from '../weights-header.ts';
import { kernelShape } from '../weights-layout.ts';

/** Uniform float32 values in [0, 1]. */
const mulberry32 = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.fround(((t ^ (t >>> 14)) >>> 0) / 4294967296);
  };
};

export const generatedWeights = (plan: NetworkPlan, seed: number, objectnessBias: number): NetworkWeights => {
  const next = mulberry32(seed);
  const { fround } = Math;
  const draw = (size: number, scale: number, offset = 0): Float32Array => {
    const values = new Float32Array(size);
    for (let i = 0; i < size; i++) values[i] = offset + fround(fround(scale) * fround(2 * next() - 1));
    return values;
  };
  const layers = plan.layers.map((layer, index): LayerWeights | undefined => {
    const { config } = layer;
    const shape = kernelShape(layer);
    if (config.type !== 'convolutional' || shape === undefined) return undefined;
    const [filters, channels, rows, columns] = shape;
    const biases = draw(filters, 0.1);
    const statistics = config.batch_normalize
      ? { scales: draw(filters, 0.1, 1), rollingMean: draw(filters, 0.1), rollingVariance: draw(filters, 0.2, 1) }
      : {};
    const perFilter = channels * rows * columns;
    const weights = draw(filters * perFilter, Math.sqrt(6 / perFilter));
    const head = plan.layers[index + 1]?.config;
    if (head?.type === 'yolo') {
      for (let i = 4; i < filters; i += 5 + head.classes) biases[i] += objectnessBias;
    }
    return { biases, ...statistics, weights };
  });
  return { header: newHeader(), layers };
};
