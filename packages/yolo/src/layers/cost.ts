/** `[cost]`: compares with a truth in training, which inference does not have. */
import { stateless } from '@gdarknet/nn';
import type { Tensor } from '@gdarknet/tensor';
import { decimal, word } from '../darknet/field.ts';
import { cosmetic } from '../darknet/key-rule.ts';
import { single } from './common/build.ts';
import { classifiers } from './common/keys.ts';
import { layerKind } from './common/kind.ts';
import { same } from './common/onnx.ts';
import { flat } from './common/row.ts';
import { sameAsInput } from './common/shape.ts';

export const cost = layerKind({
  keys: {
    type: cosmetic(word(['sse', 'masked', 'smooth', 'L1', 'seg', 'wgan'], 'sse', 'sse'), classifiers),
    scale: cosmetic(decimal(1), classifiers),
    ratio: cosmetic(decimal(0), classifiers),
    noobj: cosmetic(decimal(1), classifiers),
    thresh: cosmetic(decimal(0), classifiers),
  },
  complete: (layer) => layer,
  shape: sameAsInput,
  row: (_, { output }) => `cost                                           ${flat(output)}`,
  build: () => single(stateless<Tensor>((x) => x)),
  onnx: same,
});
