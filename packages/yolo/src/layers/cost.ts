/** `[cost]`: compares with a truth in training, which inference does not have. */
import { stateless } from '@gdarknet/nn';
import type { Tensor } from '@gdarknet/tensor';
import { decimal, word } from '../darknet/field.ts';
import { single } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { same } from './common/onnx.ts';
import { flat } from './common/row.ts';
import { sameAsInput } from './common/shape.ts';

export const cost = layerKind({
  keys: {
    type: word(['sse', 'masked', 'smooth', 'L1', 'seg', 'wgan'], 'sse', 'sse'),
    scale: decimal(1),
    ratio: decimal(0),
    noobj: decimal(1),
    thresh: decimal(0),
  },
  // `type` names the kind of layer in a LayerConfig.
  complete: ({ type, ...layer }) => ({ ...layer, cost_type: type }),
  shape: sameAsInput,
  row: (_, { output }) => `cost                                           ${flat(output)}`,
  build: () => single(stateless<Tensor>((x) => x)),
  onnx: same,
});
