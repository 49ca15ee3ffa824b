/**
 * Shape inference, one rule for each kind of layer (SPEC 1.5, 4.3 - 4.6): from the shapes before it to its own output,
 * parameter count and arithmetic, or what does not fit.
 */
import * as E from 'fp-ts/lib/Either.js';
import type { LayerConfig } from './config.ts';
import type { LayerType } from './layer-sections.ts';
import type { Problem } from './section-rule.ts';

/** Of one image: rows, columns, channels. A flat vector is `1 x 1 x c`. */
export interface ImageShape {
  readonly h: number;
  readonly w: number;
  readonly c: number;
}

export const elements = ({ h, w, c }: ImageShape): number => h * w * c;
export const showImageShape = ({ h, w, c }: ImageShape): string => `${w} x ${h} x ${c}`;

export interface ShapeContext {
  readonly index: number;
  readonly input: ImageShape;
  /** Outputs of all earlier layers; `undefined` where one could not be inferred. */
  readonly outputs: readonly (ImageShape | undefined)[];
}

export interface LayerShape {
  readonly output: ImageShape;
  /** Absolute indices of the layers whose outputs this one reads, in order; -1 is the network's input. */
  readonly sources: readonly number[];
  /** Floats that a weights file holds for it. */
  readonly parameters: number;
  /** Arithmetic operations for one image, a multiply-add counted as two. */
  readonly flops: number;
}

/** Left with no problem: an earlier layer is at fault, and this one cannot be judged. */
export type ShapeResult = E.Either<readonly Problem[], LayerShape>;
type ShapeRule<T extends LayerType> = (layer: LayerConfig<T>, context: ShapeContext) => ShapeResult;

const shape = (output: ImageShape, context: ShapeContext, cost: Partial<LayerShape> = {}): ShapeResult =>
  E.right({ output, sources: [context.index - 1], parameters: 0, flops: 0, ...cost });

const fail = (problem: Problem): ShapeResult => E.left([problem]);
const unjudged: ShapeResult = E.left([]);

const sameAsInput = (_: LayerConfig, context: ShapeContext): ShapeResult => shape(context.input, context);

const convolutional: ShapeRule<'convolutional'> = (conv, context) => {
  const { input } = context;
  const { filters, size, stride, padding, groups } = conv;
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
    parameters: weights + filters * (conv.batch_normalize ? 4 : 1),
    flops: 2 * weights * output.h * output.w,
  });
};

const maxpool: ShapeRule<'maxpool'> = ({ size, stride, padding }, context) => {
  const { input } = context;
  const side = (n: number) => Math.floor((n + padding - size) / stride) + 1;
  const output = { h: side(input.h), w: side(input.w), c: input.c };
  return output.h < 1 || output.w < 1 ? fail(tooSmall(input, size)) : shape(output, context);
};

const tooSmall = (input: ImageShape, size: number): Problem => ({
  key: 'size',
  expected: `at most the padded input, ${showImageShape(input)}`,
  found: String(size),
  action: 'enlarge the input (width, height of [net]) or remove a stride',
});

const resolve = (given: number, index: number): number => (given < 0 ? index + given : given);

const referenced = (config: LayerConfig): { readonly key: string; readonly given: readonly number[] } => {
  if (config.type === 'route') return { key: 'layers', given: config.layers };
  return { key: 'from', given: config.type === 'shortcut' ? [config.from] : [] };
};

/** References to layers that are not before this one; needs no shapes. */
export const badReferences = (config: LayerConfig, index: number): readonly Problem[] => {
  const { key, given } = referenced(config);
  return given
    .filter((g) => resolve(g, index) < 0 || resolve(g, index) >= index)
    .map((g) => ({
      key,
      expected: `earlier layers, ${index === 0 ? 'of which there are none' : `0 to ${index - 1} or -${index} to -1`}`,
      found: g < 0 ? `${g}, which is layer ${index + g}` : String(g),
      action: 'correct the index (layers are counted from 0 after [net])',
    }));
};

const route: ShapeRule<'route'> = ({ layers }, { index, outputs }) => {
  const sources = layers.map((given) => resolve(given, index));
  const known = sources.map((source) => outputs[source]).filter((s) => s !== undefined);
  const [first] = known;
  if (first === undefined || known.length < sources.length) return unjudged;
  return known.every(({ h, w }) => h === first.h && w === first.w)
    ? E.right({ output: { ...first, c: known.reduce((sum, { c }) => sum + c, 0) }, sources, parameters: 0, flops: 0 })
    : fail({
        key: 'layers',
        expected: 'layers of one width and height',
        found: sources.map((source, i) => `layer ${source}: ${showImageShape(known[i]!)}`).join(', '),
        action: 'correct the indices, the strides before them, or width and height of [net]',
      });
};

const shortcut: ShapeRule<'shortcut'> = ({ from }, context) => {
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
};

const upsample: ShapeRule<'upsample'> = ({ stride }, context) => {
  const { h, w, c } = context.input;
  if (stride === 0) return unjudged;
  if (stride > 0) return shape({ h: h * stride, w: w * stride, c }, context);
  const output = { h: Math.floor(h / -stride), w: Math.floor(w / -stride), c };
  return output.h < 1 || output.w < 1 ? fail(tooSmall(context.input, -stride)) : shape(output, context);
};

const connected: ShapeRule<'connected'> = ({ output, batch_normalize }, context) => {
  const weights = output * elements(context.input);
  return shape({ h: 1, w: 1, c: output }, context, {
    parameters: weights + output * (batch_normalize ? 4 : 1),
    flops: 2 * weights,
  });
};

const softmax: ShapeRule<'softmax'> = ({ groups }, context) =>
  elements(context.input) % groups === 0
    ? shape(context.input, context)
    : fail({
        key: 'groups',
        expected: `a divisor of the ${elements(context.input)} values that come in`,
        found: String(groups),
        action: 'correct groups',
      });

/** Channels that a `[yolo]` layer reads: for each of its anchors x, y, w, h, objectness and the classes. */
export const yoloChannels = ({
  mask,
  classes,
}: {
  readonly mask: readonly number[];
  readonly classes: number;
}): number => mask.length * (5 + classes);

const yolo: ShapeRule<'yolo'> = (layer, context) =>
  context.input.c === yoloChannels(layer)
    ? shape(context.input, context)
    : fail({
        key: 'classes',
        expected: `${yoloChannels(layer)} channels to come in, ${layer.mask.length} anchors x (5 + ${layer.classes} classes)`,
        found: String(context.input.c),
        action: `give the layer before it filters=${yoloChannels(layer)}, or correct classes or mask`,
      });

type ShapeRules = { readonly [T in LayerType]: ShapeRule<T> };

const shapeRules: ShapeRules = {
  convolutional,
  shortcut,
  route,
  upsample,
  maxpool,
  avgpool: (_, context) => shape({ h: 1, w: 1, c: context.input.c }, context),
  connected,
  dropout: sameAsInput,
  softmax,
  cost: sameAsInput,
  yolo,
};

/** `badReferences` must have found none. */
export const inferShape = <T extends LayerType>(layer: LayerConfig<T>, context: ShapeContext): ShapeResult =>
  (shapeRules[layer.type] as ShapeRule<T>)(layer, context);
