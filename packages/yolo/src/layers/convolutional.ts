/** `[convolutional]` (SPEC 4.1): convolution, then batch normalisation or bias, then the activation. */
import { convolution } from '@gdarknet/nn';
import { decimal, flag, optional, whole } from '../darknet/field.ts';
import { refused, trainingOnly, without } from '../darknet/key-rule.ts';
import { activated } from '../onnx/activation.ts';
import { normalised } from '../onnx/normalisation.ts';
import { activation } from './common/activations.ts';
import { single } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { weightsIn } from './common/onnx.ts';
import { pad, resized } from './common/row.ts';
import { fail, shape, tooSmall } from './common/shape.ts';
import { differentStrides, strideKeys, stridesOf } from './common/strides.ts';

export const convolutional = layerKind({
  aliases: ['conv'],
  keys: {
    filters: whole(1, { min: 1 }),
    size: whole(1, { min: 1 }),
    stride: whole(1, { min: 1 }),
    ...strideKeys,
    pad: flag(false),
    /** Pixels of zeros on each side; `pad=1` makes it `size / 2`. */
    padding: whole(0, { min: 0 }),
    groups: whole(1, { min: 1 }),
    activation: activation('logistic'),
    batch_normalize: whole(0),
    /** Weights are stored transposed: `[channel x row x column, filter]`. */
    flipped: flag(false),
    dilation: refused(whole(1), 'it spreads the samples of a window'),
    antialiasing: refused(whole(0), 'it blurs the output before it strides'),
    share_index: refused(optional(whole(0)), 'it shares the weights of another layer'),
    binary: refused(flag(false), 'it rounds weights to their signs'),
    xnor: refused(flag(false), 'it rounds weights and inputs to their signs'),
    bin_output: refused(flag(false), 'it rounds the output to signs'),
    dot: refused(decimal(0), 'it adds the products of outputs to the error'),
    coordconv: refused(whole(0), 'it adds the place of each value to the input'),
    assisted_excitation: refused(decimal(0), 'it adds the truth to the output in training'),
    sway: refused(flag(false), 'it shifts the kernels'),
    rotate: refused(flag(false), 'it turns the kernels'),
    stretch: refused(flag(false), 'it stretches the kernels'),
    stretch_sway: refused(flag(false), 'it stretches and shifts the kernels'),
    reverse: refused(decimal(0), 'it turns gradients round'),
    grad_centr: trainingOnly(flag(false), 'gradients would be centred'),
    cbn: trainingOnly(flag(false), 'batch normalisation would take several mini-batches together'),
    ...without('only with rotate, stretch and sway', 'angle'),
  },
  complete: (conv) => ({
    ...conv,
    ...stridesOf(conv),
    padding: conv.pad ? Math.floor(conv.size / 2) : conv.padding,
    batch_normalize: conv.batch_normalize !== 0,
    cross_normalize: conv.batch_normalize === 2,
  }),
  check: (conv) => [
    ...differentStrides(conv),
    ...(conv.filters % conv.groups === 0
      ? []
      : [
          {
            key: 'groups',
            expected: `a divisor of filters (${conv.filters})`,
            found: String(conv.groups),
            action: 'correct groups or filters',
          },
        ]),
    ...(conv.numload <= conv.filters
      ? []
      : [
          {
            key: 'numload',
            expected: `at most filters (${conv.filters})`,
            found: String(conv.numload),
            action: 'correct numload',
          },
        ]),
  ],
  advise: ({ cross_normalize }) =>
    cross_normalize
      ? [
          {
            tag: 'training-only',
            key: 'batch_normalize',
            message:
              "2 is taken for 1; AlexeyAB's Darknet would normalise over several mini-batches in training on a GPU",
          },
        ]
      : [],

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
