/** The optimiser that a cfg asks for, with the keys of SPEC 1.2 and 1.4 that concern updates. */
import {
  clipByNorm,
  darknetAdam,
  type Optimiser,
  type ParameterTree,
  type Path,
  type Schedule,
  sgd,
  type Variables,
} from '@gdarknet/nn';
import { add, clamp, leavesOf, mapTree, type Operand, sub, type Tensor, zeros } from '@gdarknet/tensor';
import type { NetConfig } from '../darknet/config.ts';
import type { NetworkPlan } from '../darknet/plan.ts';

/**
 * The gradients of the batch so far as two floats each, `high + low`: so near to exact that the sum does not depend on who
 * added what in which order, and a team has the bits of one trainer.
 */
export type GradientSum = { readonly high: Variables; readonly low: Variables };

/** `own` belongs to the optimiser; `sum` is there where gradients are kept apart from it. */
export type DescentState = { readonly own: unknown; readonly sum?: GradientSum };

type Updated = readonly [params: Variables, state: DescentState];

/** Takes the gradients of a batch in parts; the last part comes with the update. */
export type Descent = {
  readonly init: (params: Variables) => DescentState;
  readonly accumulate: (gradients: Variables, sum: GradientSum) => GradientSum;
  readonly update: (gradients: Variables, state: DescentState, params: Variables, rate: Operand) => Updated;
  /** The state without what has been taken in. */
  readonly emptied: (state: DescentState) => DescentState;
  /** The update from the gradients of a whole batch, whatever has been taken in. */
  readonly updateWith: (total: Variables, state: DescentState, params: Variables, rate: Operand) => Updated;
};

export type DescentOptions = {
  /** Of a whole batch. */
  readonly images: number;
  /** Layers before this one do not change. */
  readonly freeze: number;
  /** Largest norm of the mean gradient of a batch; 0 is no limit. */
  readonly clipNorm: number;
  /** Sum the gradients of a batch before the optimiser sees them; otherwise a batch is a single part. */
  readonly apart: boolean;
};

const nothing = (like: Variables): GradientSum => {
  const none = () => mapTree<Variables>(like, (t) => zeros(t.shape));
  return { high: none(), low: none() };
};

/** Knuth's two-sum: the rounded sum, and what rounding lost added to `low`. */
const plus = (gradients: Variables, { high, low }: GradientSum): GradientSum => {
  const [highs, lows] = [leavesOf<Tensor>(high), leavesOf<Tensor>(low)];
  const sums = leavesOf<Tensor>(gradients).map((g, i) => {
    const before = highs[i];
    const total = add(before, g);
    const added = sub(total, before);
    const lost = add(sub(before, sub(total, added)), sub(g, added));
    return { total, lost: add(lows[i], lost) };
  });
  return {
    high: mapTree<Variables>(gradients, (_, i) => sums[i].total),
    low: mapTree<Variables>(gradients, (_, i) => sums[i].lost),
  };
};

/** The sums of some layers each, as one. */
export const joinSums = (sums: readonly GradientSum[]): GradientSum => ({
  high: Object.assign({}, ...sums.map(({ high }) => high)),
  low: Object.assign({}, ...sums.map(({ low }) => low)),
});

const rounded = ({ high, low }: GradientSum): Variables => {
  const lows = leavesOf<Tensor>(low);
  return mapTree<Variables>(high, (t, i) => add(t, lows[i]));
};

const limitWeights = (params: Variables, limit: number): Variables =>
  'weights' in params ? { ...params, weights: clamp(-limit, limit)(params.weights as Tensor) } : params;

const limited = (params: Variables, limit: number): Variables =>
  limit > 0
    ? Object.fromEntries(
        Object.entries(params).map(([layer, own]) => [layer, limitWeights(own as Variables, limit)] as const),
      )
    : params;

const clipped = (gradients: Variables, { clipNorm, images }: DescentOptions): Variables =>
  clipNorm > 0 ? clipByNorm(clipNorm * images)(gradients)[0] : gradients;

export const descentOf = (plan: NetworkPlan, options: DescentOptions): Descent => {
  const { net } = plan;
  const { images, freeze } = options;
  const rateFactor = ([layer]: Path): number =>
    Number(layer) < freeze ? 0 : plan.layers[Number(layer)].config.learning_rate;
  const common = { batch: images, decay: net.decay, rateFactor };
  const optimiser = (
    net.adam
      ? darknetAdam({ ...common, beta1: net.B1, beta2: net.B2, epsilon: net.eps })
      : sgd({ ...common, momentum: net.momentum })
  ) as Optimiser<unknown>;

  const updateWith: Descent['updateWith'] = (total, { own }, params, rate) => {
    const gradients = clipped(total, options);
    const [next, after] = optimiser.update<ParameterTree>(gradients, own, params, rate);
    const state = options.apart ? { own: after, sum: nothing(params) } : { own: after };
    return [limited(next as Variables, net.clip), state];
  };
  const summed = (gradients: Variables, { sum }: DescentState): GradientSum =>
    plus(gradients, sum ?? nothing(gradients));
  return {
    init: (params) => ({ own: optimiser.init(params), ...(options.apart && { sum: nothing(params) }) }),
    accumulate: plus,
    update: (gradients, state, params, rate) =>
      updateWith(options.apart ? rounded(summed(gradients, state)) : gradients, state, params, rate),
    emptied: ({ own, sum }) => ({ own, ...(sum && { sum: nothing(sum.high) }) }),
    updateWith,
  };
};

/** For `policy=random`: a number in [0, 1) that depends on the seed and the batch only, so that a resumed run draws the same. */
export const uniformAt = (seed: number, batch: number): number => {
  let x = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ batch) >>> 0;
  for (const factor of [0x85ebca6b, 0xc2b2ae35]) x = Math.imul(x ^ (x >>> 15), factor) >>> 0;
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
};

/** The learning-rate schedule of `[net]` (SPEC 1.3). */
export const scheduleOf = (net: NetConfig): Schedule => ({
  learningRate: net.learning_rate,
  burnIn: net.burn_in,
  burnInPower: net.power,
  policy: policies[net.policy](net),
});

const policies: { readonly [K in NetConfig['policy']]: (net: NetConfig) => Schedule['policy'] } = {
  constant: () => ({ kind: 'constant' }),
  step: ({ step, scale }) => ({ kind: 'step', step, scale }),
  steps: ({ steps, scales }) => ({ kind: 'steps', steps, scales }),
  exp: ({ gamma }) => ({ kind: 'exp', gamma }),
  poly: ({ max_batches, power }) => ({ kind: 'poly', maxBatches: max_batches, power }),
  sigmoid: ({ gamma, step }) => ({ kind: 'sigmoid', gamma, step }),
  random: ({ power }) => ({ kind: 'random', power }),
};
