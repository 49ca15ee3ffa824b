/** What an optimiser is: pure functions between trees of tensors, made for `jit` with parameters and state donated. */
import { check, mul, type Operand, zeros } from '@gdarknet/tensor';
import type { Variables } from '../layers/layer.ts';
import { mapTrees, type Path } from '../parameters.ts';

/** Parameters of one layer, or of a list of layers. */
export type ParameterTree = Variables | readonly Variables[];

export type Optimiser<S> = {
  init(params: ParameterTree): S;
  /** Gradients are a tree like the parameters; the rate is a number or a scalar tensor (one plan then serves every rate). */
  update<P extends ParameterTree>(gradients: P, state: S, params: P, rate: Operand): [params: P, state: S];
};

/** What differs between the parameters of one network. */
export type ParameterRules = {
  /** Which parameters decay; default: those named `weights`, so neither biases nor scales. */
  readonly decays?: (path: Path) => boolean;
  /** Multiplies the rate of a parameter (Darknet's `learning_rate` of a layer); default 1. With 0 it stays as it is. */
  readonly rateFactor?: (path: Path) => number;
};

export const parameterRules: check.OptionRules<ParameterRules> = {
  decays: check.callable,
  rateFactor: check.callable,
};
/** A share of what was: below 1, or it never fades. */
export const shareRule: check.Rule = {
  expected: 'a number in [0, 1)',
  holds: (x) => typeof x === 'number' && x >= 0 && x < 1,
};

export const isWeight = (path: Path): boolean => path.at(-1) === 'weights';

export const zerosLike = (params: ParameterTree): ParameterTree =>
  mapTrees<ParameterTree>((_, p) => zeros(p.shape), params);

/** The rate of one parameter. */
export const scaledRate = (rate: Operand, factor: number): Operand =>
  typeof rate === 'number' ? rate * factor : factor === 1 ? rate : mul(rate, factor);
