/** `gdarknet watch`: evaluate a run's checkpoints as they appear. */

import type { LayerConfig } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command } from '../arguments/command.ts';
import { duration } from '../arguments/duration.ts';
import { flag, needed, optional, withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { text, whole } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { type Failure, refused } from '../core/failure.ts';
import { type CfgRules, cfgFrom, cfgOptions } from '../inputs/cfg.ts';
import { deviceOptions, withDevice } from '../inputs/device.ts';
import { dataOf, textOf } from '../inputs/files.ts';
import { folderOf, setOptions, setsOf } from '../watch/sets.ts';
import { type Pass, watch } from '../watch/watch.ts';

/** Classes of the network, which the names must agree with. */
export const classesOf = (
  cfg: string,
  cfgFile: string,
  rules: CfgRules,
  context: Context,
): TE.TaskEither<Failure, number> =>
  pipe(
    TE.fromEither(cfgFrom({ file: cfgFile, text: cfg }, rules, context)),
    TE.flatMap(({ plan: { heads, layers } }) =>
      heads.length === 0
        ? TE.left(refused(`${cfgFile}: has no [yolo] layer`, 'give the cfg of a detector'))
        : TE.right((layers[heads[0]].config as LayerConfig<'yolo'>).classes),
    ),
  );

const report = (
  { found, evaluated, failed, elsewhere }: Pass,
  asJson: boolean,
  { print, tell }: Context,
): TE.TaskEither<Failure, void> => {
  if (elsewhere > 0) tell(`${elsewhere} checkpoints are in the hands of other processes`);
  if (found === 0) tell('nothing to evaluate: no <base>_<batch>.weights or <base>_final.weights is there');
  else if (evaluated + failed.size + elsewhere === 0) tell(`nothing new: all ${found} checkpoints are evaluated`);
  if (asJson) print(JSON.stringify({ evaluated, failed: [...failed.keys()], elsewhere }));
  return failed.size === 0
    ? TE.right(undefined)
    : TE.left({ tag: 'incomplete', what: `${failed.size} checkpoints could not be evaluated; they are listed above` });
};

export const watchCommand = command({
  path: ['watch'],
  product: 'files',
  summary: 'Evaluate the checkpoints of a run as they appear, the newest first, on both metrics: map.txt, events.',
  details: [
    'Each checkpoint is evaluated once, however many of these commands share the folder, on one machine or on several: a checkpoint in work is claimed by a file in .watch/, and the claim of a process that died is taken over. Killed at any time, it goes on where it was when started again.',
    "The truth is COCO's with --gt (and --gt2017 for the val2017 list), VOC's with --voc-dir, otherwise the label files beside the images by COCO's rules. Takes the arguments of the original's voc_all_map.py and coco_all_map.py.",
    'Leaves in the folder: rows in map.txt, <id>-<metric>.txt, events, and evaluations/<id>-both.part for `compare`. Weights written anew after their evaluation are evaluated again.',
  ],
  examples: [
    'gdarknet watch --data voc.data --cfg yolov3-voc.cfg --weights-folder backup/run --voc-dir VOCdevkit --every 10m',
    'gdarknet watch --data coco.data --cfg yolov3.cfg --weights-folder backup/run --gt instances_minival2014.json --gt2017 instances_val2017.json --once',
  ],
  positionals: {},
  options: {
    data: needed(text, {
      placeholder: 'x.data',
      doc: 'valid, names; backup and prefix',
      spellings: ['--data_file', '--data-file'],
    }),
    cfg: needed(text, { placeholder: 'x.cfg', doc: 'the network', spellings: ['--cfg_file', '--cfg-file'] }),
    weightsFolder: optional(text, { placeholder: 'dir', doc: 'the run [backup= and prefix= of the .data file]' }),
    minId: withDefault(whole({ min: 0 }), 0, {
      placeholder: 'n',
      doc: 'leave out checkpoints of earlier batches',
      spellings: ['--min_weight_id', '--min-weight-id'],
    }),
    once: flag('one pass over what is there, then end'),
    every: withDefault(duration, duration.parse('10m') ?? 0, { placeholder: '10m', doc: 'look again after this time' }),
    ...setOptions,
    batch: withDefault(whole({ min: 1, max: 256 }), 4, { placeholder: 'n', doc: 'images computed together' }),
    ...cfgOptions,
    ...deviceOptions,
    json,
    libFolder: optional(text, { placeholder: 'dir', doc: "accepted from the original's command line" }),
    gpuId: optional(text, { placeholder: 'n', doc: "accepted from the original's command line" }),
  },
  run: (values, context) =>
    pipe(
      TE.Do,
      TE.bind('cfg', () => textOf(values.cfg)),
      TE.bind('classes', ({ cfg }) =>
        classesOf(cfg, values.cfg, { ignore: values.ignore, strict: values.strict }, context),
      ),
      TE.bind('data', () => dataOf(values.data, context)),
      TE.bind('sets', ({ classes }) => setsOf(values, classes, context)),
      TE.flatMap(({ cfg, data, sets }) =>
        withDevice(values)((device) => {
          const folder = values.weightsFolder ?? folderOf(data);
          const network = { cfg, cfgFile: values.cfg, ignore: values.ignore, device, batch: values.batch };
          // With --json nothing but the document goes to stdout.
          const told = values.json ? { ...context, print: context.tell } : context;
          return watch({ folder, minId: values.minId, sets, network }, values.once ? undefined : values.every, told);
        }),
      ),
      TE.flatMap((pass) => report(pass, values.json, context)),
    ),
});
