/** `gdarknet slurm watch`: a job, or one for each run of a sweep, that evaluates checkpoints as they appear. */
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command } from '../arguments/command.ts';
import { duration } from '../arguments/duration.ts';
import { flag, withDefault } from '../arguments/option.ts';
import { whole } from '../arguments/value.ts';
import { namedRuns, runOptions } from '../slurm/runs.ts';
import { jobOptions, splitWords, withOption, writeJob } from '../slurm/submit.ts';
import { setOptions, setWords } from '../watch/sets.ts';
import { watchCommand } from './watch.ts';

export const slurmWatch = command({
  path: ['slurm', 'watch'],
  product: 'files',
  summary:
    'Write (and with --submit submit) a job that evaluates checkpoints as they appear, for one run or for each of a sweep.',
  details: ['Several such jobs on one run share the work. With --once a task ends when nothing is left to do.'],
  examples: ['gdarknet slurm watch --sweep sweeps/loss --gres gpu:1 --every 10m --submit'],
  positionals: {},
  options: {
    ...runOptions,
    once: flag('one pass over what is there, then end'),
    every: withDefault(duration, duration.parse('10m') ?? 0, { placeholder: '10m', doc: 'look again after this time' }),
    minId: withDefault(whole({ min: 0 }), 0, { placeholder: 'n', doc: 'leave out checkpoints of earlier batches' }),
    ...setOptions,
    with: withOption,
    ...jobOptions,
  },
  run: (values, context) =>
    pipe(
      namedRuns(values),
      TE.flatMap((runs) => {
        const rhythm = values.once ? ['--once'] : ['--every', duration.show(values.every)];
        const more = [
          '--min-id',
          String(values.minId),
          ...rhythm,
          ...setWords(values),
          ...splitWords(values.with ?? ''),
        ];
        const tasks = runs.map(({ data, cfg, run }) => ({
          run: undefined,
          words: ['watch', '--data', data, '--cfg', cfg, '--weights-folder', run, ...more],
        }));
        return writeJob(watchCommand, tasks, values.name ?? 'watch', values, context);
      }),
    ),
});
