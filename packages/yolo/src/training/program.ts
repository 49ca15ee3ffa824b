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
import type { NetworkPlan } from '../darknet/plan.ts';
import type { Targets } from '../loss/assignment.ts';
import type { HeadConfig, LossOptions } from '../loss/head.ts';
import { yoloLoss } from '../loss/head-loss.ts';
import type { Network, NetworkParams, NetworkState } from '../network/network.ts';
import type { NetworkVariables } from '../network/variables.ts';
import type { Descent, GradientSum } from './descent.ts';
import { bucketsOf, pick } from './exchange.ts';
import type { Moving } from './moving.ts';

export type Recipe = {
  readonly device: Device;
  readonly plan: NetworkPlan;
  readonly network: Network;
  readonly descent: Descent;
  readonly loss: LossOptions;
  readonly freeze: number;
};

/** Small gradients of images would be nothing in 16 bits. Scales of powers of two lose no bits. */
const halfScale = 128;
const lossScaleFor = ({ loss_scale }: NetConfig, { precision }: Device): number =>
  precision === 'f16' && loss_scale === 1 ? halfScale : loss_scale;

/** Of an update: the rate, and what the moving average keeps of itself. */
export type Pace = { readonly rate: Tensor; readonly keep: Tensor };

const rollingStart = (state: NetworkState, freeze: number): NetworkState =>
  Object.fromEntries(
    Object.entries(state).map(([layer, own]) => [
      layer,
      Number(layer) < freeze ? own : mapTree<Variables>(own, (t) => zeros(t.shape)),
    ]),
  );

/** Averages of the tree's leaves, where there are any. */
const averaging = (before: Moving, now: NetworkVariables, keep: Tensor): Pick<Moving, 'average'> => {
  if (before.average === undefined) return {};
  const after = leavesOf<Tensor>(now);
  const { params, state } = before.average;
  const average = mapTree<NetworkVariables>({ params, state }, (mean, i) =>
    add(mul(mean, keep), mul(after[i], sub(1, keep))),
  );
  return { average };
};

export const compileProgram = (recipe: Recipe, heads: readonly HeadConfig[]) => {
  const { device, plan, network, descent, loss, freeze } = recipe;
  const lossScale = lossScaleFor(plan.net, device);

  /** Costs, gradients and rolling statistics of one part of a batch. */
  const differentiate = (params: NetworkParams, state: NetworkState, x: Tensor, targets: Targets, key: Tensor) => {
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
  /** Takes one part in: what the forward pass gives, and then the sums of the gradients, bucket by bucket. */
  const accumulate = jit(
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

  /** Takes the last part in and makes the update. */
  const update = jit(
    device,
    (before: Moving, soundBefore: Tensor, x: Tensor, targets: Targets, key: Tensor, { rate, keep }: Pace) => {
      const { state, gradients, statistics, total } = differentiate(before.params, before.state, x, targets, key);
      const [params, own] = inScope('update', () =>
        descent.update(gradients, before.descent, before.params as Variables, rate),
      );
      const now = { params: params as NetworkParams, state };
      const after = { ...now, descent: own, ...averaging(before, now, keep) };
      const sound = stillSound(soundBefore, total);
      return { moving: guarded<Moving>(sound, after, before), sound, statistics: statistics.map(defer) };
    },
    { donate: [0, 1] },
  );

  /**
   * The update of a team: from the sum of all members' gradients, and of what their parts add to the rolling statistics.
   * `fading` is what is left of those from before the batch.
   */
  const join = jit(
    device,
    (before: Moving, total: { gradients: Variables; state: NetworkState }, fading: Tensor, { rate, keep }: Pace) => {
      const [params, own] = descent.updateWith(total.gradients, before.descent, before.params as Variables, rate);
      const news = leavesOf<Tensor>(total.state);
      const isFrozen = Object.entries(before.state).flatMap(([layer, own]) =>
        leavesOf<Tensor>(own).map(() => Number(layer) < freeze),
      );
      const state = mapTree<NetworkState>(before.state, (t, i) => (isFrozen[i] ? t : add(mul(t, fading), news[i])));
      const now = { params: params as NetworkParams, state };
      return { ...now, descent: own, ...averaging(before, now, keep) } as Moving;
    },
    { donate: [0] },
  );

  return {
    heads,
    accumulate,
    update,
    join,
    close: (): void => {
      for (const compiled of [accumulate, update, join]) compiled.close();
    },
  };
};

export type Program = ReturnType<typeof compileProgram>;

/** Rolling statistics from which a member starts a batch: nothing, so that what its parts add can be summed. */
export const memberStart = rollingStart;
/** What is left of a rolling statistic after so many mini-batches. */
export const fadingOf = (parts: number): number => rolling ** parts;
