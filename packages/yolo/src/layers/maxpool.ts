/** `[maxpool]` (SPEC 4.6): the largest value of each window. */
import { maxPool } from '@gdarknet/nn';
import { flag, optional, whole } from '../darknet/field.ts';
import { refused, without } from '../darknet/key-rule.ts';
import { single } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { resized } from './common/row.ts';
import { fail, shape, tooSmall } from './common/shape.ts';
import { differentStrides, strideKeys, stridesOf } from './common/strides.ts';

export const maxpool = layerKind({
  aliases: ['max'],
  keys: {
    stride: whole(1, { min: 1 }),
    ...strideKeys,
    size: optional(whole(1, { min: 1 })),
    /** Of both sides together. */
    padding: optional(whole(0, { min: 0 })),
    maxpool_depth: refused(flag(false), 'it pools over channels'),
    antialiasing: refused(whole(0), 'it blurs the output before it strides'),
    maxpool_zero_nonmax: refused(flag(false), 'it clears what is not the largest'),
    ...without('only with maxpool_depth', 'out_channels'),
  },
  complete: (layer) => {
    const { stride, across } = stridesOf(layer);
    const size = layer.size ?? stride;
    return { ...layer, stride, across, size, padding: layer.padding ?? size - 1 };
  },
  check: differentStrides,

  shape: ({ size, stride, padding }, context) => {
    const { input } = context;
    const side = (n: number) => Math.floor((n + padding - size) / stride) + 1;
    const output = { h: side(input.h), w: side(input.w), c: input.c };
    return output.h < 1 || output.w < 1 ? fail(tooSmall(input, size)) : shape(output, context);
  },

  row: ({ size, stride }, layer) => `max          ${size} x ${size} / ${stride}  ${resized(layer)}`,

  build: ({ size, stride, padding }) => single(maxPool({ size, stride, padding })),

  /** Of a padding as wide as the window, which no reader of the format takes, the original makes minus infinity. */
  onnx: ({ size, stride, padding }, { to, sources }) => {
    const before = Math.trunc(padding / 2);
    const after = padding - before;
    return to.node('MaxPool', [sources[0].name], {
      kernel_shape: [size, size],
      pads: [before, before, after, after],
      strides: [stride, stride],
    });
  },
});
