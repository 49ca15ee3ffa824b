/** `gdarknet table`: the layers of a cfg, as Darknet prints them. */
import { layerTable, type NetworkPlan, parseNetwork } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import type { Context } from '../context.ts';
import { networkOptions } from '../inputs/detector.ts';
import { checked, textOf } from '../inputs/files.ts';
import { json } from './shared-options.ts';

const show = (plan: NetworkPlan, asJson: boolean, { print }: Context): void => {
  const { input, parameters, flops, layers } = plan;
  if (asJson) {
    const rows = layers.map(({ index, config, input, output, flops }) => ({
      ...{ index, type: config.type, line: config.at.line, input, output, flops },
    }));
    print(JSON.stringify({ input, parameters, flops, layers: rows }));
    return;
  }
  print(layerTable(plan));
  print(`${parameters} parameters, ${(flops / 1e9).toFixed(3)} BFLOPs an image`);
};

export const table = command({
  path: ['table'],
  aliases: [['ops']],
  summary: 'Check a cfg and print its layers, parameters and arithmetic.',
  details: ['All faults of the file are reported together, each with its line and what was expected.'],
  examples: ['gdarknet table yolov3.cfg'],
  positionals: { cfg: one('the network') },
  options: { ignore: networkOptions.ignore, width: networkOptions.width, height: networkOptions.height, json },
  run: ({ cfg, ignore, width, height, json }, context) =>
    pipe(
      textOf(cfg),
      TE.flatMapEither((text) =>
        checked(context)(parseNetwork(text, { file: cfg, ignore, ...(width && { width }), ...(height && { height }) })),
      ),
      TE.map((plan) => show(plan, json, context)),
    ),
});
