/** `[shortcut]` (SPEC 4.3): an earlier layer added to the one before, where the two overlap. */
import { shortcut as shortcutLayer } from '@gdarknet/nn';
import { decimal, required, wholes, word } from '../darknet/field.ts';
import { refused, without } from '../darknet/key-rule.ts';
import { activated } from '../onnx/activation.ts';
import type { Builder } from '../onnx/builder.ts';
import { activation } from './common/activations.ts';
import type { NetworkLayer } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { type Source, scaled } from './common/onnx.ts';
import { image, pad } from './common/row.ts';
import { fail, type ImageShape, resolve, shape, showImageShape, unjudged } from './common/shape.ts';

type Steps = { readonly read: number; readonly write: number; readonly count: number };

const steps = (to: number, from: number): Steps => ({
  read: Math.max(1, Math.floor(from / to)),
  write: Math.max(1, Math.floor(to / from)),
  count: Math.min(to, from),
});

/** `from` laid onto an image of another shape: read, or written, in steps; zero elsewhere (SPEC 4.3). */
const laidOnto = (to: Builder, x: ImageShape, { name, shape }: Source): string => {
  const [rows, columns] = [steps(x.h, shape.h), steps(x.w, shape.w)];
  const c = Math.min(x.c, shape.c);
  const read = to.node('Slice', [
    name,
    to.wholes([0, 0, 0]),
    to.wholes([c, (rows.count - 1) * rows.read + 1, (columns.count - 1) * columns.read + 1]),
    to.wholes([1, 2, 3]),
    to.wholes([1, rows.read, columns.read]),
  ]);
  const apart = to.node('Reshape', [read, to.wholes([0, c, rows.count, 1, columns.count, 1])]);
  const gaps = [0, 0, 0, 0, 0, 0, 0, 0, 0, rows.write - 1, 0, columns.write - 1];
  const spread = to.node('Pad', [apart, to.wholes(gaps)]);
  const [h, w] = [rows.count * rows.write, columns.count * columns.write];
  const laid = to.node('Reshape', [spread, to.wholes([0, c, h, w])]);
  // What lies behind the last step was never read: h and w are at most those of x.
  return to.node('Pad', [laid, to.wholes([0, 0, 0, 0, 0, x.c - c, x.h - h, x.w - w])]);
};

/** alpha where `from` is added, 1 elsewhere. */
const overlapScale = (x: ImageShape, from: ImageShape, alpha: number): Float32Array => {
  const [rows, columns] = [steps(x.h, from.h), steps(x.w, from.w)];
  const on = (at: number, { write, count }: Steps): boolean => at % write === 0 && at / write < count;
  return Float32Array.from({ length: x.c * x.h * x.w }, (_, i) => {
    const [column, row] = [i % x.w, Math.floor(i / x.w) % x.h];
    return Math.floor(i / (x.w * x.h)) < from.c && on(row, rows) && on(column, columns) ? alpha : 1;
  });
};

const sameShape = (a: ImageShape, b: ImageShape): boolean => a.h === b.h && a.w === b.w && a.c === b.c;

export const shortcut = layerKind({
  keys: {
    /** Layer index; negative counts back from this layer. */
    from: required(wholes([])),
    activation: activation('linear'),
    alpha: decimal(1),
    beta: decimal(1),
    weights_type: refused(
      word(['none', 'per_feature', 'per_layer', 'per_channel'], 'none', 'none'),
      'it weighs the layers by learned numbers',
    ),
    ...without('only with weights_type', 'weights_normalization'),
  },
  complete: ({ from, ...layer }) => ({ ...layer, from: from[0], others: from.slice(1) }),
  check: ({ others }) =>
    others.length === 0
      ? []
      : [
          {
            key: 'from',
            expected: 'one layer',
            found: `${others.length + 1}`,
            action: 'the sum of several layers is not implemented: take another network',
          },
        ],
  reads: ({ from }) => ({ key: 'from', given: [from] }),

  shape: ({ from }, context) => {
    const { index, input, outputs } = context;
    const source = resolve(from, index);
    const other = outputs[source];
    if (other === undefined) return unjudged;
    const ratio = (a: number, b: number) => Math.floor(a / b);
    return ratio(other.w, input.w) === ratio(other.h, input.h) && ratio(input.w, other.w) === ratio(input.h, other.h)
      ? shape(input, context, { sources: [index - 1, source] })
      : fail({
          key: 'from',
          expected: `a layer whose width and height are in one ratio to ${showImageShape(input)}`,
          found: `layer ${source}: ${showImageShape(other)}`,
          action: 'correct the index or the strides between',
        });
  },

  row: (_, { sources, output }, outputs) => {
    const from = sources[1];
    return `res  ${pad(from, 3)}                ${image(outputs[from])}   ->  ${image(output)}`;
  },

  build: ({ alpha, beta, activation }) => shortcutLayer({ alpha, beta, activation }) as unknown as NetworkLayer,

  onnx: ({ alpha, beta, activation }, { to, sources: [x, from] }) => {
    const same = sameShape(x.shape, from.shape);
    const { c, h, w } = x.shape;
    const left =
      same || alpha === 1
        ? scaled(to, x.name, alpha)
        : to.node('Mul', [x.name, to.floats(overlapScale(x.shape, from.shape, alpha), [1, c, h, w])]);
    const right = same ? from.name : laidOnto(to, x.shape, from);
    return activated(to, activation, to.node('Add', [left, scaled(to, right, beta)]));
  },
});
