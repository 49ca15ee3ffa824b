/**
 * Adam (Kingma and Ba, "Adam: a method for stochastic optimization", 2015), plain and as Darknet's GPU build has it
 * (SPEC 4.8).
 */
import { add, check, div, exp, mul, type Operand, scalar, sqrt, sub, type Tensor } from '@gdarknet/tensor';
import { mapTrees, type Path } from '../parameters.ts';
import {
  isWeight,
  type Optimiser,
  type ParameterRules,
  type ParameterTree,
  parameterRules,
  scaledRate,
  shareRule,
  zerosLike,
} from './optimiser.ts';

/** `step` is a scalar: updates made so far. `first` and `second` are moments, like the parameters. */
export type AdamState = { readonly step: Tensor; readonly first: ParameterTree; readonly second: ParameterTree };

type Variant = {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly rateFactor: (path: Path) => number;
  /** The gradient that enters the moments. */
  readonly entering: (path: Path, g: Tensor, p: Tensor) => Tensor;
  /** The direction of descent, from that of the moments. */
  readonly leaving: (path: Path, direction: Tensor, p: Tensor) => Tensor;
};

const optimiser = ({ beta1, beta2, epsilon, rateFactor, entering, leaving }: Variant): Optimiser<AdamState> => ({
  init: (params) => ({ step: scalar(0), first: zerosLike(params), second: zerosLike(params) }),
  update: <P extends ParameterTree>(gradients: P, state: AdamState, params: P, rate: Operand): [P, AdamState] => {
    const entered = mapTrees(entering, gradients, params);
    const first = mapTrees((_, m, g) => add(mul(m, beta1), mul(g, 1 - beta1)), state.first, entered);
    const second = mapTrees((_, v, g) => add(mul(v, beta2), mul(mul(g, g), 1 - beta2)), state.second, entered);
    const step = add(state.step, 1);
    // Both moments start at 0, and are divided by the share of the weights that past gradients have.
    const [share1, share2] = [beta1, beta2].map((beta) => sub(1, exp(mul(step, Math.log(beta)))));
    const move = (path: Path, p: Tensor, m: Tensor, v: Tensor): Tensor => {
      const factor = rateFactor(path);
      if (factor === 0) return p;
      const direction = div(div(m, share1), add(sqrt(div(v, share2)), epsilon));
      return sub(p, mul(leaving(path, direction, p), scaledRate(rate, factor)));
    };
    return [mapTrees(move, params, first, second), { step, first, second }];
  },
});

export type AdamOptions = ParameterRules & {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Decoupled from the moments (Loshchilov and Hutter, AdamW, 2019); default 0. */
  readonly decay?: number;
};

const rules: check.OptionRules<AdamOptions> = {
  ...parameterRules,
  beta1: shareRule,
  beta2: shareRule,
  epsilon: check.finite,
  decay: check.finite,
};

/** The textbook form. Gradients are what you mean them to be (usually of a mean over the batch). */
export const adam = (options: AdamOptions = {}): Optimiser<AdamState> => {
  check.checkOptions('adam', rules, options);
  const { decay = 0, decays = isWeight, ...others } = options;
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, rateFactor = () => 1 } = others;
  return optimiser({
    beta1,
    beta2,
    epsilon,
    rateFactor,
    entering: (_, g) => g,
    leaving: (path, direction, p) => (decay !== 0 && decays(path) ? add(direction, mul(p, decay)) : direction),
  });
};

export type DarknetAdamOptions = Omit<AdamOptions, 'decays'> & {
  /** Images in a batch: gradients are sums over them, and are not divided. */
  readonly batch: number;
};

const { decays: _, ...ownRules } = rules;
const darknetRules: check.OptionRules<DarknetAdamOptions> = { ...ownRules, batch: check.whole(1) };

/** As Darknet's GPU build: the decay enters the moments, multiplied by the batch, and takes every parameter. Epsilon 1e-7. */
export const darknetAdam = (options: DarknetAdamOptions): Optimiser<AdamState> => {
  check.checkOptions('darknetAdam', darknetRules, options, ['batch']);
  const { batch, decay = 1e-4, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, rateFactor = () => 1 } = options;
  return optimiser({
    beta1,
    beta2,
    epsilon,
    rateFactor,
    entering: (_, g, p) => add(g, mul(p, decay * batch)),
    leaving: (_, direction) => direction,
  });
};
