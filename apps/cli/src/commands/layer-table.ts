/** `gdarknet table`: the layers of a cfg, as Darknet prints them. */
import { layerTable } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { json } from '../arguments/shared-options.ts';
import type { Context } from '../core/context.ts';
import { cfgOf, cfgOptions, type ReadCfg } from '../inputs/cfg.ts';
import { networkOptions } from '../inputs/detector.ts';

const show = ({ plan, notices }: ReadCfg, asJson: boolean, { print }: Context): void => {
  const { input, parameters, flops, layers } = plan;
  if (asJson) {
    const rows = layers.map(({ index, config, input, output, flops }) => ({
      index,
      type: config.type,
      line: config.at.line,
      input,
      output,
      flops,
    }));
    print(JSON.stringify({ input, parameters, flops, layers: rows, notices }));
    return;
  }
  print(layerTable(plan));
  print(`${parameters} parameters, ${(flops / 1e9).toFixed(3)} BFLOPs an image`);
};

export const table = command({
  path: ['table'],
  aliases: [['ops']],
  product: 'stdout',
  summary: 'Check a cfg and print its layers, parameters and arithmetic.',
  details: [
    'All faults of the file are reported together, each with its line and what was expected; equal ones of several layers once, with their number.',
    'A key that would change the network or its output and is not implemented refuses the file, as a key that no Darknet reads does. Keys that change training only are warnings, or faults with --strict; keys without effect are notes.',
  ],
  examples: ['gdarknet table yolov3.cfg'],
  positionals: { cfg: one('the network') },
  options: { ...cfgOptions, width: networkOptions.width, height: networkOptions.height, json },
  run: ({ cfg, ignore, strict, width, height, json }, context) =>
    pipe(
      cfgOf(cfg, { ignore, strict, ...(width && { width }), ...(height && { height }) }, context, 'training'),
      TE.map((read) => show(read, json, context)),
    ),
});
