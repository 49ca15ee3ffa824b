/** `gdarknet average`: the mean of several weights of one network. */
import { kernelShape, type LayerPlan, type NetworkPlan, type NetworkWeights } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as A from 'fp-ts/lib/ReadonlyArray.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { any, command, one } from '../arguments/command.ts';
import type { Context } from '../core/context.ts';
import { refused } from '../core/failure.ts';
import { averageWeights } from '../experiments/combine.ts';
import { weightsFrom, weightsOutput } from '../experiments/model.ts';
import { allowUnsound, cfgOf, cfgOptions } from '../inputs/cfg.ts';
import { writeSet } from '../outputs/write-set.ts';

const isMissing =
  ({ layers }: NetworkWeights) =>
  (layer: LayerPlan): boolean =>
    kernelShape(layer) !== undefined && !layer.config.dontload && layers[layer.index] === undefined;

/** A backbone says nothing of the layers behind it, and its mean with whole weights would be neither. */
const wholeWeights = (plan: NetworkPlan, allowUnsound: boolean, context: Context) => (file: string) =>
  pipe(
    weightsFrom(plan, { ...context, tell: () => undefined }, { allowUnsound })(file),
    TE.filterOrElse(
      (weights) => !plan.layers.some(isMissing(weights)),
      () => refused(`${file}: ends before the last layer of ${plan.file}`, 'average the weights of whole networks'),
    ),
  );

export const average = command({
  path: ['average'],
  product: 'files',
  summary: 'Average the weights of several checkpoints of one network, rolling statistics too.',
  examples: ['gdarknet average yolov3.cfg mean.weights run_48000.weights run_49000.weights run_50000.weights'],
  positionals: { cfg: one('the network'), out: one('the file to write'), weights: any('the weights to average') },
  options: { ...cfgOptions, allowUnsound },
  run: ({ cfg, out, weights, allowUnsound, ...rules }, context) =>
    weights.length === 0
      ? TE.left(refused('no weights to average', 'name them behind the file to write'))
      : pipe(
          cfgOf(cfg, rules, context),
          TE.flatMap(({ plan }) =>
            pipe(
              A.traverse(TE.ApplicativeSeq)(wholeWeights(plan, allowUnsound, context))(weights),
              TE.map(averageWeights),
              TE.flatMapEither(weightsOutput(plan, out)),
              TE.flatMap((output) => writeSet([output])),
            ),
          ),
          TE.map(() => context.print(out)),
        ),
});
