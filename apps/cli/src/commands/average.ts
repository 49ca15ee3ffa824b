/** `gdarknet average`: the mean of several weights of one network. */
import { pipe } from 'fp-ts/lib/function.js';
import * as A from 'fp-ts/lib/ReadonlyArray.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { any, command, one } from '../arguments/command.ts';
import { averageWeights } from '../experiments/combine.ts';
import { planOf, saveWeights, weightsFrom } from '../experiments/model.ts';
import { refused } from '../failure.ts';
import { networkOptions } from '../inputs/detector.ts';

export const average = command({
  path: ['average'],
  summary: 'Average the weights of several checkpoints of one network, rolling statistics too.',
  examples: ['gdarknet average yolov3.cfg mean.weights run_48000.weights run_49000.weights run_50000.weights'],
  positionals: { cfg: one('the network'), out: one('the file to write'), weights: any('the weights to average') },
  options: { ignore: networkOptions.ignore },
  run: ({ cfg, ignore, out, weights }, context) =>
    weights.length === 0
      ? TE.left(refused('no weights to average', 'name them behind the file to write'))
      : pipe(
          planOf({ cfg, ignore }, context),
          TE.flatMap((plan) =>
            pipe(
              A.traverse(TE.ApplicativeSeq)(weightsFrom(plan, context))(weights),
              TE.map(averageWeights),
              TE.flatMap(saveWeights(plan, out)),
            ),
          ),
          TE.map(() => context.print(out)),
        ),
});
