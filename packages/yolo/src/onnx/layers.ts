/** One rule for each kind of cfg section: its ONNX operators. Values are NCHW, as everywhere in ONNX. */
import type { LayerConfig } from '../darknet/config.ts';
import type { LayerType } from '../darknet/layer-sections.ts';
import type { ImageShape } from '../darknet/layer-shapes.ts';
import type { LayerPlan } from '../darknet/plan.ts';
import type { LayerWeights } from '../darknet/weights.ts';
import { kernelShape } from '../darknet/weights-layout.ts';
import { activated } from './activation.ts';
import type { Builder } from './builder.ts';
import { type Normalisation, normalised } from './normalisation.ts';

export type Source = { readonly name: string; readonly shape: ImageShape };

export type LayerContext = {
  readonly to: Builder;
  readonly layer: LayerPlan;
  readonly sources: readonly Source[];
  readonly weights: LayerWeights | undefined;
  readonly normalisation: Normalisation;
};

type Rule<T extends LayerType> = (config: LayerConfig<T>, context: LayerContext) => string;

const scaled = (to: Builder, x: string, factor: number): string =>
  factor === 1 ? x : to.node('Mul', [x, to.floats([factor])]);

const weightsOf = ({ weights, layer }: LayerContext): LayerWeights => {
  if (weights === undefined) throw new RangeError(`layer ${layer.index} has no weights`);
  return weights;
};

const convolutional: Rule<'convolutional'> = (config, context) => {
  const { to, layer, sources } = context;
  const { size, stride, padding, groups } = config;
  const { kernel, bias, after } = normalised(weightsOf(context), context.normalisation);
  const inputs = [
    sources[0].name,
    to.floats(kernel, kernelShape(layer)),
    ...(bias ? [to.floats(bias, [bias.length])] : []),
  ];
  const z = to.node('Conv', inputs, {
    group: groups,
    kernel_shape: [size, size],
    pads: [padding, padding, padding, padding],
    strides: [stride, stride],
  });
  return activated(to, config.activation, after(to, z));
};

const connected: Rule<'connected'> = (config, context) => {
  const { to, layer, sources } = context;
  const { kernel, bias, after } = normalised(weightsOf(context), context.normalisation);
  const [outputs, c, h, w] = kernelShape(layer) ?? [0, 0, 0, 0];
  const flat = to.node('Flatten', [sources[0].name], { axis: 1 });
  const inputs = [flat, to.floats(kernel, [outputs, c * h * w]), ...(bias ? [to.floats(bias, [outputs])] : [])];
  const z = to.node('Gemm', inputs, { transB: 1 });
  const shaped = to.node('Reshape', [z, to.wholes([0, outputs, 1, 1])]);
  return activated(to, config.activation, after(to, shaped));
};

/** Of a padding as wide as the window, which no reader of the format takes, the original makes minus infinity. */
const maxpool: Rule<'maxpool'> = ({ size, stride, padding }, { to, sources }) => {
  const before = Math.trunc(padding / 2);
  const after = padding - before;
  return to.node('MaxPool', [sources[0].name], {
    kernel_shape: [size, size],
    pads: [before, before, after, after],
    strides: [stride, stride],
  });
};

const upsample: Rule<'upsample'> = ({ stride, scale }, { to, sources }) => {
  const [{ name }] = sources;
  if (stride < 0) {
    const block = { kernel_shape: [-stride, -stride], strides: [-stride, -stride] };
    return scaled(to, to.node('AveragePool', [name], block), scale * stride * stride);
  }
  const nearest = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  const scales = to.floats([1, 1, stride, stride], [4]);
  return scaled(to, to.node('Resize', [name, '', scales], nearest), scale);
};

/** Each group of channels over all places of an image, or each place by itself. */
const softmax: Rule<'softmax'> = ({ groups, temperature, spatial }, { to, sources }) => {
  const [{ name, shape }] = sources;
  const inner = shape.c / groups;
  const places = shape.h * shape.w;
  const grouped = to.node('Reshape', [
    scaled(to, name, 1 / temperature),
    to.wholes(spatial ? [0, groups, inner, places] : [0, groups, inner * places]),
  ]);
  const shares = to.node('Softmax', [grouped], { axis: 2 });
  return to.node('Reshape', [shares, to.wholes([0, shape.c, shape.h, shape.w])]);
};

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

const shortcut: Rule<'shortcut'> = ({ alpha, beta, activation }, { to, sources: [x, from] }) => {
  const same = sameShape(x.shape, from.shape);
  const { c, h, w } = x.shape;
  const left =
    same || alpha === 1
      ? scaled(to, x.name, alpha)
      : to.node('Mul', [x.name, to.floats(overlapScale(x.shape, from.shape, alpha), [1, c, h, w])]);
  const right = same ? from.name : laidOnto(to, x.shape, from);
  return activated(to, activation, to.node('Add', [left, scaled(to, right, beta)]));
};

const same: Rule<LayerType> = (_, { sources }) => sources[0].name;

const rules: { readonly [T in LayerType]: Rule<T> } = {
  convolutional,
  connected,
  maxpool,
  avgpool: (_, { to, sources }) => to.node('GlobalAveragePool', [sources[0].name]),
  upsample,
  dropout: same,
  softmax,
  route: (_, { to, sources }) =>
    sources.length === 1
      ? sources[0].name
      : to.node(
          'Concat',
          sources.map(({ name }) => name),
          { axis: 1 },
        ),
  shortcut,
  cost: same,
  /** The convolution's output as it is; `heads.ts` makes of it what is asked for. */
  yolo: same,
};

/** Adds the layer's nodes; gives the name of its output. */
export const addLayer = <T extends LayerType>(context: LayerContext): string =>
  (rules[context.layer.config.type] as Rule<T>)(context.layer.config as LayerConfig<T>, context);
