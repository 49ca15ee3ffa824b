/** `gdarknet train`: train a network on the train= list (SPEC 5.7, 5.8, 3, 7.6). */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Command, command } from '../arguments/command.ts';
import { parseCommand, type Usage } from '../arguments/parse.ts';
import type { Context } from '../core/context.ts';
import { type Failure, refused } from '../core/failure.ts';
import { withCrew } from '../training/crew.ts';
import { filesOf } from '../training/files.ts';
import { runMember } from '../training/member.ts';
import { options, positionals, type TrainValues } from '../training/options.ts';
import { type Resumed, resumed } from '../training/resume.ts';
import { runLeader } from '../training/run.ts';

const parsed = (words: readonly string[]): E.Either<Usage, TrainValues> =>
  pipe(
    parseCommand(train, words),
    E.map((request) => ('values' in request ? request.values : {}) as TrainValues),
  );

const started = (values: TrainValues, from: Resumed | undefined, context: Context): TE.TaskEither<Failure, void> =>
  pipe(
    filesOf(values, from && { data: from.record.dataText, cfg: from.record.cfg.text }, context),
    TE.flatMap((files) =>
      withCrew(
        values,
        files,
        from?.kernels,
        context,
      )(({ crew, kernels }) => {
        const task = { values, files, kernels, resumed: from };
        return crew && crew.team.rank > 0
          ? runMember({ ...task, crew }, context)
          : runLeader({ ...task, crew }, context);
      }),
    ),
  );

export const train: Command = command({
  path: ['train'],
  aliases: [['detector', 'train']],
  product: 'files',
  summary: 'Train a network: weights, log.csv, events, state and charts go into <backup>/<prefix>/.',
  details: [
    'Weights are saved as the original does: <base>.backup every 100 batches, <base>_<n>.weights, <base>_final.weights, each whole or not at all. After an interruption of any kind --resume <folder> goes on from the last state as if there had been none; a .backup given as the weights goes on as in the original, without momentum.',
    'A picture that cannot be read, or has no label file, is skipped and listed. A loss that is not finite stops the run and names the batch. A full disk stops nothing: lines and weights wait until there is room. Nor does a reader of stdout or stderr that ends: what was lost is told at the end.',
    'Ctrl-C, SIGTERM and a closed terminal (SIGHUP; not under nohup) save and end, with status 130; a second one ends at once. SIGUSR1 and SIGUSR2, which clusters send before their limit, save and go on.',
  ],
  examples: [
    'gdarknet train voc.data yolov3-voc.cfg darknet53.conv.74 --assess 1000',
    'gdarknet train --resume backup/run',
    'gdarknet detector train voc.data yolov3-voc.cfg backup/run/yolov3-voc.backup -gpus 0',
  ],
  positionals,
  options,
  run: (values, context) =>
    values.resume === undefined
      ? started(values, undefined, context)
      : values.data !== ''
        ? TE.left(refused(`--resume ${values.resume}: found ${values.data} too`, 'with --resume give options only'))
        : pipe(
            resumed(values.resume, parsed, context),
            TE.flatMap((from) => started(from.values, from, context)),
          ),
});
