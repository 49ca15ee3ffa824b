/** Darknet's [connected] (SPEC 4.7): every output reads every input of an image. */
import { add, check, matmul, reshape, sizeOf, zeros } from '@gdarknet/tensor';
import { type Activation, activate, activationRule } from './activation.ts';
import type { ConvolutionParams, ConvolutionState } from './convolution.ts';
import { scaledUniform } from './initialiser.ts';
import { empty, type Layer } from './layer.ts';
import {
  batchNormRule,
  type Convention,
  type NormalisationParams,
  type NormalisationState,
  normalisationStart,
  normalise,
} from './normalisation.ts';

export type ConnectedOptions = {
  readonly outputs: number;
  readonly activation?: Activation;
  readonly batchNorm?: false | Convention;
};

const rules: check.OptionRules<ConnectedOptions> = {
  outputs: check.whole(1),
  activation: activationRule,
  batchNorm: batchNormRule,
};

/**
 * x `[n, ...]` to `[n, 1, 1, outputs]`. Weights are `[outputs, inputs]`, the inputs of an image in the order h, w, c
 * (Darknet's files have c, h, w).
 */
export const connected = (options: ConnectedOptions): Layer<ConvolutionParams, ConvolutionState> => {
  check.checkOptions('connected', rules, options, ['outputs']);
  const { outputs, activation = 'linear', batchNorm = false } = options;
  const finish = activate(activation);
  return {
    init: (key, [n, ...rest]) => {
      const inputs = sizeOf(rest);
      const weights = scaledUniform([outputs, inputs], inputs)(key);
      const { params, state } = normalisationStart(outputs);
      const shape = [n, 1, 1, outputs];
      return batchNorm
        ? { params: { weights, ...params }, state, shape }
        : { params: { weights, biases: zeros([outputs]) }, state: empty, shape };
    },
    apply: (params, state, x, mode) => {
      const [n] = x.shape;
      const flat = reshape([n, sizeOf(x.shape) / n])(x);
      const z = reshape([n, 1, 1, outputs])(matmul(flat, params.weights, { transposeB: true }));
      if (!batchNorm) return { y: finish(add(z, params.biases)), state };
      const normalised = normalise(batchNorm, params as NormalisationParams, state as NormalisationState, z, mode);
      return { y: finish(normalised.y), state: normalised.state };
    },
  };
};
