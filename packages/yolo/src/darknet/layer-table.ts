/** The table that Darknet prints of a network's layers (SPEC 1.7), character for character. */
import type { LayerConfig } from './config.ts';
import type { LayerType } from './layer-sections.ts';
import { elements, type ImageShape } from './layer-shapes.ts';
import type { LayerPlan, NetworkPlan } from './plan.ts';

const pad = (value: number | string, width: number): string => String(value).padStart(width);
const image = ({ h, w, c }: ImageShape): string => `${pad(w, 4)} x${pad(h, 4)} x${pad(c, 4)}`;

type Row<T extends LayerType> = (config: LayerConfig<T>, layer: LayerPlan, layers: readonly LayerPlan[]) => string;
type Rows = { readonly [T in LayerType]: Row<T> };

const resized = ({ input, output }: LayerPlan): string => `${image(input)}   ->  ${image(output)}`;
const flat = ({ output }: LayerPlan): string => pad(elements(output), 4);

const rows: Rows = {
  convolutional: ({ filters, size, stride }, layer) =>
    `conv  ${pad(filters, 5)} ${pad(size, 2)} x${pad(size, 2)} /${pad(stride, 2)}  ${resized(layer)}  ${(layer.flops / 1e9).toFixed(3)} BFLOPs`,
  maxpool: ({ size, stride }, layer) => `max          ${size} x ${size} / ${stride}  ${resized(layer)}`,
  avgpool: (_, { input }) => `avg                     ${image(input)}   ->  ${pad(input.c, 4)}`,
  shortcut: (_, { sources, output }, layers) => {
    const from = sources[1]!;
    return `res  ${pad(from, 3)}                ${image(layers[from]!.output)}   ->  ${image(output)}`;
  },
  route: (_, { sources }) => `route ${sources.map((source) => ` ${source}`).join('')}`,
  upsample: ({ stride }, layer) =>
    `${stride > 0 ? 'upsample' : 'downsample'}${' '.repeat(stride > 0 ? 11 : 9)}${pad(Math.abs(stride), 2)}x  ${resized(layer)}`,
  connected: (_, layer) => `connected                            ${pad(elements(layer.input), 4)}  ->  ${flat(layer)}`,
  dropout: ({ probability }, layer) =>
    `dropout       p = ${probability.toFixed(2)}               ${pad(elements(layer.input), 4)}  ->  ${flat(layer)}`,
  softmax: (_, layer) => `softmax                                        ${flat(layer)}`,
  cost: (_, layer) => `cost                                           ${flat(layer)}`,
  yolo: () => 'yolo',
};

const row = <T extends LayerType>(config: LayerConfig<T>, layer: LayerPlan, { layers }: NetworkPlan): string =>
  (rows[config.type] as Row<T>)(config, layer, layers);

export const layerTable = (plan: NetworkPlan): string =>
  [
    `${elements(plan.input)} inputs`,
    'layer     filters    size              input                output',
    ...plan.layers.map((layer) => `${pad(layer.index, 5)} ${row(layer.config, layer, plan)}`),
  ].join('\n');
