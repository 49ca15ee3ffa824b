/** The table that Darknet prints of a network's layers (SPEC 1.7), character for character. */
import { pad } from '../layers/common/row.ts';
import { elements } from '../layers/common/shape.ts';
import { kindOf } from '../layers/index.ts';
import type { NetworkPlan } from './plan.ts';

export const layerTable = ({ input, layers }: NetworkPlan): string => {
  const outputs = layers.map(({ output }) => output);
  return [
    `${elements(input)} inputs`,
    'layer     filters    size              input                output',
    ...layers.map((layer) => `${pad(layer.index, 5)} ${kindOf(layer.config).row(layer.config, layer, outputs)}`),
  ].join('\n');
};
