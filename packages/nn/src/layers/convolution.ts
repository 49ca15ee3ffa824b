/** Darknet's [convolutional] (SPEC 4.1): convolution, then batch normalisation or a bias, then an activation. */
import { add, type ConvOptions, check, conv2d, type Pair, type Tensor, zeros } from '@gdarknet/tensor';
import { type Activation, activate, activationRule } from './activation.ts';
import { heNormal } from './initialiser.ts';
import { type Empty, empty, type Layer, shapeThrough } from './layer.ts';
import {
  batchNormRule,
  type Convention,
  type NormalisationParams,
  type NormalisationState,
  normalisationStart,
  normalise,
} from './normalisation.ts';

export type ConvolutionOptions = ConvOptions & {
  readonly filters: number;
  /** Rows and columns of a filter. */
  readonly size: number | Pair;
  /** Default linear. */
  readonly activation?: Activation;
  /** Normalise each channel after the convolution; the biases are then added after the scaling. Default no. */
  readonly batchNorm?: false | Convention;
};

/** Weights are `[filters, rows, columns, c / groups]`, biases and scales `[filters]`. */
export type ConvolutionParams = { readonly weights: Tensor; readonly biases: Tensor; readonly scales?: Tensor };
export type ConvolutionState = NormalisationState | Empty;

const rules: check.OptionRules<ConvolutionOptions> = {
  filters: check.whole(1),
  size: check.pairRule(1),
  activation: activationRule,
  batchNorm: batchNormRule,
  stride: check.pairRule(1),
  padding: check.sidesRule,
  groups: check.whole(1),
};

/** x `[n, h, w, c]` to `[n, oh, ow, filters]`. */
export const convolution = (given: ConvolutionOptions): Layer<ConvolutionParams, ConvolutionState> => {
  check.checkOptions('convolution', rules, given, ['filters', 'size']);
  const { filters, size, activation = 'linear', batchNorm = false, ...options } = given;
  const [rows, columns] = typeof size === 'number' ? [size, size] : size;
  const finish = activate(activation);
  return {
    init: (key, inputShape) => {
      const inner = inputShape[3] / (options.groups ?? 1);
      const weights = heNormal([filters, rows, columns, inner], rows * columns * inner)(key);
      const { params, state } = normalisationStart(filters);
      const shape = shapeThrough<Tensor>(conv2d(weights, options), inputShape);
      return batchNorm
        ? { params: { weights, ...params }, state, shape }
        : { params: { weights, biases: zeros([filters]) }, state: empty, shape };
    },
    apply: (params, state, x, mode) => {
      const z = conv2d(params.weights, options)(x);
      if (!batchNorm) return { y: finish(add(z, params.biases)), state };
      const normalised = normalise(batchNorm, params as NormalisationParams, state as NormalisationState, z, mode);
      return { y: finish(normalised.y), state: normalised.state };
    },
  };
};
