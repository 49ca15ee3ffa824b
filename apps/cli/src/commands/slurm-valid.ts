/** `gdarknet slurm valid`: every checkpoint of one run or of a sweep, in shards, as a job array. */
import { resolve } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import * as A from 'fp-ts/lib/ReadonlyArray.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command } from '../arguments/command.ts';
import { withDefault } from '../arguments/option.ts';
import { whole } from '../arguments/value.ts';
import { type Failure, refused } from '../core/failure.ts';
import { type NamedRun, namedRuns, runOptions } from '../slurm/runs.ts';
import type { Task } from '../slurm/script.ts';
import { jobOptions, splitWords, withOption, writeJob } from '../slurm/submit.ts';
import { checkpointsIn } from '../watch/checkpoints.ts';
import { setOptions, setWords } from '../watch/sets.ts';
import { evaluateCommand } from './evaluate.ts';

type Words = { readonly shards: number; readonly minId: number; readonly more: readonly string[] };

/** The newest checkpoints first. */
const tasksOf = (
  { data, cfg, run }: NamedRun,
  { shards, minId, more }: Words,
): TE.TaskEither<Failure, readonly Task[]> =>
  pipe(
    checkpointsIn(run, minId),
    TE.map((checkpoints) =>
      checkpoints.flatMap(({ file }) =>
        Array.from({ length: shards }, (_, i) => ({
          run: undefined,
          words: ['evaluate', data, cfg, resolve(file), '--shard', `${i + 1}/${shards}`, ...more],
        })),
      ),
    ),
  );

export const slurmValid = command({
  path: ['slurm', 'valid'],
  product: 'files',
  summary: 'Write (and with --submit submit) a job array that evaluates all checkpoints, each in --shards tasks.',
  details: [
    'The parts of a checkpoint are merged by the task that brings the last one, to the bits of an evaluation in one go; rows go into the map.txt of its run. Takes the checkpoints that are there now; `slurm watch` goes on with those to come.',
  ],
  examples: [
    'gdarknet slurm valid --sweep sweeps/loss --shards 4 --voc-dir VOCdevkit --submit',
    'gdarknet slurm valid --data coco.data --cfg yolov3.cfg --weights-folder backup/run --gt instances_minival2014.json',
  ],
  positionals: {},
  options: {
    ...runOptions,
    shards: withDefault(whole({ min: 1 }), 1, { placeholder: 'n', doc: 'tasks a checkpoint' }),
    minId: withDefault(whole({ min: 0 }), 0, { placeholder: 'n', doc: 'leave out checkpoints of earlier batches' }),
    ...setOptions,
    with: withOption,
    ...jobOptions,
  },
  run: (values, context) =>
    pipe(
      namedRuns(values),
      TE.flatMap((runs) => {
        const more = [...setWords(values), ...splitWords(values.with ?? '')];
        const words = { shards: values.shards, minId: values.minId, more };
        return A.traverse(TE.ApplicativeSeq)((run: NamedRun) => tasksOf(run, words))(runs);
      }),
      TE.map((lists) => lists.flat()),
      TE.filterOrElse(
        (tasks) => tasks.length > 0,
        (): Failure => refused('there are no checkpoints yet', 'wait for the first, or use `slurm watch`'),
      ),
      TE.flatMap((tasks) => writeJob(evaluateCommand, tasks, values.name ?? 'valid', values, context)),
    ),
});
