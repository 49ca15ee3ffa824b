/** `gdarknet print`: what a layer's weights are. */
import type { LayerWeights, NetworkPlan } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, maybe, one } from '../arguments/command.ts';
import { flag } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { whole } from '../arguments/value.ts';
import { type Failure, refused } from '../core/failure.ts';
import { weightsFrom } from '../experiments/model.ts';
import { cfgOf, cfgOptions } from '../inputs/cfg.ts';
import { networkOptions } from '../inputs/detector.ts';

type Summary = {
  readonly layer: number;
  readonly type: string;
  readonly name: string;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly deviation: number;
  readonly notFinite: number;
  readonly values?: readonly number[];
};

const summary = (values: Float32Array): Omit<Summary, 'layer' | 'type' | 'name' | 'values'> => {
  let [min, max, sum, squares, notFinite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) notFinite++;
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return {
    count: values.length,
    min,
    max,
    mean,
    deviation: Math.sqrt(Math.max(0, squares / values.length - mean * mean)),
    notFinite,
  };
};

const line = ({ layer, type, name, count, min, max, mean, deviation, notFinite }: Summary): string =>
  [
    `${String(layer).padStart(4)} ${type.padEnd(14)}${name.padEnd(16)}${String(count).padStart(9)}`,
    ...Object.entries({ min, max, mean, deviation }).map(([key, value]) => `${key} ${value.toPrecision(5)}`),
    ...(notFinite > 0 ? [`${notFinite} not finite`] : []),
  ].join('  ');

const layerIn = ({ layers }: NetworkPlan, given: string | undefined): E.Either<Failure, number | undefined> => {
  if (given === undefined) return E.right(undefined);
  const range = whole({ min: 0, max: layers.length - 1 });
  const action = '`gdarknet table` lists the layers';
  return E.fromNullable(refused(`layer: expected ${range.expected}, found ${given}`, action))(range.parse(given));
};

export const printCommand = command({
  path: ['print'],
  product: 'stdout',
  summary: 'Show the weights of a layer, or of all: how many, their range, mean and deviation; with --values each one.',
  examples: ['gdarknet print yolov3.cfg yolov3.weights 0 --values'],
  positionals: { cfg: one('the network'), weights: one('its weights'), layer: maybe('the layer [all]') },
  options: {
    values: flag('every value, in the order of the file'),
    ...cfgOptions,
    partial: networkOptions.partial,
    json,
  },
  run: ({ cfg, ignore, strict, weights, layer, values, partial, json }, context) =>
    pipe(
      TE.Do,
      TE.bind('network', () => cfgOf(cfg, { ignore, strict }, context)),
      TE.let('plan', ({ network }) => network.plan),
      TE.bind('read', ({ plan }) => weightsFrom(plan, context, { partial, allowUnsound: true })(weights)),
      TE.bind('only', ({ plan }) => TE.fromEither(layerIn(plan, layer))),
      TE.flatMap(({ network, plan, read, only }) => {
        const rows = plan.layers
          .filter(({ index }) => only === undefined || index === only)
          .flatMap(({ index, config }) => {
            const arrays: Partial<LayerWeights> = read.layers[index] ?? {};
            return Object.entries(arrays).map(
              ([name, array]): Summary => ({
                layer: index,
                type: config.type,
                name,
                ...summary(array),
                ...(values && { values: Array.from(array) }),
              }),
            );
          });
        if (rows.length === 0) {
          return TE.left(
            refused(`layer ${layer}: has no weights`, 'name a convolutional layer; `gdarknet table` lists them'),
          );
        }
        const { seen, major, minor, revision } = read.header;
        const { notices } = network;
        if (json) context.print(JSON.stringify({ version: [major, minor, revision], seen, arrays: rows, notices }));
        else {
          context.print(`version ${major}.${minor}.${revision}, ${seen} images seen`);
          for (const row of rows) context.print([line(row), ...(row.values ? [row.values.join(' ')] : [])].join('\n'));
        }
        return TE.right(undefined);
      }),
    ),
});
