export { type ArgumentCotangents, checkpoint, customVjp, stopGradient } from './autodiff/custom.ts';
export { type Gradients, type GradOptions, grad, type Objective, valueAndGrad } from './autodiff/grad.ts';
export { type Vjp, vjp } from './autodiff/vjp.ts';
export { type Activation, activate, activations, isActivation } from './layers/activation.ts';
export { type ConnectedOptions, connected } from './layers/connected.ts';
export {
  type ConvolutionOptions,
  type ConvolutionParams,
  type ConvolutionState,
  convolution,
} from './layers/convolution.ts';
export { type CostKind, type CostOptions, cost, ignored, isCostKind, softmaxCost } from './layers/cost.ts';
export { type DropoutOptions, dropout } from './layers/dropout.ts';
export { heNormal, scaledUniform } from './layers/initialiser.ts';
export { addShortcut, route, type ShortcutOptions, shortcut } from './layers/junction.ts';
export {
  type Applied,
  type Empty,
  empty,
  type Initialised,
  inference,
  type Layer,
  type Mode,
  type ShapesOf,
  stateless,
  type Variables,
} from './layers/layer.ts';
export {
  batchNorm,
  type Convention,
  inferenceScale,
  type NormalisationParams,
  type NormalisationState,
  normalise,
  rolling,
} from './layers/normalisation.ts';
export { avgPool, type MaxPoolOptions, maxPool } from './layers/pooling.ts';
export { sequential } from './layers/sequential.ts';
export { type SoftmaxOptions, softmax } from './layers/softmax.ts';
export { type UpsampleOptions, upsample } from './layers/upsample.ts';
export { type AdamOptions, type AdamState, adam, type DarknetAdamOptions, darknetAdam } from './optimisers/adam.ts';
export { type Average, clipByNorm, exponentialAverage, globalNorm } from './optimisers/average.ts';
export type { Optimiser, ParameterRules, ParameterTree } from './optimisers/optimiser.ts';
export { type Sgd, type SgdOptions, type SgdState, sgd } from './optimisers/sgd.ts';
export { mapTrees, type Path } from './parameters.ts';
export { type Policy, type RateOptions, rateAt, type Schedule } from './schedules/rate.ts';
