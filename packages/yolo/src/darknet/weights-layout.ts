/** Which arrays of a layer a `.weights` file holds, in file order (SPEC 3). */
import type { KernelShape, WeightsRule } from '../layers/common/weights.ts';
import { kindOf } from '../layers/index.ts';
import type { LayerPlan } from './plan.ts';

export type BlockName = 'biases' | 'scales' | 'rollingMean' | 'rollingVariance' | 'weights';

export interface Block {
  readonly name: BlockName;
  /** Number of floats. */
  readonly size: number;
}

const ruleOf = (layer: LayerPlan): WeightsRule | undefined => kindOf(layer.config).weights?.(layer.config, layer);

export const kernelShape = (layer: LayerPlan): KernelShape | undefined => ruleOf(layer)?.kernel;

const inOrder = (
  { kernel: [, channels, rows, columns], weightsFirst }: WeightsRule,
  filters: number,
  normalised: boolean,
): readonly Block[] => {
  const biases: Block = { name: 'biases', size: filters };
  const weights: Block = { name: 'weights', size: filters * channels * rows * columns };
  const statistics = ['scales', 'rollingMean', 'rollingVariance'] as const;
  const rest = normalised ? statistics.map((name): Block => ({ name, size: filters })) : [];
  return weightsFirst ? [biases, weights, ...rest] : [biases, ...rest, weights];
};

/** What is read: `dontload`, `numload` and `dontloadscales` leave arrays, or filters of them, out of the file. */
export const blocksToRead = (layer: LayerPlan): readonly Block[] => {
  const rule = ruleOf(layer);
  const { dontload, dontloadscales } = layer.config;
  return rule === undefined || dontload ? [] : inOrder(rule, rule.filtersRead, rule.normalised && !dontloadscales);
};

/** What is written: all of the layer, or with `dontsave` nothing. */
export const blocksToWrite = (layer: LayerPlan): readonly Block[] => {
  const rule = ruleOf(layer);
  return rule === undefined || layer.config.dontsave ? [] : inOrder(rule, rule.kernel[0], rule.normalised);
};

/** Whether the file holds the layer's matrix transposed. */
export const isTransposed = (layer: LayerPlan, transposingHeader: boolean): boolean =>
  ruleOf(layer)?.transposed(transposingHeader) ?? false;
