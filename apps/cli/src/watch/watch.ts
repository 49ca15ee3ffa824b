/**
 * Evaluates checkpoints as they appear, the newest first, each once however many processes look at the folder: the
 * original's voc_all_map.py and coco_all_map.py (SPEC 9.1, 9.2), without its cron table and lock files.
 */
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Device } from '@gdarknet/tensor';
import { loadDetector } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import { type Failure, modelFailure, showFailure } from '../core/failure.ts';
import { failureOf } from '../core/stop.ts';
import { bytesOf } from '../inputs/files.ts';
import { claim } from '../locks/claim.ts';
import { type Checkpoint, checkpointsIn } from './checkpoints.ts';
import { evaluate, whole } from './evaluate.ts';
import { claimFolder, type EvaluationSet, isRecorded, recordScores } from './record.ts';
import { metrics } from './scores.ts';
import type { Truth } from './truth.ts';

export type WatchedSet = EvaluationSet & { readonly truth: Truth; readonly images: readonly string[] };

export type Network = {
  readonly cfg: string;
  readonly cfgFile: string;
  readonly ignore: readonly string[];
  readonly device: Device;
  readonly batch: number;
};

export type WatchOptions = {
  readonly folder: string;
  readonly minId: number;
  readonly sets: readonly WatchedSet[];
  readonly network: Network;
};

const shown = (id: Checkpoint['id']): string => (id === 'final' ? 'final weights' : `batch ${id}`);

/** All sets that lack it. False when interrupted. */
const evaluateCheckpoint = async (
  checkpoint: Checkpoint,
  sets: readonly WatchedSet[],
  { cfg, cfgFile, ignore, device, batch }: Network,
  context: Context,
): Promise<E.Either<Failure, boolean>> => {
  const weights = await bytesOf(checkpoint.file)();
  if (E.isLeft(weights)) return weights;
  const weightsFile = checkpoint.file;
  const loaded = await loadDetector({ cfg, cfgFile, weights: weights.right, weightsFile, device, ignore });
  if (E.isLeft(loaded)) return E.left(modelFailure(loaded.left));
  const detector = loaded.right;
  try {
    for (const set of sets) {
      const { truth, images } = set;
      const label = `${set.prefix}${shown(checkpoint.id)}`;
      const part = await evaluate(detector, { truth, images, shard: whole, batch, label }, context);
      if (part === undefined) return E.right(false);
      const scores = truth.scores(part);
      await recordScores(dirname(checkpoint.file), checkpoint, set, { part, about: truth.about }, scores);
      const figures = metrics.map((metric) => {
        const { mean, perThreshold } = scores[metric];
        return `${set.prefix}${metric} mean ${mean.toFixed(4)} .50 ${perThreshold[0].toFixed(4)} .75 ${perThreshold[5].toFixed(4)}`;
      });
      context.print(`${shown(checkpoint.id)}: ${figures.join(', ')}`);
    }
  } finally {
    detector.close();
  }
  return E.right(true);
};

export type Pass = {
  /** Checkpoints that are there, whoever has evaluated them. */
  readonly found: number;
  /** Checkpoints evaluated by this process. */
  readonly evaluated: number;
  /** Those that could not be, and why; a file that is still being written is one. */
  readonly failed: ReadonlyMap<string, Failure>;
  /** Those that another process has in hand. */
  readonly elsewhere: number;
};

const lacking = async (folder: string, checkpoint: Checkpoint, sets: readonly WatchedSet[]) => {
  const recorded = await Promise.all(sets.map((set) => isRecorded(folder, checkpoint, set)));
  return sets.filter((_, i) => !recorded[i]);
};

/** Until nothing is left that this process could do; looks for newer checkpoints after each. */
const pass = async (
  { folder, minId, sets, network }: WatchOptions,
  context: Context,
): Promise<E.Either<Failure, Pass>> => {
  const failed = new Map<string, Failure>();
  let [found, evaluated] = [0, 0];
  const next = async (): Promise<E.Either<Failure, 'worked' | number>> => {
    const checkpoints = await checkpointsIn(folder, minId)();
    if (E.isLeft(checkpoints)) return checkpoints;
    found = checkpoints.right.length;
    let elsewhere = 0;
    for (const checkpoint of checkpoints.right) {
      if (context.signal.aborted) break;
      if (failed.has(checkpoint.file) || (await lacking(folder, checkpoint, sets)).length === 0) continue;
      const held = await claim(claimFolder(folder), `${checkpoint.id}`);
      if (held === undefined) {
        elsewhere++;
        continue;
      }
      try {
        // Another may have done it between the look and the claim.
        const missing = await lacking(folder, checkpoint, sets);
        if (missing.length === 0) continue;
        const outcome = await evaluateCheckpoint(checkpoint, missing, network, context);
        if (E.isRight(outcome)) evaluated += Number(outcome.right);
        else {
          failed.set(checkpoint.file, outcome.left);
          for (const line of showFailure(outcome.left)) context.tell(`not evaluated: ${line}`);
        }
        return E.right('worked');
      } finally {
        await held.release();
      }
    }
    return E.right(elsewhere);
  };
  for (;;) {
    const step = await next();
    if (E.isLeft(step)) return step;
    if (step.right !== 'worked') return E.right({ found, evaluated, failed, elsewhere: step.right });
    if (context.signal.aborted) return E.right({ found, evaluated, failed, elsewhere: 0 });
  }
};

const pause = (ms: number, signal: AbortSignal): Promise<unknown> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

/** With `everyMs` until interrupted, without it one pass. */
export const watch =
  (options: WatchOptions, everyMs: number | undefined, context: Context): TaskEither<Failure, Pass> =>
  async () => {
    try {
      for (;;) {
        const done = await pass(options, context);
        if (E.isLeft(done)) return done;
        if (context.signal.aborted) {
          return E.left({ tag: 'interrupted', what: 'what was evaluated is recorded; start again to go on' });
        }
        if (everyMs === undefined) return done;
        await pause(everyMs, context.signal);
        if (context.signal.aborted) return done;
      }
    } catch (error) {
      return E.left(failureOf(error));
    }
  };
