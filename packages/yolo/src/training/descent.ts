/** The optimiser that a cfg asks for, with the keys of SPEC 1.2 and 1.4 that concern updates. */
import { darknetAdam, type Schedule, sgd, type Variables } from '@gdarknet/nn';
import { add, clamp, mapTree, type Operand, type Tensor, zeros } from '@gdarknet/tensor';
import type { NetConfig } from '../darknet/config.ts';
import type { NetworkPlan } from '../darknet/plan.ts';

/** A tree of tensors that only its own optimiser looks into. */
export type DescentState = object;

/** Takes the gradients of a batch in parts; the last part comes with the update. */
export type Descent = {
  readonly init: (params: Variables) => DescentState;
  readonly accumulate: (gradients: Variables, state: DescentState) => DescentState;
  readonly update: (
    gradients: Variables,
    state: DescentState,
    params: Variables,
    rate: Operand,
  ) => readonly [params: Variables, state: DescentState];
};

type AdamParts = { readonly adam: never; readonly sum: Variables };

const zip = (f: (a: Tensor, b: Tensor) => Tensor, a: Variables, b: Variables): Variables => {
  const others: Tensor[] = [];
  mapTree(b, (t) => others.push(t));
  return mapTree<Variables>(a, (t, i) => f(t, others[i]));
};
const nothing = (like: Variables): Variables => mapTree<Variables>(like, (t) => zeros(t.shape));

/** `images` of a whole batch. */
export const descentOf = (plan: NetworkPlan, images: number): Descent => {
  const { net } = plan;
  const rateFactor = (path: readonly string[]): number => {
    const { config } = plan.layers[Number(path[0])];
    return config.learning_rate;
  };
  const limited = (params: Variables): Variables =>
    net.clip > 0
      ? Object.fromEntries(
          Object.entries(params).map(([layer, own]) => [layer, limitWeights(own as Variables, net.clip)]),
        )
      : params;

  if (net.adam) {
    const adam = darknetAdam({
      batch: images,
      beta1: net.B1,
      beta2: net.B2,
      epsilon: net.eps,
      decay: net.decay,
      rateFactor,
    });
    return {
      init: (params) => ({ adam: adam.init(params), sum: nothing(params) }),
      accumulate: (gradients, state) => {
        const { adam: moments, sum } = state as AdamParts;
        return { adam: moments, sum: zip(add, sum, gradients) };
      },
      update: (gradients, state, params, rate) => {
        const { adam: moments, sum } = state as AdamParts;
        const [next, after] = adam.update(zip(add, sum, gradients), moments, params, rate);
        return [limited(next), { adam: after, sum: nothing(params) }];
      },
    };
  }
  const descent = sgd({ batch: images, momentum: net.momentum, decay: net.decay, rateFactor });
  return {
    init: descent.init,
    accumulate: (gradients, state) => descent.accumulate(gradients, state as never),
    update: (gradients, state, params, rate) => {
      const [next, after] = descent.update(gradients, state as never, params, rate);
      return [limited(next), after];
    },
  };
};

const limitWeights = (params: Variables, limit: number): Variables => {
  if (!('weights' in params)) return params;
  return { ...params, weights: clamp(-limit, limit)(params.weights as Tensor) };
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
