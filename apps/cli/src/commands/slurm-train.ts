/** `gdarknet slurm train`: one run as a job that goes on where it was when it is queued again. */
import { join } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, maybe, one } from '../arguments/command.ts';
import { optional } from '../arguments/option.ts';
import { text } from '../arguments/value.ts';
import { dataOf } from '../inputs/files.ts';
import { ranksOption } from '../slurm/resources.ts';
import { jobOptions, splitWords, withOption, writeJob } from '../slurm/submit.ts';
import { baseOf } from '../training/run-folder.ts';
import { train } from './train.ts';

export const slurmTrain = command({
  path: ['slurm', 'train'],
  product: 'files',
  summary: 'Write (and with --submit submit) a batch script that trains one run.',
  details: [
    'Before its time is up, and when it is moved away, the job saves its state and is queued again; it then goes on from there to the bit.',
  ],
  examples: [
    'gdarknet slurm train voc.data yolov3-voc.cfg darknet53.conv.74 --prefix run --gres gpu:1 --time 2-00:00:00 --submit',
    'gdarknet slurm train voc.data yolov3-voc.cfg --nodes 4 --ranks 4 --cpus 16 --submit',
    'gdarknet slurm train voc.data yolov3-voc.cfg --cpus 8 --with "--assess 1000 --seed 3"',
  ],
  positionals: {
    data: one('the .data file'),
    cfg: one('the network'),
    weights: maybe('weights to start from'),
  },
  options: {
    prefix: optional(text, { placeholder: 'name', doc: "the run's folder in backup= [prefix= of the .data file]" }),
    with: withOption,
    ranks: ranksOption,
    ...jobOptions,
  },
  run: (values, context) =>
    pipe(
      dataOf(values.data, context),
      TE.flatMap((data) => {
        const prefix = values.prefix ?? data.prefix;
        const run = join(data.backup ?? 'backup', prefix);
        const words = [
          'train',
          values.data,
          values.cfg,
          ...(values.weights ? [values.weights] : []),
          ...(values.prefix ? ['--prefix', values.prefix] : []),
          ...splitWords(values.with ?? ''),
        ];
        return writeJob(train, [{ run, words }], values.name ?? (prefix || baseOf(values.cfg)), values, context);
      }),
    ),
});
