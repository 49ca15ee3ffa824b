/** `[upsample]` (SPEC 4.5): every value repeated, or with a negative stride the sums of blocks. */
import { upsample as upsampleLayer } from '@gdarknet/nn';
import { decimal, whole } from '../darknet/field.ts';
import { single } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { scaled } from './common/onnx.ts';
import { pad, resized } from './common/row.ts';
import { fail, shape, tooSmall, unjudged } from './common/shape.ts';

export const upsample = layerKind({
  keys: {
    /** Negative: downsample by summing blocks. */
    stride: whole(2),
    scale: decimal(1),
  },
  complete: (layer) => layer,
  check: ({ stride }) =>
    stride === 0
      ? [{ key: 'stride', expected: 'a whole number other than 0', found: '0', action: 'correct the stride' }]
      : [],

  shape: ({ stride }, context) => {
    const { h, w, c } = context.input;
    if (stride === 0) return unjudged;
    if (stride > 0) return shape({ h: h * stride, w: w * stride, c }, context);
    const output = { h: Math.floor(h / -stride), w: Math.floor(w / -stride), c };
    return output.h < 1 || output.w < 1 ? fail(tooSmall(context.input, -stride)) : shape(output, context);
  },

  row: ({ stride }, layer) =>
    `${stride > 0 ? 'upsample' : 'downsample'}${' '.repeat(stride > 0 ? 11 : 9)}${pad(Math.abs(stride), 2)}x  ${resized(layer)}`,

  build: ({ stride, scale }) => single(upsampleLayer({ stride, scale })),

  onnx: ({ stride, scale }, { to, sources }) => {
    const [{ name }] = sources;
    if (stride < 0) {
      const block = { kernel_shape: [-stride, -stride], strides: [-stride, -stride] };
      return scaled(to, to.node('AveragePool', [name], block), scale * stride * stride);
    }
    const nearest = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    const scales = to.floats([1, 1, stride, stride], [4]);
    return scaled(to, to.node('Resize', [name, '', scales], nearest), scale);
  },
});
