/** `gdarknet evaluate`: one checkpoint, whole or a shard of it, into its run's map.txt. */

import { basename, dirname } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { type Value, whole as wholeNumber } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import type { Failure } from '../core/failure.ts';
import { cfgOptions } from '../inputs/cfg.ts';
import { deviceOptions, withDevice } from '../inputs/device.ts';
import { textOf } from '../inputs/files.ts';
import { type Checkpoint, checkpointOf } from '../watch/checkpoints.ts';
import { type Shard, whole } from '../watch/evaluate.ts';
import { metrics } from '../watch/scores.ts';
import { setOptions, setsOf } from '../watch/sets.ts';
import { evaluateShard, notACheckpoint, parseShard, type ShardOutcome } from '../watch/shards.ts';
import { classesOf } from './watch.ts';

const shardValue: Value<Shard> = { expected: 'a shard such as 2/8, the second of eight', parse: parseShard };

const named = (file: string): TE.TaskEither<Failure, Checkpoint> => {
  const [found] = checkpointOf(dirname(file), basename(file));
  return found ? TE.right(found) : TE.left(notACheckpoint(file));
};

const report = (
  { id }: Checkpoint,
  { done, scores }: ShardOutcome,
  shard: Shard,
  asJson: boolean,
  { print, tell }: Context,
): void => {
  if (done < shard.of) tell(`${done} of ${shard.of} shards are there; the task that brings the last one merges them`);
  const rows = scores.flatMap(({ set, scores: by }) =>
    metrics.map((metric) => {
      const { mean, perThreshold, coco } = by[metric];
      return { metric: `${set.prefix}${metric}`, mean, perThreshold, stats: coco.stats };
    }),
  );
  if (asJson) print(JSON.stringify({ id, shards: shard.of, done, scores: rows }));
  else for (const { metric, mean, perThreshold } of rows) print([metric, id, mean, ...perThreshold].join(','));
};

export const evaluateCommand = command({
  path: ['evaluate'],
  product: 'files',
  summary: "Score one checkpoint on both metrics into its run's map.txt; with --shard k/n a part of the images only.",
  details: [
    'Shards may run in any order, at once and on any machines that share the folder. Each leaves its part in evaluations/shards/; the one that finds all parts there merges them, to the bits of an evaluation in one go. A shard whose part is there already is not computed again.',
  ],
  examples: ['gdarknet evaluate voc.data yolov3-voc.cfg backup/run/yolov3-voc_10000.weights --shard 2/8'],
  positionals: {
    data: one('the .data file: valid, names'),
    cfg: one('the network'),
    weights: one('a checkpoint, <base>_<batch>.weights or <base>_final.weights, in the folder of its run'),
  },
  options: {
    shard: withDefault(shardValue, whole, { placeholder: 'k/n', doc: 'only every n-th image, from the k-th on [all]' }),
    ...setOptions,
    batch: withDefault(wholeNumber({ min: 1, max: 256 }), 4, { placeholder: 'n', doc: 'images computed together' }),
    ...cfgOptions,
    ...deviceOptions,
    json,
  },
  run: (values, context) =>
    pipe(
      TE.Do,
      TE.apS('checkpoint', named(values.weights)),
      TE.bind('cfg', () => textOf(values.cfg)),
      TE.bind('classes', ({ cfg }) =>
        classesOf(cfg, values.cfg, { ignore: values.ignore, strict: values.strict }, context),
      ),
      TE.bind('sets', ({ classes }) => setsOf(values, classes, context)),
      TE.flatMap(({ checkpoint, cfg, sets }) =>
        withDevice(values)((device) => {
          const network = { cfg, cfgFile: values.cfg, ignore: values.ignore, device, batch: values.batch };
          return pipe(
            evaluateShard(checkpoint, values.shard, sets, network, context),
            TE.map((outcome) => report(checkpoint, outcome, values.shard, values.json, context)),
          );
        }),
      ),
    ),
});
