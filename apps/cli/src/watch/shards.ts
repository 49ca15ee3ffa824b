/**
 * The evaluation of a checkpoint in shards, by as many tasks, in any order and on any machines that share the folder. Each
 * leaves its part; the task that finds all parts there merges them. The scores have the bits of an evaluation in one go.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readWhole, writeWhole } from '@gdarknet/data';
import { loadDetector } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import { type Failure, modelFailure, refused } from '../core/failure.ts';
import { failureOf, must } from '../core/stop.ts';
import { bytesOf } from '../inputs/files.ts';
import { exclusively } from '../locks/claim.ts';
import type { Checkpoint } from './checkpoints.ts';
import { evaluate, type Shard } from './evaluate.ts';
import { claimFolder, isRecorded, recordScores } from './record.ts';
import { type ByMetric, type Part, packPart, type Scores, unpackPart } from './scores.ts';
import type { Network, WatchedSet } from './watch.ts';

export type ShardOutcome = {
  /** Shards of each set that are there, this one included. */
  readonly done: number;
  /** Of the sets that were merged by this task; the others wait for other tasks, or were recorded before. */
  readonly scores: readonly { readonly set: WatchedSet; readonly scores: ByMetric<Scores> }[];
};

/** Parts of other weights, another list or another number of shards are never taken for these. */
const identityOf = (weights: Uint8Array, { kind, prefix, images }: WatchedSet, { of }: Shard): string => {
  const hash = createHash('sha256').update(weights).update(images.join('\n'));
  return `${hash.digest('hex')} ${kind} ${prefix} ${of}`;
};

const shardFolder = (folder: string): string => join(folder, 'evaluations', 'shards');

const shardFile = (folder: string, { id }: Checkpoint, { prefix }: WatchedSet, index: number, of: number): string =>
  join(shardFolder(folder), `${id}-${prefix}${index + 1}of${of}.part`);

const readParts = async (files: readonly string[], identity: string): Promise<readonly (Part | undefined)[]> => {
  const parts: (Part | undefined)[] = [];
  for (const file of files) {
    const bytes = existsSync(file) ? await readWhole(file)() : undefined;
    parts.push(bytes && E.isRight(bytes) ? unpackPart(bytes.right, identity)?.part : undefined);
  }
  return parts;
};

const run = async (
  checkpoint: Checkpoint,
  shard: Shard,
  sets: readonly WatchedSet[],
  { cfg, cfgFile, ignore, device, batch }: Network,
  context: Context,
): Promise<E.Either<Failure, ShardOutcome>> => {
  const folder = dirname(checkpoint.file);
  const bytes = await bytesOf(checkpoint.file)();
  if (E.isLeft(bytes)) return bytes;
  const loaded = await loadDetector({
    cfg,
    cfgFile,
    weights: bytes.right,
    weightsFile: checkpoint.file,
    device,
    ignore,
  });
  if (E.isLeft(loaded)) return E.left(modelFailure(loaded.left));
  const detector = loaded.right;
  const merged: { set: WatchedSet; scores: ByMetric<Scores> }[] = [];
  let done = shard.of;
  try {
    await mkdir(shardFolder(folder), { recursive: true });
    for (const set of sets) {
      const { truth, images } = set;
      const identity = identityOf(bytes.right, set, shard);
      const files = Array.from({ length: shard.of }, (_, i) => shardFile(folder, checkpoint, set, i, shard.of));
      const [mine] = await readParts([files[shard.index]], identity);
      if (mine === undefined) {
        const label = `${set.prefix}${checkpoint.id} shard ${shard.index + 1}/${shard.of}`;
        const part = await evaluate(detector, { truth, images, shard, batch, label }, context);
        if (part === undefined) return E.left({ tag: 'interrupted', what: 'this shard was not written' });
        await must(writeWhole(files[shard.index], packPart({ part, about: truth.about }, identity)));
      }
      await exclusively(claimFolder(folder), `${checkpoint.id}-${set.prefix}shards`, async () => {
        const parts = await readParts(files, identity);
        const there = parts.filter((part) => part !== undefined);
        done = Math.min(done, there.length);
        if (there.length < shard.of || (await isRecorded(folder, checkpoint, set))) return;
        const part = there.reduce(truth.merge);
        const scores = truth.scores(part);
        await recordScores(folder, checkpoint, set, { part, about: truth.about }, scores);
        merged.push({ set, scores });
      });
    }
  } finally {
    detector.close();
  }
  return E.right({ done, scores: merged });
};

export const evaluateShard =
  (
    checkpoint: Checkpoint,
    shard: Shard,
    sets: readonly WatchedSet[],
    network: Network,
    context: Context,
  ): TaskEither<Failure, ShardOutcome> =>
  async () => {
    try {
      return await run(checkpoint, shard, sets, network, context);
    } catch (error) {
      return E.left(failureOf(error));
    }
  };

/** `2/8`: the second of eight. */
export const parseShard = (given: string): Shard | undefined => {
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(given)?.map(Number) ?? [];
  return index >= 1 && index <= of ? { index: index - 1, of } : undefined;
};

export const notACheckpoint = (file: string): Failure =>
  refused(`${file}: the name has no _<batch>.weights or _final.weights`, 'rename it, or score it with valid and eval');
