/** One rule for each kind of cfg section: the layer of `@gdarknet/nn` that it is. */
import {
  avgPool,
  type Convention,
  connected,
  convolution,
  dropout,
  type Layer,
  maxPool,
  route,
  shortcut,
  softmax,
  stateless,
  upsample,
  type Variables,
} from '@gdarknet/nn';
import type { Tensor } from '@gdarknet/tensor';
import type { LayerConfig } from '../darknet/config.ts';
import type { LayerType } from '../darknet/layer-sections.ts';
import type { LayerPlan } from '../darknet/plan.ts';
import { activateHead } from './head.ts';

export type LayerOptions = {
  /** Whose batch normalisation (SPEC 4.2); false where it is folded into the weights. */
  readonly convention: Convention | false;
};

/** Reads the outputs of its source layers, in order. */
export type NetworkLayer = Layer<Variables, Variables, readonly Tensor[]>;

type Rule<T extends LayerType> = (config: LayerConfig<T>, options: LayerOptions) => NetworkLayer;

/** A layer of one tensor as a layer of its sources. */
const single = (layer: unknown): NetworkLayer => {
  const { init, apply } = layer as Layer<Variables, Variables, Tensor>;
  return {
    init: (key, [shape]) => init(key, shape),
    apply: (params, state, [x], mode) => apply(params, state, x, mode),
  };
};

const rules: { readonly [T in LayerType]: Rule<T> } = {
  convolutional: ({ filters, size, stride, padding, groups, activation, batch_normalize }, { convention }) =>
    single(
      convolution({ filters, size, stride, padding, groups, activation, batchNorm: batch_normalize && convention }),
    ),
  connected: ({ output, activation, batch_normalize }, { convention }) =>
    single(connected({ outputs: output, activation, batchNorm: batch_normalize && convention })),
  maxpool: ({ size, stride, padding }) => single(maxPool({ size, stride, padding })),
  avgpool: () => single(avgPool()),
  upsample: ({ stride, scale }) => single(upsample({ stride, scale })),
  dropout: ({ probability }) => single(dropout({ probability })),
  softmax: ({ groups, temperature, spatial }) => single(softmax({ groups, temperature, spatial })),
  route: () => route() as NetworkLayer,
  shortcut: ({ alpha, beta, activation }) => shortcut({ alpha, beta, activation }) as unknown as NetworkLayer,
  /** Cost layers compare with a truth, which inference does not have. */
  cost: () => single(stateless<Tensor>((x) => x)),
  /** In training the loss reads what the convolution before gives, as it is. */
  yolo: ({ classes }) => single(stateless<Tensor>((x, { training }) => (training ? x : activateHead(classes)(x)))),
};

export const layerOf = <T extends LayerType>({ config }: LayerPlan, options: LayerOptions): NetworkLayer =>
  (rules[config.type] as Rule<T>)(config as LayerConfig<T>, options);
