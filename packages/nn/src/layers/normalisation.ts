/**
 * Batch normalisation per channel (SPEC 4.2), with the two sets of statistics in use among Darknet's builds. Written as
 * `x * scale + shift` with one vector each, so that it fuses with its neighbours into one pass; the backward pass takes two
 * sums over each channel and one pass.
 */
import {
  add,
  check,
  div,
  maximum,
  moments,
  mul,
  ones,
  reshape,
  type Shape,
  sizeOf,
  sliceAxis,
  sqrt,
  sub,
  sum,
  type Tensor,
  zeros,
} from '@gdarknet/tensor';
import { customVjp, stopGradient } from '../autodiff/custom.ts';
import type { Layer, Mode } from './layer.ts';

/**
 * `cudnn`: biased variance, epsilon 1e-5 inside the root; what published models were trained with. `darknet-cpu`: variance
 * over N - 1, `sqrt(variance) + 1e-6`, and a derivative that uses `sqrt(variance + 1e-5)`.
 */
export type Convention = 'cudnn' | 'darknet-cpu';

export const conventionNames = ['cudnn', 'darknet-cpu'] as const satisfies readonly Convention[];
export const batchNormRule = check.oneOf([false, ...conventionNames]);

type Statistics = {
  /** The variance that normalises, from the biased one over n values. */
  readonly variance: (biased: Tensor, n: number) => Tensor;
  /** 1 / deviation in the forward pass. */
  readonly inverse: (variance: Tensor) => Tensor;
  /** 1 / deviation in the backward pass. */
  readonly inverseBackward: (variance: Tensor) => Tensor;
};

const unbiased = (variance: Tensor, n: number): Tensor => mul(variance, n / Math.max(1, n - 1));
const inside = (variance: Tensor): Tensor => div(1, sqrt(add(variance, 1e-5)));

const conventions: Readonly<Record<Convention, Statistics>> = {
  cudnn: { variance: (v) => v, inverse: inside, inverseBackward: inside },
  'darknet-cpu': {
    variance: unbiased,
    // Published weights hold variances a denormal below 0, which the original's build takes for 0.
    inverse: (v) => div(1, add(sqrt(maximum(v, 0)), 1e-6)),
    inverseBackward: inside,
  },
};

export type NormalisationParams = { readonly scales: Tensor; readonly biases: Tensor };
/** Rolling statistics, `[c]` each. */
export type NormalisationState = { readonly mean: Tensor; readonly variance: Tensor };

/** What a rolling statistic keeps of itself at each mini-batch. */
export const rolling = 0.99;

const meanAndVariance = (x: Tensor): { mean: Tensor; biased: Tensor } => {
  const c = x.shape[x.shape.length - 1];
  const both = moments(x);
  const row = (i: number) => reshape([c])(sliceAxis(0, i, i + 1)(both));
  return { mean: row(0), biased: row(1) };
};

const overChannels = (x: Tensor): Tensor => sum({ axes: x.shape.slice(0, -1).map((_, i) => i) })(x);

const vectors = (mean: Tensor, inverse: Tensor, { scales, biases }: NormalisationParams) => {
  const scale = mul(scales, inverse);
  return { scale, shift: sub(biases, mul(mean, scale)) };
};

const scaleAndShift = (x: Tensor, mean: Tensor, inverse: Tensor, params: NormalisationParams): Tensor => {
  const { scale, shift } = vectors(mean, inverse, params);
  return add(mul(x, scale), shift);
};

/** Normalisation with rolling statistics as `x * scale + shift`, `[c]` each: what can be folded into a convolution. */
export const inferenceScale = (
  convention: Convention,
  params: NormalisationParams,
  { mean, variance }: NormalisationState,
): { readonly scale: Tensor; readonly shift: Tensor } =>
  vectors(mean, conventions[convention].inverse(variance), params);

const byBatch = (convention: Convention) => {
  const { variance, inverse, inverseBackward } = conventions[convention];
  const statistics = (x: Tensor) => {
    const n = sizeOf(x.shape.slice(0, -1));
    const { mean, biased } = meanAndVariance(x);
    return { n, mean, spread: variance(biased, n) };
  };
  return customVjp(
    (x: Tensor, params: NormalisationParams) => {
      const { mean, spread } = statistics(x);
      return scaleAndShift(x, mean, inverse(spread), params);
    },
    (dy, [x, { scales }]) => {
      const { n, mean, spread } = statistics(x);
      const centred = sub(x, mean);
      const r = inverseBackward(spread);
      const dBias = overChannels(dy);
      const dCentred = overChannels(mul(dy, centred));
      const outer = mul(scales, r);
      const slope = mul(mul(outer, mul(r, r)), div(dCentred, -n));
      const dx = add(add(mul(dy, outer), mul(centred, slope)), mul(outer, div(dBias, -n)));
      return [dx, { scales: mul(dCentred, inverse(spread)), biases: dBias }];
    },
  );
};

const roll = (before: Tensor, now: Tensor): Tensor => add(mul(before, rolling), mul(now, 1 - rolling));

/**
 * x `[..., c]` to scales * (x - mean) / deviation + biases: in training with the statistics of this batch, which also enter
 * the rolling ones; otherwise with the rolling ones.
 */
export const normalise = (
  convention: Convention,
  params: NormalisationParams,
  state: NormalisationState,
  x: Tensor,
  mode: Mode,
): { y: Tensor; state: NormalisationState } => {
  if (!mode.training) {
    return { y: scaleAndShift(x, state.mean, conventions[convention].inverse(state.variance), params), state };
  }
  const { mean, biased } = meanAndVariance(stopGradient(x));
  const n = sizeOf(x.shape.slice(0, -1));
  return {
    y: byBatch(convention)(x, { scales: params.scales, biases: params.biases }),
    state: { mean: roll(state.mean, mean), variance: roll(state.variance, unbiased(biased, n)) },
  };
};

/** As Darknet starts: scales 1, biases 0, rolling statistics 0. */
export const normalisationStart = (c: number): { params: NormalisationParams; state: NormalisationState } => ({
  params: { scales: ones([c]), biases: zeros([c]) },
  state: { mean: zeros([c]), variance: zeros([c]) },
});

/** Batch normalisation as a layer of its own. */
export type BatchNormOptions = {
  /** Default `cudnn`. */
  readonly convention?: Convention;
};

const rules: check.OptionRules<BatchNormOptions> = { convention: check.oneOf(conventionNames) };

export const batchNorm = (options: BatchNormOptions = {}): Layer<NormalisationParams, NormalisationState> => {
  check.checkOptions('batchNorm', rules, options);
  const { convention = 'cudnn' } = options;
  return {
    init: (_, shape: Shape) => ({ ...normalisationStart(shape[shape.length - 1]), shape }),
    apply: (params, state, x, mode) => normalise(convention, params, state, x, mode),
  };
};
