/** Darknet's learning-rate policies (SPEC 1.3), on the host and rounded to f32 where the original holds a float. */
import { check } from '@gdarknet/tensor';

export type Policy =
  | { readonly kind: 'constant' }
  /** Times `scale` every `step` batches. */
  | { readonly kind: 'step'; readonly step: number; readonly scale: number }
  /** Times `scales[i]` from batch `steps[i]` on; the list ends at the first step that lies ahead. */
  | { readonly kind: 'steps'; readonly steps: readonly number[]; readonly scales: readonly number[] }
  /** Times gamma^batch. */
  | { readonly kind: 'exp'; readonly gamma: number }
  /** Times (1 - batch / maxBatches)^power. */
  | { readonly kind: 'poly'; readonly maxBatches: number; readonly power: number }
  /** Divided by 1 + e^(gamma (batch - step)). */
  | { readonly kind: 'sigmoid'; readonly gamma: number; readonly step: number }
  /** Times u^power, u uniform in [0, 1) and new at every call. */
  | { readonly kind: 'random'; readonly power: number };

export type Schedule = {
  readonly learningRate: number;
  readonly policy: Policy;
  /** Batches of warm-up, in which the rate is learningRate (batch / burnIn)^burnInPower whatever the policy; default 0. */
  readonly burnIn?: number;
  /** Default 4. */
  readonly burnInPower?: number;
};

export type RateOptions = {
  /** For `random`; default Math.random. */
  readonly random?: () => number;
  /** The original subtracts without sign, so that before its step a sigmoid is 0 or the full rate (SPEC D-15). */
  readonly compat?: boolean;
};

const f32 = Math.fround;

/** The subtraction of the original: modulo 2^64, then a float. */
const unsigned = (difference: number): number => f32(difference < 0 ? 2 ** 64 + difference : difference);

type Rule<P> = (rate: number, batch: number, policy: P, options: RateOptions) => number;

const rules: { readonly [K in Policy['kind']]: Rule<Extract<Policy, { kind: K }>> } = {
  constant: (rate) => rate,
  step: (rate, b, { step, scale }) => rate * f32(scale) ** Math.floor(b / step),
  steps: (rate, b, { steps, scales }) => {
    const ahead = steps.findIndex((step) => step > b);
    return scales.slice(0, ahead < 0 ? steps.length : ahead).reduce((r, scale) => f32(r * f32(scale)), rate);
  },
  exp: (rate, b, { gamma }) => rate * f32(gamma) ** b,
  poly: (rate, b, { maxBatches, power }) => rate * f32(1 - f32(b / maxBatches)) ** f32(power),
  sigmoid: (rate, b, { gamma, step }, { compat }) => {
    const distance = compat ? unsigned(b - step) : b - step;
    return rate / (1 + Math.exp(f32(f32(gamma) * distance)));
  },
  random: (rate, _, { power }, { random = Math.random }) => rate * f32(random()) ** f32(power),
};

const optionRules: check.OptionRules<RateOptions> = { random: check.callable, compat: check.flag };
const kindRule = check.oneOf(Object.keys(rules));

/** The rate at a batch, counted from 1 at the first update of a fresh network. */
export const rateAt = (schedule: Schedule, batch: number, options: RateOptions = {}): number => {
  const { policy, burnIn = 0, burnInPower = 4 } = schedule;
  check.check('rateAt', 'the policy', kindRule, policy.kind);
  check.check('rateAt', 'batch', check.whole(), batch);
  check.checkOptions('rateAt', optionRules, options);
  const rate = f32(schedule.learningRate);
  if (batch < burnIn) return f32(rate * f32(batch / burnIn) ** f32(burnInPower));
  return f32((rules[policy.kind] as Rule<Policy>)(rate, batch, policy, options));
};
