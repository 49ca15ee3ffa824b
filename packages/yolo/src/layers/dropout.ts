/** `[dropout]` (SPEC 4.7): in training, values left out at random. */
import { dropout as dropoutLayer } from '@gdarknet/nn';
import { decimal, flag } from '../darknet/field.ts';
import { trainingOnly, without } from '../darknet/key-rule.ts';
import { single } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { same } from './common/onnx.ts';
import { flat } from './common/row.ts';
import { sameAsInput } from './common/shape.ts';

export const dropout = layerKind({
  keys: {
    probability: decimal(0.5, { min: 0, max: 1 }),
    dropblock: trainingOnly(flag(false), 'blocks would be left out in place of single values'),
    ...without('only with dropblock', 'dropblock_size_abs', 'dropblock_size_rel'),
  },
  complete: (layer) => layer,
  shape: sameAsInput,
  row: ({ probability }, { input, output }) =>
    `dropout       p = ${probability.toFixed(2)}               ${flat(input)}  ->  ${flat(output)}`,
  build: ({ probability }) => single(dropoutLayer({ probability })),
  onnx: same,
});
