/** The compiled functions of a training step, for one size of the network's input. */
import { rolling, type Variables, valueAndGrad } from '@gdarknet/nn';
import {
  add,
  type Deferred,
  type Device,
  defer,
  equal,
  inScope,
  jit,
  leavesOf,
  mapTree,
  mul,
  select,
  sub,
  type Tensor,
  zeros,
} from '@gdarknet/tensor';
import type { NetConfig } from '../darknet/config.ts';
import type { Targets } from '../loss/assignment.ts';
import type { HeadConfig } from '../loss/head.ts';
import { yoloLoss } from '../loss/head-loss.ts';
import type { Network, NetworkParams, NetworkState } from '../network/network.ts';
import type { NetworkVariables } from '../network/variables.ts';
import type { GradientSum } from './descent.ts';
import { bucketsOf, pick } from './exchange.ts';
import type { Recipe, UpdateScalars } from './recipe.ts';
import type { ModelState } from './state.ts';

/** Small gradients of images would be nothing in 16 bits. Scales of powers of two lose no bits. */
const halfScale = 128;
const lossScaleFor = ({ loss_scale }: NetConfig, { precision }: Device): number =>
  precision === 'f16' && loss_scale === 1 ? halfScale : loss_scale;

/** Rolling statistics from which a member starts a batch: nothing, so that what its parts add can be summed. */
export const memberStart = (state: NetworkState, freeze: number): NetworkState =>
  Object.fromEntries(
    Object.entries(state).map(([layer, own]) => [
      layer,
      Number(layer) < freeze ? own : mapTree<Variables>(own, (t) => zeros(t.shape)),
    ]),
  );

/** Averages of the tree's leaves, where there are any. */
const averaging = (before: ModelState, now: NetworkVariables, keep: Tensor): Pick<ModelState, 'average'> => {
  if (before.average === undefined) return {};
  const after = leavesOf<Tensor>(now);
  const { params, state } = before.average;
  const average = mapTree<NetworkVariables>({ params, state }, (mean, i) =>
    add(mul(mean, keep), mul(after[i], sub(1, keep))),
  );
  return { average };
};

/** 1 as long as all losses were finite: what has been enqueued after one that was not changes nothing either. */
const stillSound = (sound: Tensor, total: Tensor): Tensor => mul(sound, equal(sub(total, total), 0));

const guarded = <T>(sound: Tensor, after: T, before: T): T => {
  const old = leavesOf<Tensor>(before);
  return mapTree<T>(after, (t, i) => select(sound, t, old[i]));
};

type Rest = { readonly state: NetworkState; readonly sum: GradientSum };
type Forward = {
  readonly state: NetworkState;
  readonly sound: Tensor;
  readonly statistics: readonly Deferred[];
};

/** Of one mini-batch: the cost, the gradients, the rolling statistics and what each head counted. */
const differentiator = ({ device, plan, loss }: Recipe, network: Network, heads: readonly HeadConfig[]) => {
  const lossScale = lossScaleFor(plan.net, device);
  return (params: NetworkParams, state: NetworkState, x: Tensor, targets: Targets, key: Tensor) => {
    const objective = (p: NetworkParams) => {
      const applied = network.apply(p, state, x, { training: true, key });
      const losses = heads.map((head, i) =>
        inScope(`${plan.heads[i]} loss`, () => yoloLoss(head, applied.outputs[plan.heads[i]], targets, i, loss)),
      );
      const total = losses.map((l) => l.objective).reduce(add);
      const scaled = lossScale === 1 ? total : mul(total, lossScale);
      return [scaled, { state: applied.state, statistics: losses.map((l) => l.statistics), total }] as const;
    };
    const [[, extras], scaled] = valueAndGrad(objective)(params);
    const gradients = lossScale === 1 ? scaled : mapTree<typeof scaled>(scaled, (t) => mul(t, 1 / lossScale));
    return { ...extras, gradients: gradients as Variables };
  };
};
type Differentiate = ReturnType<typeof differentiator>;

/** Takes a mini-batch in: what the forward pass gives, and then the sums of the gradients, bucket by bucket. */
const accumulator = ({ device, descent }: Recipe, differentiate: Differentiate) =>
  jit(
    device,
    (
      params: NetworkParams,
      rest: Rest,
      before: Tensor,
      x: Tensor,
      targets: Targets,
      key: Tensor,
    ): [Forward, ...GradientSum[]] => {
      const { state, gradients, statistics, total } = differentiate(params, rest.state, x, targets, key);
      const sound = stillSound(before, total);
      const after = guarded(sound, { state, sum: descent.accumulate(gradients, rest.sum) }, rest);
      const { high, low } = after.sum;
      const sums = bucketsOf(params).map((layers) => ({ high: pick(high, layers), low: pick(low, layers) }));
      return [{ state: after.state, sound, statistics: statistics.map(defer) }, ...sums];
    },
    { donate: [1, 2], staged: true },
  );

/** Takes the last mini-batch in and makes the update. */
const updater = ({ device, descent }: Recipe, differentiate: Differentiate) =>
  jit(
    device,
    (before: ModelState, soundBefore: Tensor, x: Tensor, targets: Targets, key: Tensor, scalars: UpdateScalars) => {
      const { state, gradients, statistics, total } = differentiate(before.params, before.state, x, targets, key);
      const [params, own] = inScope('update', () =>
        descent.update(gradients, before.descent, before.params as Variables, scalars.rate),
      );
      const now = { params: params as NetworkParams, state };
      const after = { ...now, descent: own, ...averaging(before, now, scalars.keep) };
      const sound = stillSound(soundBefore, total);
      return { model: guarded<ModelState>(sound, after, before), sound, statistics: statistics.map(defer) };
    },
    { donate: [0, 1] },
  );

/**
 * The update of a team: from the sum of all members' gradients, and of what their parts add to the rolling statistics.
 * `fading` is what is left of those from before the batch.
 */
const joiner = ({ device, descent, freeze }: Recipe) =>
  jit(
    device,
    (
      before: ModelState,
      total: { gradients: Variables; state: NetworkState },
      fading: Tensor,
      { rate, keep }: UpdateScalars,
    ) => {
      const [params, own] = descent.updateWith(total.gradients, before.descent, before.params as Variables, rate);
      const news = leavesOf<Tensor>(total.state);
      const isFrozen = Object.entries(before.state).flatMap(([layer, own]) =>
        leavesOf<Tensor>(own).map(() => Number(layer) < freeze),
      );
      const state = mapTree<NetworkState>(before.state, (t, i) => (isFrozen[i] ? t : add(mul(t, fading), news[i])));
      const now = { params: params as NetworkParams, state };
      return { ...now, descent: own, ...averaging(before, now, keep) } as ModelState;
    },
    { donate: [0] },
  );

export const compileProgram = (recipe: Recipe, network: Network, heads: readonly HeadConfig[]) => {
  const differentiate = differentiator(recipe, network, heads);
  const accumulate = accumulator(recipe, differentiate);
  const update = updater(recipe, differentiate);
  const join = joiner(recipe);
  return {
    accumulate,
    update,
    join,
    close: (): void => {
      for (const compiled of [accumulate, update, join]) compiled.close();
    },
  };
};

export type Program = ReturnType<typeof compileProgram>;

/** What is left of a rolling statistic after so many mini-batches. */
export const fadingOf = (parts: number): number => rolling ** parts;
