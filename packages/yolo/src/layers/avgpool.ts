/** `[avgpool]` (SPEC 4.7): the mean of each channel. */
import { avgPool } from '@gdarknet/nn';
import { single } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { image, pad } from './common/row.ts';
import { shape } from './common/shape.ts';

export const avgpool = layerKind({
  aliases: ['avg'],
  keys: {},
  complete: (layer) => layer,
  shape: (_, context) => shape({ h: 1, w: 1, c: context.input.c }, context),
  row: (_, { input }) => `avg                     ${image(input)}   ->  ${pad(input.c, 4)}`,
  build: () => single(avgPool()),
  onnx: (_, { to, sources }) => to.node('GlobalAveragePool', [sources[0].name]),
});
