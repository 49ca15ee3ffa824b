/** `[convolutional]` (SPEC 4.1): convolution, then batch normalisation or bias, then the activation. */
import { convolution } from '@gdarknet/nn';
import { decimal, flag, whole } from '../darknet/field.ts';
import type { Problem } from '../darknet/section-rule.ts';
import { activated } from '../onnx/activation.ts';
import { normalised } from '../onnx/normalisation.ts';
import { activation } from './common/activations.ts';
import { single } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { weightsIn } from './common/onnx.ts';
import { pad, resized } from './common/row.ts';
import { fail, shape, tooSmall } from './common/shape.ts';

const unsupported = (key: string, off: string, given: boolean): readonly Problem[] =>
  given ? [{ key, expected: off, action: `${key} is not supported; remove it` }] : [];

export const convolutional = layerKind({
  aliases: ['conv'],
  keys: {
    filters: whole(1, { min: 1 }),
    size: whole(1, { min: 1 }),
    stride: whole(1, { min: 1 }),
    pad: flag(false),
    /** Pixels of zeros on each side; `pad=1` makes it `size / 2`. */
    padding: whole(0, { min: 0 }),
    groups: whole(1, { min: 1 }),
    activation: activation('logistic'),
    batch_normalize: flag(false),
    /** Weights are stored transposed: `[channel x row x column, filter]`. */
    flipped: flag(false),
    binary: flag(false),
    xnor: flag(false),
    dot: decimal(0),
  },
  complete: (conv) => ({ ...conv, padding: conv.pad ? Math.floor(conv.size / 2) : conv.padding }),
  check: ({ filters, groups, numload, binary, xnor, dot }) => [
    ...unsupported('binary', '0', binary),
    ...unsupported('xnor', '0', xnor),
    ...unsupported('dot', '0', dot !== 0),
    ...(filters % groups === 0
      ? []
      : [
          {
            key: 'groups',
            expected: `a divisor of filters (${filters})`,
            found: String(groups),
            action: 'correct groups or filters',
          },
        ]),
    ...(numload <= filters
      ? []
      : [
          {
            key: 'numload',
            expected: `at most filters (${filters})`,
            found: String(numload),
            action: 'correct numload',
          },
        ]),
  ],

  shape: ({ filters, size, stride, padding, groups, batch_normalize }, context) => {
    const { input } = context;
    if (input.c % groups !== 0) {
      return fail({
        key: 'groups',
        expected: `a divisor of the ${input.c} channels that come in`,
        found: String(groups),
        action: 'correct groups here or filters of the layer before',
      });
    }
    const side = (n: number) => Math.floor((n + 2 * padding - size) / stride) + 1;
    const output = { h: side(input.h), w: side(input.w), c: filters };
    if (output.h < 1 || output.w < 1) return fail(tooSmall(input, size));
    const weights = filters * (input.c / groups) * size * size;
    return shape(output, context, {
      parameters: weights + filters * (batch_normalize ? 4 : 1),
      flops: 2 * weights * output.h * output.w,
    });
  },

  row: ({ filters, size, stride }, layer) =>
    `conv  ${pad(filters, 5)} ${pad(size, 2)} x${pad(size, 2)} /${pad(stride, 2)}  ${resized(layer)}  ${(layer.flops / 1e9).toFixed(3)} BFLOPs`,

  build: ({ filters, size, stride, padding, groups, activation, batch_normalize }, { convention }) =>
    single(
      convolution({ filters, size, stride, padding, groups, activation, batchNorm: batch_normalize && convention }),
    ),

  weights: ({ filters, size, groups, batch_normalize, flipped, numload }, { input }) => ({
    kernel: [filters, input.c / groups, size, size],
    normalised: batch_normalize,
    weightsFirst: false,
    filtersRead: numload > 0 ? numload : filters,
    transposed: () => flipped,
  }),

  onnx: ({ size, stride, padding, groups, activation }, context) => {
    const { to, sources } = context;
    const { kernel, bias, after } = normalised(weightsIn(context), context.normalisation);
    const inputs = [
      sources[0].name,
      to.floats(kernel, context.kernel),
      ...(bias ? [to.floats(bias, [bias.length])] : []),
    ];
    const z = to.node('Conv', inputs, {
      group: groups,
      kernel_shape: [size, size],
      pads: [padding, padding, padding, padding],
      strides: [stride, stride],
    });
    return activated(to, activation, after(to, z));
  },
});
