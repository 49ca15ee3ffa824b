/** What a trainer is given and what it gives. */
import type { Device } from '@gdarknet/tensor';
import type * as E from 'fp-ts/lib/Either.js';
import type { FileNotice } from '../darknet/fault.ts';
import type { NetworkPlan } from '../darknet/plan.ts';
import type { GradientKind, HeadConfig, LossOptions } from '../loss/head.ts';
import type { HeadStatistics } from '../loss/statistics.ts';
import type { Snapshot } from './state.ts';
import type { Range, Team } from './team.ts';

export type TrainerOptions = {
  /** Text of the cfg, and its name for messages. */
  readonly cfg: string;
  readonly cfgFile?: string;
  /** Bytes of a `.weights` file to start from; without them the weights are drawn from the seed. */
  readonly weights?: Uint8Array;
  readonly weightsFile?: string;
  readonly partial?: boolean;
  /** Take weights that are NaN or infinite, with a notice; default: they are faults. */
  readonly allowUnsound?: boolean;
  /** Forget how many images the weights have seen. */
  readonly clear?: boolean;
  readonly device: Device;
  readonly seed?: number;
  /** Keys of the cfg to drop. */
  readonly ignore?: readonly string[];
  /** Refuse keys that change training and are not implemented. */
  readonly strict?: boolean;
  /** Default `darknet`. */
  readonly gradient?: GradientKind;
  readonly compat?: LossOptions['compat'];
  /** Whose batch normalisation; default `cudnn`. */
  readonly convention?: 'cudnn' | 'darknet-cpu';
  /** Layers before this one stay as they are; default 0. */
  readonly freeze?: number;
  /** Largest norm of the mean gradient of a batch; a larger one is scaled down to it. Default: no limit. */
  readonly clipNorm?: number;
  /** Multiplies the schedule's rate, and the length of its warm-up; default 1. */
  readonly rateFactor?: number;
  readonly burnInFactor?: number;
  /**
   * Bytes that a step may take of the device beside weights and momentum. Where it would take more, parts of the network are
   * computed again in the backward pass instead of kept, in as few parts as fit. Default: no limit.
   */
  readonly memory?: number;
  /** Members that share the parts of each batch. All are given the same options but the rank. */
  readonly team?: Team;
};

/**
 * Pictures `[n, height, width, 3]` RGB in 0 to 1, and their truths `[n, maxTruths, 5]`: x, y, w, h, class. `n` is the
 * batch, or a team member's own part of it.
 */
export type TrainingBatch = {
  readonly x: Float32Array;
  readonly truths: Float32Array;
  readonly counts: ArrayLike<number>;
  /** Default: those of the cfg. Multi-scale training gives others. */
  readonly width?: number;
  readonly height?: number;
};

export type StepReport = {
  /** Batches after this one, as the original counts. */
  readonly batch: number;
  /** Sum of the mini-batches' costs by the images of a batch; NaN or infinite: the weights were not changed. */
  readonly loss: number;
  /** That this update used. */
  readonly rate: number;
  /** For each mini-batch its cost, and the statistics of each head in layer order; a team's from all members. */
  readonly parts: readonly { readonly cost: number; readonly heads: readonly HeadStatistics[] }[];
  /** Truths without area or not finite, left out. */
  readonly dropped: number;
  /** Whether any member asked to stop after this update. */
  readonly stop: boolean;
};

export type Trainer = {
  readonly plan: NetworkPlan;
  readonly notices: readonly FileNotice[];
  readonly heads: readonly { readonly layer: number; readonly config: HeadConfig }[];
  /** Images of a whole batch. */
  readonly batch: number;
  readonly subdivisions: number;
  /** The images of a batch that `step` takes: all, or a team member's own. */
  readonly slice: Range;
  readonly width: number;
  readonly height: number;
  readonly maxTruths: number;
  /** Whether a moving average of the weights is kept (`ema_alpha`). */
  readonly averaged: boolean;
  readonly seen: () => number;
  /** The rate that an update will use; default the next. */
  readonly rateAt: (batch?: number) => number;
  /** Makes the plans for an input of this size and takes their memory, without training. */
  readonly prepare: (width: number, height: number) => Promise<void>;
  /** What a step takes of the device's memory beside weights and momentum, and in how many parts of the network. */
  readonly cost: (width: number, height: number) => { readonly bytes: number; readonly parts: number };
  /**
   * Enqueues an update, and gives its report when it is done. Where the device computes by itself (`ahead`) the next can be
   * begun before: after one whose loss is not finite nothing changes until its report has been asked for. The batch's
   * arrays have been read when this returns. `stop` asks the team to end after this update.
   */
  readonly begin: (batch: TrainingBatch, stop?: boolean) => Promise<() => Promise<StepReport>>;
  /** Whether it pays to begin an update before the report of the one before: not where this thread computes. */
  readonly ahead: boolean;
  /** Begins an update and waits for its report. */
  readonly step: (batch: TrainingBatch, stop?: boolean) => Promise<StepReport>;
  /** A `.weights` file: the weights themselves, or their moving average. */
  readonly weights: (which?: 'current' | 'average') => Promise<Uint8Array>;
  /** A copy of everything that the next update depends on. */
  readonly snapshot: () => Promise<Snapshot>;
  /** Goes on from a snapshot of a trainer with the same cfg and options; the left lists what does not fit. */
  readonly restore: (snapshot: Snapshot) => Promise<E.Either<readonly string[], void>>;
  /** Takes over everything from member 0. */
  readonly follow: (team: Team) => Promise<void>;
  /** Throws `DivergedMembers` on every member if one's weights are not the bits of member 0's. */
  readonly compare: (team: Team) => Promise<void>;
  /** The original's exchange between devices: weights, biases and scales become their means; the rest stays. */
  readonly average: (team: Team) => Promise<void>;
  /** Counts images that other members have seen. */
  readonly count: (images: number) => void;
  /** Gradients of the first parts of a batch and momentum, as the original's buffers (for tests and tools). */
  readonly momentum: () => Promise<unknown>;
  readonly close: () => void;
};
