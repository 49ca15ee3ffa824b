/** What stays the same over a run: the network's plan, the optimiser, the schedule, and who takes which part of a batch. */
import { rateAt, type Schedule } from '@gdarknet/nn';
import { type Device, scalar, type Tensor, tensor } from '@gdarknet/tensor';
import type { LayerConfig } from '../darknet/config.ts';
import type { NetworkPlan } from '../darknet/plan.ts';
import type { LossOptions } from '../loss/head.ts';
import { buildNetwork, type Network } from '../network/network.ts';
import type { TrainerOptions } from './contract.ts';
import { type Descent, descentOf, scheduleOf, uniformAt } from './descent.ts';
import { partsOf, type Range, type Team } from './team.ts';

export type Recipe = {
  readonly device: Device;
  readonly plan: NetworkPlan;
  readonly network: Network;
  /** The same network in so many parts, of which all but the last are computed again in the backward pass. */
  readonly networkInParts: (parts: number) => Network;
  readonly descent: Descent;
  readonly schedule: Schedule;
  readonly loss: LossOptions;
  /** Layers before this one stay as they are. */
  readonly freeze: number;
  readonly seed: number;
  readonly memory: number | undefined;
  readonly team: Team | undefined;
  /** Images of a batch. */
  readonly images: number;
  /** Images of a mini-batch. */
  readonly part: number;
  /** The mini-batches that this member takes. */
  readonly mine: Range;
  /** Whether gradients of several mini-batches are summed before an update. */
  readonly accumulates: boolean;
  readonly maxTruths: number;
  /** Whether a moving average of the weights is kept (`ema_alpha`). */
  readonly averaged: boolean;
};

export const recipeOf = (plan: NetworkPlan, options: TrainerOptions): Recipe => {
  const { device, seed = 0, gradient = 'darknet', convention = 'cudnn', team, memory } = options;
  const { freeze = 0, clipNorm = 0, rateFactor = 1, burnInFactor = 1, compat = {} } = options;
  const { net } = plan;
  const part = Math.floor(net.batch / net.subdivisions);
  const images = part * net.subdivisions;
  const accumulates = team !== undefined || net.subdivisions > 1;
  const written = scheduleOf(net);
  return {
    device,
    plan,
    freeze,
    seed,
    memory,
    team,
    images,
    part,
    accumulates,
    network: buildNetwork(plan, { convention, freeze }),
    networkInParts: (parts) => buildNetwork(plan, { convention, freeze, parts }),
    descent: descentOf(plan, { images, freeze, clipNorm, apart: accumulates }),
    schedule: {
      ...written,
      learningRate: written.learningRate * rateFactor,
      burnIn: Math.round((written.burnIn ?? 0) * burnInFactor),
    },
    loss: { gradient, compat },
    mine: partsOf(net.subdivisions, team?.rank ?? 0, team?.size ?? 1),
    maxTruths: plan.heads.reduce((most, h) => Math.max(most, (plan.layers[h].config as LayerConfig<'yolo'>).max), 0),
    averaged: net.ema_alpha > 0,
  };
};

/** Batches that are done, when so many images have been seen. */
export const batchesIn = ({ images }: Pick<Recipe, 'images'>, seen: number): number => Math.floor(seen / images);

/** The learning rate of an update; the first is 1. */
export const rateOf = ({ schedule, seed }: Pick<Recipe, 'schedule' | 'seed'>, batch: number): number =>
  rateAt(schedule, batch, { random: () => uniformAt(seed, batch) });

/** A young average follows the weights closely: it has nothing of its own to remember yet. */
const keepAt = (alpha: number, batch: number): number => Math.min(alpha, (1 + batch) / (10 + batch));

/** The scalars of an update: its learning rate, and the share of itself that the moving average keeps. */
export type UpdateScalars = { readonly rate: Tensor; readonly keep: Tensor };
export const updateScalars = (
  recipe: Pick<Recipe, 'schedule' | 'seed' | 'averaged' | 'plan'>,
  batch: number,
): UpdateScalars => ({
  rate: scalar(rateOf(recipe, batch)),
  keep: scalar(recipe.averaged ? keepAt(recipe.plan.net.ema_alpha, batch) : 0),
});

/** The random key of mini-batch `p` of the batch that follows `seen` images: the same for one trainer and for a team. */
export const keyOf = ({ seed, part }: Pick<Recipe, 'seed' | 'part'>, seen: number, p: number): Tensor =>
  tensor(Uint32Array.of(seed >>> 0, (seen + (p + 1) * part) >>> 0));
