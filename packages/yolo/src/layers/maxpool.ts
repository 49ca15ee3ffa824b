/** `[maxpool]` (SPEC 4.6): the largest value of each window. */
import { maxPool } from '@gdarknet/nn';
import { optional, whole } from '../darknet/field.ts';
import { single } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { resized } from './common/row.ts';
import { fail, shape, tooSmall } from './common/shape.ts';

export const maxpool = layerKind({
  aliases: ['max'],
  keys: {
    stride: whole(1, { min: 1 }),
    size: optional(whole(1, { min: 1 })),
    /** Of both sides together. */
    padding: optional(whole(0, { min: 0 })),
  },
  complete: (layer) => {
    const size = layer.size ?? layer.stride;
    return { ...layer, size, padding: layer.padding ?? size - 1 };
  },

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
