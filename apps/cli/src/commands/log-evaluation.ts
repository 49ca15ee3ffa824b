/** `gdarknet log evaluation`: put an evaluation into a run's folder, for the board and reports. */
import { join } from 'node:path';
import { evaluationOf, isRunFolder } from '@gdarknet/board';
import { writeWhole } from '@gdarknet/data';
import { readCocoInstances, readCocoResults } from '@gdarknet/metrics/io';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { needed, withDefault } from '../arguments/option.ts';
import { oneOf, text } from '../arguments/value.ts';
import { dataFailure, type Failure, formatFailure, refused } from '../core/failure.ts';

export const logEvaluation = command({
  path: ['log', 'evaluation'],
  product: 'both',
  summary: 'Add precision over recall and the confusion matrix of a detector to a run, for the board and reports.',
  examples: ['gdarknet log evaluation backup/run --gt instances_valid.json --dt results/coco_results.json'],
  positionals: { run: one("the run's folder; evaluation.json is written there") },
  options: {
    gt: needed(text, { placeholder: 'instances.json', doc: 'the ground truth' }),
    dt: needed(text, { placeholder: 'results.json', doc: 'the detections, as valid writes them' }),
    metric: withDefault(oneOf('iou', 'giou'), 'iou', { placeholder: 'iou|giou', doc: 'of the curves' }),
    title: withDefault(text, 'validation', { placeholder: 'text', doc: 'shown above them' }),
  },
  run: ({ run, gt, dt, metric, title }, { print }) => {
    if (!isRunFolder(run)) {
      return TE.left(refused(`${run}: holds neither events.ndjson, log.csv nor run.json`, 'name the folder of a run'));
    }
    const out = join(run, 'evaluation.json');
    return pipe(
      TE.Do,
      TE.apS('truth', () => readCocoInstances(gt)),
      TE.apS('found', () => readCocoResults(dt)),
      TE.mapLeft((faults): Failure => formatFailure(faults)),
      TE.flatMap(({ truth, found }) =>
        TE.mapLeft(dataFailure)(writeWhole(out, `${JSON.stringify(evaluationOf(truth, found, title, metric))}\n`)),
      ),
      TE.map(() => print(out)),
    );
  },
});
