/** `gdarknet fold`: batch normalisation multiplied into the weights (the original's `denormalize`). */

import { resolve } from 'node:path';
import { parseNetwork } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { needed } from '../arguments/option.ts';
import { text } from '../arguments/value.ts';
import { type Failure, refused } from '../core/failure.ts';
import { foldWeights, inverseDeviation, withoutNormalisation } from '../experiments/combine.ts';
import { weightsFrom, weightsOutput } from '../experiments/model.ts';
import { cfgOf, cfgOptions } from '../inputs/cfg.ts';
import { networkOptions } from '../inputs/detector.ts';
import { checked } from '../inputs/files.ts';
import { writeSet } from '../outputs/write-set.ts';

/** Folded weights in the place of those of a cfg that still normalises would detect nothing, and folded twice be lost. */
const clash = (paths: readonly string[]): TE.TaskEither<Failure, object> => {
  const twice = paths.find((path, i) => paths.findIndex((other) => resolve(other) === resolve(path)) < i);
  return twice === undefined
    ? TE.Do
    : TE.left(refused(`${twice}: is named twice`, 'give the folded cfg and weights names of their own'));
};

export const fold = command({
  path: ['fold'],
  aliases: [['denormalize']],
  product: 'files',
  summary: 'Multiply batch normalisation into the weights: a cfg and weights without it, for inference elsewhere.',
  details: [
    'Detections stay the same but for rounding. The loaders here fold by themselves, so this saves them nothing.',
  ],
  examples: ['gdarknet fold yolov3.cfg yolov3.weights folded.weights --out-cfg folded.cfg'],
  positionals: { cfg: one('the network'), weights: one('its weights'), out: one('the weights to write') },
  options: {
    outCfg: needed(text, { placeholder: 'x.cfg', doc: 'the cfg to write, with batch_normalize=0' }),
    compat: networkOptions.compat,
    ...cfgOptions,
    allowUnsound: networkOptions.allowUnsound,
  },
  run: ({ cfg, ignore, strict, weights, out, outCfg, compat, allowUnsound }, context) =>
    pipe(
      clash([cfg, weights, outCfg, out]),
      TE.bind('network', () => cfgOf(cfg, { ignore, strict }, context)),
      TE.bind('read', ({ network }) => weightsFrom(network.plan, context, { allowUnsound })(weights)),
      TE.let('content', ({ network }) => withoutNormalisation(network.text)),
      TE.bind('folded', ({ content }) =>
        TE.fromEither(checked({ ...context, tell: () => undefined })(parseNetwork(content, { file: outCfg, ignore }))),
      ),
      TE.bind('output', ({ read, folded }) =>
        TE.fromEither(weightsOutput(folded, out)(foldWeights(read, inverseDeviation[compat ?? 'cudnn']))),
      ),
      TE.tap(({ content, output }) => writeSet([{ path: outCfg, content }, output])),
      TE.map(() => context.print(`${outCfg}\n${out}`)),
    ),
});
