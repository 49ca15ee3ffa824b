/** `[softmax]` (SPEC 4.7): shares of a group that add up to 1. */
import { softmax as softmaxLayer } from '@gdarknet/nn';
import { decimal, flag, text, whole } from '../darknet/field.ts';
import { cosmetic, refused } from '../darknet/key-rule.ts';
import { single } from './common/build.ts';
import { classifiers } from './common/keys.ts';
import { layerKind } from './common/kind.ts';
import { scaled } from './common/onnx.ts';
import { flat } from './common/row.ts';
import { elements, fail, shape } from './common/shape.ts';

export const softmax = layerKind({
  aliases: ['soft'],
  keys: {
    groups: whole(1, { min: 1 }),
    temperature: decimal(1),
    spatial: flag(false),
    noloss: cosmetic(flag(false), classifiers),
    tree: refused(text(''), 'its classes are a tree'),
  },
  complete: (layer) => layer,

  shape: ({ groups }, context) =>
    elements(context.input) % groups === 0
      ? shape(context.input, context)
      : fail({
          key: 'groups',
          expected: `a divisor of the ${elements(context.input)} values that come in`,
          found: String(groups),
          action: 'correct groups',
        }),

  row: (_, { output }) => `softmax                                        ${flat(output)}`,

  build: ({ groups, temperature, spatial }) => single(softmaxLayer({ groups, temperature, spatial })),

  /** Each group of channels over all places of an image, or each place by itself. */
  onnx: ({ groups, temperature, spatial }, { to, sources }) => {
    const [{ name, shape }] = sources;
    const inner = shape.c / groups;
    const places = shape.h * shape.w;
    const grouped = to.node('Reshape', [
      scaled(to, name, 1 / temperature),
      to.wholes(spatial ? [0, groups, inner, places] : [0, groups, inner * places]),
    ]);
    const shares = to.node('Softmax', [grouped], { axis: 2 });
    return to.node('Reshape', [shares, to.wholes([0, shape.c, shape.h, shape.w])]);
  },
});
