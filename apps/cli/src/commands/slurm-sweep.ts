/** `gdarknet slurm sweep`: runs over losses, normalisers and seeds as a job array. */
import { resolve } from 'node:path';
import type { DataConfig } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, maybe, one } from '../arguments/command.ts';
import { needed, withDefault } from '../arguments/option.ts';
import { listOf, number, oneOf, text, whole } from '../arguments/value.ts';
import { besideData, dataOf, textOf } from '../inputs/files.ts';
import { writeSet } from '../outputs/write-set.ts';
import { jobOptions, splitWords, withOption, writeJob } from '../slurm/submit.ts';
import { planSweep } from '../slurm/sweep.ts';
import { train } from './train.ts';

/** Paths as they are seen from anywhere. */
const entriesOf = (data: DataConfig): Readonly<Record<string, string>> => {
  const paths = Object.entries({ train: data.train, valid: data.valid, names: data.names });
  return {
    ...(data.classes === undefined ? {} : { classes: String(data.classes) }),
    ...Object.fromEntries(
      paths.flatMap(([key, path]) => (path === undefined ? [] : [[key, resolve(besideData(data, path))]])),
    ),
    eval: data.eval,
  };
};

const list = (doc: string, placeholder: string) =>
  ({ placeholder, doc: `${doc}, with commas between [the cfg's]` }) as const;

export const slurmSweep = command({
  path: ['slurm', 'sweep'],
  product: 'files',
  summary:
    'Write (and with --submit submit) a job array that trains every combination of losses, normalisers and seeds.',
  details: [
    'Each combination gets its own cfg in <out>/cfg and its own run folder <out>/<combination>, such as giou-n0.5-s2. `slurm valid --sweep <out>` evaluates the checkpoints of all of them, `compare <out>/*` shows them side by side.',
  ],
  examples: [
    'gdarknet slurm sweep voc.data yolov3-voc.cfg darknet53.conv.74 --losses mse,iou,giou --seeds 1,2,3 --out sweeps/loss --gres gpu:1 --submit',
  ],
  positionals: {
    data: one('the .data file'),
    cfg: one('the network that all share'),
    weights: maybe('weights that all start from'),
  },
  options: {
    out: needed(text, { placeholder: 'dir', doc: 'folder of the sweep' }),
    losses: withDefault(
      listOf(oneOf('mse', 'iou', 'giou', 'diou', 'ciou')),
      [],
      list('iou_loss of every [yolo]', 'mse,giou'),
    ),
    iouNormalizers: withDefault(listOf(number({ min: 0 })), [], list('iou_normalizer', '0.25,0.5')),
    clsNormalizers: withDefault(listOf(number({ min: 0 })), [], list('cls_normalizer', '1,4')),
    seeds: withDefault(listOf(whole({ min: 0, max: 2 ** 32 - 1 })), [], {
      placeholder: '1,2,3',
      doc: 'seeds, with commas between; each gives every combination another run [0]',
    }),
    with: withOption,
    ...jobOptions,
  },
  run: (values, context) =>
    pipe(
      TE.Do,
      TE.bind('data', () => dataOf(values.data, context)),
      TE.bind('text', () => textOf(values.cfg)),
      TE.map(({ data, text }) => {
        const { losses, iouNormalizers, clsNormalizers, seeds } = values;
        return planSweep({
          out: resolve(values.out),
          data: entriesOf(data),
          cfg: { file: values.cfg, text },
          weights: values.weights && resolve(values.weights),
          grid: { losses, iouNormalizers, clsNormalizers, seeds },
          more: splitWords(values.with ?? ''),
        });
      }),
      TE.tap(({ outputs }) => writeSet(outputs)),
      TE.flatMap(({ tasks }) => writeJob(train, tasks, values.name ?? 'sweep', values, context)),
    ),
});
