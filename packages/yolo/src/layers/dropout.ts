/** `[dropout]` (SPEC 4.7): in training, values left out at random. */
import { dropout as dropoutLayer } from '@gdarknet/nn';
import { decimal } from '../darknet/field.ts';
import { single } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { same } from './common/onnx.ts';
import { flat } from './common/row.ts';
import { sameAsInput } from './common/shape.ts';

export const dropout = layerKind({
  keys: { probability: decimal(0.5, { min: 0, max: 1 }) },
  ignored: ['dropblock', 'dropblock_size_abs', 'dropblock_size_rel'],
  complete: (layer) => layer,
  shape: sameAsInput,
  row: ({ probability }, { input, output }) =>
    `dropout       p = ${probability.toFixed(2)}               ${flat(input)}  ->  ${flat(output)}`,
  build: ({ probability }) => single(dropoutLayer({ probability })),
  onnx: same,
});
