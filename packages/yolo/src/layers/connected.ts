/** `[connected]` (SPEC 4.7): every output a weighted sum of all inputs. */
import { connected as connectedLayer } from '@gdarknet/nn';
import { flag, whole } from '../darknet/field.ts';
import { activated } from '../onnx/activation.ts';
import { normalised } from '../onnx/normalisation.ts';
import { activation } from './common/activations.ts';
import { single } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { weightsIn } from './common/onnx.ts';
import { flat, pad } from './common/row.ts';
import { elements, shape } from './common/shape.ts';

export const connected = layerKind({
  aliases: ['conn'],
  keys: {
    output: whole(1, { min: 1 }),
    activation: activation('logistic'),
    batch_normalize: flag(false),
  },
  complete: (layer) => layer,

  shape: ({ output, batch_normalize }, context) => {
    const weights = output * elements(context.input);
    return shape({ h: 1, w: 1, c: output }, context, {
      parameters: weights + output * (batch_normalize ? 4 : 1),
      flops: 2 * weights,
    });
  },

  row: (_, { input, output }) => `connected                            ${pad(elements(input), 4)}  ->  ${flat(output)}`,

  build: ({ output, activation, batch_normalize }, { convention }) =>
    single(connectedLayer({ outputs: output, activation, batchNorm: batch_normalize && convention })),

  weights: ({ output, batch_normalize }, { input }) => ({
    kernel: [output, input.c, input.h, input.w],
    normalised: batch_normalize,
    weightsFirst: true,
    filtersRead: output,
    transposed: (transposingHeader) => transposingHeader,
  }),

  onnx: ({ activation }, context) => {
    const { to, sources } = context;
    const { kernel, bias, after } = normalised(weightsIn(context), context.normalisation);
    const [outputs, c, h, w] = context.kernel ?? [0, 0, 0, 0];
    const flattened = to.node('Flatten', [sources[0].name], { axis: 1 });
    const inputs = [flattened, to.floats(kernel, [outputs, c * h * w]), ...(bias ? [to.floats(bias, [outputs])] : [])];
    const z = to.node('Gemm', inputs, { transB: 1 });
    const shaped = to.node('Reshape', [z, to.wholes([0, outputs, 1, 1])]);
    return activated(to, activation, after(to, shaped));
  },
});
