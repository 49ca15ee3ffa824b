/**
 * Whether a weights file may be of a network at all. The file does not say what network it belongs to, but its length, and
 * variances that are none, tell when it cannot be this one, and often why.
 */
import type { LayerPlan, NetworkPlan } from './plan.ts';
import type { LayerWeights } from './weights.ts';
import { blocksToRead, kernelShape } from './weights-layout.ts';

const floatsOf = (layer: LayerPlan): number => blocksToRead(layer).reduce((sum, { size }) => sum + size, 0);

export const totalFloats = ({ layers }: NetworkPlan): number => layers.reduce((sum, layer) => sum + floatsOf(layer), 0);

/** The convolutions whose filters follow from the number of classes, with what one class more adds to each. */
const classLayers = ({ layers, heads }: NetworkPlan) =>
  heads.flatMap((head) => {
    const before = layers[head - 1];
    const { config } = layers[head];
    if (config.type !== 'yolo' || before?.config.type !== 'convolutional') return [];
    return [{ index: before.index, perClass: (floatsOf(before) / before.config.filters) * config.mask.length }];
  });

export interface ClassMismatch {
  /** Of the network that the weights were made with. */
  readonly classes: number;
  /** The first layer that differs. */
  readonly layer: number;
}

/** Where the file has exactly the length of this network with another number of classes. */
export const otherClasses = (plan: NetworkPlan, floats: number): ClassMismatch | undefined => {
  const affected = classLayers(plan);
  const perClass = affected.reduce((sum, layer) => sum + layer.perClass, 0);
  const [head] = plan.heads.map((index) => plan.layers[index].config);
  if (head?.type !== 'yolo' || affected.length < plan.heads.length || perClass === 0) return undefined;
  const classes = head.classes + (floats - totalFloats(plan)) / perClass;
  return Number.isInteger(classes) && classes > 0 && classes !== head.classes
    ? { classes, layer: affected[0].index }
    : undefined;
};

/** The only layer whose `batch_normalize`, turned round, would give the file's length. */
export const otherNormalisation = (plan: NetworkPlan, floats: number): number | undefined => {
  const missing = totalFloats(plan) - floats;
  const fitting = plan.layers.filter((layer) => {
    const names = blocksToRead(layer).map(({ name }) => name);
    const filters = kernelShape(layer)?.[0] ?? 0;
    return names.length > 0 && missing === (names.includes('scales') ? 3 : -3) * filters;
  });
  return fitting.length === 1 ? fitting[0].index : undefined;
};

type Layers = readonly (LayerWeights | undefined)[];

/** Real files hold a few of -7e-44. */
const leastVariance = -1e-6;

export const isNoVariance = (value: number): boolean => value < leastVariance;

/** The first layer with a rolling variance below 0: what was read there is something else. */
export const firstImpossible = (layers: Layers): number | undefined => {
  const index = layers.findIndex((layer) => layer?.rollingVariance?.some(isNoVariance));
  return index < 0 ? undefined : index;
};

/**
 * How many layers, from the first on, are the file's and the cfg's alike where the two do not fit: up to the last layer with
 * variances that are some. The one right before an impossible layer may itself be shorter than it was.
 */
export const layersAlike = (layers: Layers, impossible: number | undefined): number => {
  const sound = layers.slice(0, impossible ?? layers.length);
  const last = sound.findLastIndex((layer) => layer?.rollingVariance !== undefined);
  return impossible === undefined ? last + 1 : Math.max(0, last);
};
