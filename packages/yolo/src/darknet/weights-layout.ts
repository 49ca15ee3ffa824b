/** Which arrays of a layer a `.weights` file holds, in file order (SPEC 3). */
import type { LayerConfig } from './config.ts';
import { elements } from './layer-shapes.ts';
import type { LayerPlan } from './plan.ts';

export type BlockName = 'biases' | 'scales' | 'rollingMean' | 'rollingVariance' | 'weights';

export interface Block {
  readonly name: BlockName;
  /** Number of floats. */
  readonly size: number;
}

/** Filters, channels that each of them sees, rows, columns. A connected layer's kernel covers its whole input. */
export type KernelShape = readonly [filters: number, channels: number, rows: number, columns: number];

type Weighted = LayerConfig<'convolutional' | 'connected'>;

const isWeighted = (config: LayerConfig): config is Weighted =>
  config.type === 'convolutional' || config.type === 'connected';

export const kernelShape = ({ config, input }: LayerPlan): KernelShape | undefined => {
  if (config.type === 'convolutional') return [config.filters, input.c / config.groups, config.size, config.size];
  return config.type === 'connected' ? [config.output, input.c, input.h, input.w] : undefined;
};

const normalisation = (filters: number, present: boolean): readonly Block[] =>
  present
    ? [
        { name: 'scales', size: filters },
        { name: 'rollingMean', size: filters },
        { name: 'rollingVariance', size: filters },
      ]
    : [];

/** Connected layers hold the normalisation behind the weights, convolutions before. */
const inOrder = (config: Weighted, filters: number, perFilter: number, normalised: boolean): readonly Block[] => {
  const biases: Block = { name: 'biases', size: filters };
  const weights: Block = { name: 'weights', size: filters * perFilter };
  const rest = normalisation(filters, normalised);
  return config.type === 'connected' ? [biases, weights, ...rest] : [biases, ...rest, weights];
};

const perFilter = (layer: LayerPlan, config: Weighted): number =>
  config.type === 'connected' ? elements(layer.input) : (layer.input.c / config.groups) * config.size ** 2;

const filtersOf = (config: Weighted): number => (config.type === 'connected' ? config.output : config.filters);

/** What is read: `dontload`, `numload` and `dontloadscales` leave arrays, or filters of them, out of the file. */
export const blocksToRead = (layer: LayerPlan): readonly Block[] => {
  const { config } = layer;
  if (!isWeighted(config) || config.dontload) return [];
  const filters = config.type === 'convolutional' && config.numload > 0 ? config.numload : filtersOf(config);
  return inOrder(config, filters, perFilter(layer, config), config.batch_normalize && !config.dontloadscales);
};

/** What is written: all of the layer, or with `dontsave` nothing. */
export const blocksToWrite = (layer: LayerPlan): readonly Block[] => {
  const { config } = layer;
  return !isWeighted(config) || config.dontsave
    ? []
    : inOrder(config, filtersOf(config), perFilter(layer, config), config.batch_normalize);
};

/** Whether the file holds the layer's matrix transposed: by the cfg's `flipped`, or by a header from a transposing Darknet. */
export const isTransposed = ({ config }: LayerPlan, transposingHeader: boolean): boolean =>
  config.type === 'convolutional' ? config.flipped : config.type === 'connected' && transposingHeader;
