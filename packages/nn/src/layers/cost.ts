/** Darknet's [cost] (SPEC 4.7) and the loss of [softmax]: sums over all elements, with its hand-made derivatives. */
import { abs, check, equal, less, log, maximum, mul, neg, select, sub, sum, type Tensor } from '@gdarknet/tensor';
import { customVjp } from '../autodiff/custom.ts';

type Rule = {
  /** Error of each element, from the difference target - prediction. */
  readonly error: (difference: Tensor) => Tensor;
  /** What is added to the delta of the prediction: the direction in which the error falls. */
  readonly delta: (difference: Tensor) => Tensor;
};

const sign = (d: Tensor): Tensor => sub(less(0, d), less(d, 0));

const rules = {
  /** (t - p)^2; the delta is t - p, half its true gradient. */
  sse: { error: (d) => mul(d, d), delta: (d) => d },
  /** |t - p|. */
  l1: { error: abs, delta: sign },
  /** (t - p)^2 within 1, 2 |t - p| - 1 beyond. The original's delta points the wrong way beyond 1; this one does not. */
  smooth: {
    error: (d) => select(less(abs(d), 1), mul(d, d), sub(mul(abs(d), 2), 1)),
    delta: (d) => select(less(abs(d), 1), d, sign(d)),
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type CostKind = keyof typeof rules;
export const isCostKind = (name: string): name is CostKind => Object.hasOwn(rules, name);

/** A target with this value takes no part. */
export const ignored = -1234;

export type CostOptions = {
  /** Multiplies the derivative, not the value; default 1. */
  readonly scale?: number;
  /** Elements whose target is `ignored` cost nothing; default false. */
  readonly masked?: boolean;
};

const optionRules: check.OptionRules<CostOptions> = { scale: check.number, masked: check.flag };
const kindRule = check.oneOf(Object.keys(rules));

/** The scalar cost of a prediction; the target, of the same shape, has no derivative. */
export const cost = (kind: CostKind, options: CostOptions = {}) => {
  check.check('cost', 'the kind', kindRule, kind);
  check.checkOptions('cost', optionRules, options);
  const { scale = 1, masked = false } = options;
  const { error, delta }: Rule = rules[kind];
  const difference = (prediction: Tensor, target: Tensor): Tensor => {
    const d = sub(target, prediction);
    return masked ? select(equal(target, ignored), 0, d) : d;
  };
  return customVjp(
    (prediction: Tensor, target: Tensor) => sum()(error(difference(prediction, target))),
    (dy, [prediction, target]) => [mul(mul(delta(difference(prediction, target)), dy), -scale), undefined],
  );
};

/**
 * -log p summed over the elements whose target is not 0, for the probabilities p that softmax made of the logits. The
 * derivative by the logits is p - target.
 */
export const softmaxCost = customVjp(
  (_logits: Tensor, probabilities: Tensor, target: Tensor) =>
    sum()(select(equal(target, 0), 0, neg(log(maximum(probabilities, 1e-30))))),
  (dy, [, probabilities, target]) => [mul(sub(probabilities, target), dy), undefined, undefined],
);
