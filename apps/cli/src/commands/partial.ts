/** `gdarknet partial`: the first layers of a network's weights, to start other training from. */
import { cutWeights } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { whole } from '../arguments/value.ts';
import { modelFailure, refused } from '../core/failure.ts';
import { weightsFrom } from '../experiments/model.ts';
import { allowUnsound, cfgOf, cfgOptions } from '../inputs/cfg.ts';
import { writeSet } from '../outputs/write-set.ts';

export const partial = command({
  path: ['partial'],
  product: 'files',
  summary: 'Cut weights after their first n layers: a backbone such as darknet53.conv.74. Its counter of images is 0.',
  examples: ['gdarknet partial darknet53.cfg darknet53.weights darknet53.conv.74 74'],
  positionals: {
    cfg: one('the network'),
    weights: one('its weights'),
    out: one('the file to write'),
    layers: one('how many layers, counted from the first after [net]'),
  },
  options: { ...cfgOptions, allowUnsound },
  run: ({ cfg, weights, out, layers, allowUnsound, ...rules }, context) =>
    pipe(
      TE.Do,
      TE.bind('network', () => cfgOf(cfg, rules, context)),
      TE.let('plan', ({ network }) => network.plan),
      TE.bind('count', ({ plan }) => {
        const range = { min: 1, max: plan.layers.length };
        const value = whole(range).parse(layers);
        return value === undefined
          ? TE.left(
              refused(`layers: expected ${whole(range).expected}, found ${layers}`, '`gdarknet table` counts them'),
            )
          : TE.right(value);
      }),
      TE.bind('read', ({ plan }) => weightsFrom(plan, context, { allowUnsound })(weights)),
      TE.flatMap(({ plan, count, read }) =>
        pipe(
          TE.fromEither(E.mapLeft(modelFailure)(cutWeights(read, plan, count))),
          TE.flatMap((content) => writeSet([{ path: out, content }])),
        ),
      ),
      TE.map(() => context.print(out)),
    ),
});
