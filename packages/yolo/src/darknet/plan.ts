/**
 * A network's layout: for every layer its input and output shape, the layers it reads, parameters and arithmetic.
 * Faults name the layer, its line and the number that was expected; all of a file come back together.
 */
import * as E from 'fp-ts/lib/Either.js';
import type { LayerGeometry } from '../layers/common/kind.ts';
import { badReferences, type ImageShape, type LayerShape, type ShapeContext } from '../layers/common/shape.ts';
import { kindOf } from '../layers/index.ts';
import { yoloChannels } from '../layers/yolo.ts';
import { type ConfigOptions, draftConfig, type LayerConfig, type NetConfig, type NetworkConfig } from './config.ts';
import { byLine, type FileFault, type FileResult, showFault } from './fault.ts';
import { faultAt, type Problem } from './section-rule.ts';

export interface LayerPlan extends LayerGeometry {
  readonly config: LayerConfig;
}

export interface NetworkPlan {
  readonly file: string;
  readonly net: NetConfig;
  /** Images at a time. */
  readonly batch: number;
  readonly input: ImageShape;
  readonly layers: readonly LayerPlan[];
  /** Indices of the `[yolo]` layers. */
  readonly heads: readonly number[];
  readonly parameters: number;
  /** For one image, a multiply-add counted as two. */
  readonly flops: number;
}

/** What stands in for `width`, `height` of `[net]`, and for the mini-batch `batch / subdivisions`. */
export interface PlanOptions {
  readonly width?: number;
  readonly height?: number;
  readonly batch?: number;
}

export const planNetwork = (
  config: NetworkConfig,
  options: PlanOptions = {},
): E.Either<readonly FileFault[], NetworkPlan> => {
  const input = inputOf(config.net, options);
  const inferred = inferLayers(config.layers, input);
  const { layers } = inferred;
  const faults = [...tooLarge(config.file, input), ...inferred.faults];
  return faults.length > 0 ? E.left(faults) : E.right(assemble(config.file, config.net, layers, options));
};

export class InputSizeError extends RangeError {
  readonly faults: readonly FileFault[];
  constructor(width: number, height: number, faults: readonly FileFault[]) {
    super(`An input of ${width} x ${height} does not fit the network: ${faults.map(showFault).join('\n')}`);
    this.name = 'InputSizeError';
    this.faults = faults;
  }
}

/** The same network for an input of another size; throws an `InputSizeError` that names the layer which it does not fit. */
export const resizedPlan = ({ file, net, layers, batch }: NetworkPlan, width: number, height: number): NetworkPlan => {
  const config = { file, net, layers: layers.map((layer) => layer.config) };
  const sized = planNetwork(config, { width, height, batch });
  if (E.isLeft(sized)) throw new InputSizeError(width, height, sized.left);
  return sized.right;
};

/** Reads a `.cfg` and lays it out, so that faults of spelling and faults of shape are reported together. */
export const parseNetwork = (text: string, options: ConfigOptions & PlanOptions = {}): FileResult<NetworkPlan> => {
  const { file, net, layers, faults, notices } = draftConfig(text, options);
  const inferred = inferLayers(layers, net && inputOf(net, options));
  const large = net === undefined ? [] : tooLarge(file, inputOf(net, options));
  const all = byLine([...faults, ...large, ...inferred.faults]);
  return net === undefined || all.length > 0
    ? E.left(all)
    : E.right({ value: assemble(file, net, inferred.layers, options), notices });
};

const inputOf = (net: NetConfig, { width = net.width, height = net.height }: PlanOptions): ImageShape => ({
  h: height,
  w: width,
  c: net.channels,
});

/** Values of one image, at most: no array of this machine is longer. */
const mostValues = 2 ** 30;

const tooLarge = (file: string, { h, w, c }: ImageShape): readonly FileFault[] =>
  h * w * c <= mostValues
    ? []
    : [
        {
          tag: 'shape',
          file,
          section: 'net',
          key: 'width, height',
          expected: `at most ${mostValues} values in an image`,
          found: `${w} x ${h} x ${c}`,
          action: 'give a smaller width and height',
        },
      ];

const assemble = (file: string, net: NetConfig, layers: readonly LayerPlan[], options: PlanOptions): NetworkPlan => {
  const sum = (count: (layer: LayerPlan) => number) => layers.reduce((total, layer) => total + count(layer), 0);
  return {
    file,
    net,
    batch: options.batch ?? Math.floor(net.batch / net.subdivisions),
    input: inputOf(net, options),
    layers,
    heads: layers.filter(({ config }) => config.type === 'yolo').map(({ index }) => index),
    parameters: sum(({ parameters }) => parameters),
    flops: sum(({ flops }) => flops),
  };
};

/** Without faults `layers` is complete. Where `input` is unknown, only what needs no shapes is judged. */
const inferLayers = (
  configs: readonly (LayerConfig | undefined)[],
  input: ImageShape | undefined,
): { readonly layers: readonly LayerPlan[]; readonly faults: readonly FileFault[] } => {
  const faults: FileFault[] = [];
  const layers: LayerPlan[] = [];
  const outputs: (ImageShape | undefined)[] = [];
  for (const [index, config] of configs.entries()) {
    const before = configs[index - 1];
    const result = inferLayer(config, before, { index, input, outputs });
    if (E.isRight(result)) layers.push(result.right);
    else if (config !== undefined) {
      for (const problem of result.left) faults.push(blame(problem, config, index, before));
    }
    outputs.push(E.isRight(result) ? result.right.output : undefined);
  }
  return { layers, faults: [...faults, ...differentClasses(configs)] };
};

/** `context.input` is the network's own. What can be judged without shapes is, even where an earlier fault hides them. */
const inferLayer = (
  config: LayerConfig | undefined,
  before: LayerConfig | undefined,
  context: Pick<ShapeContext, 'index' | 'outputs'> & { readonly input: ImageShape | undefined },
): E.Either<readonly Problem[], LayerPlan> => {
  if (config === undefined) return E.left([]);
  const { index, outputs } = context;
  const { reads, readsInput = true, shape } = kindOf(config);
  const references = reads === undefined ? [] : badReferences(reads(config), index);
  const problems = [...references, ...wrongFilters(config, before)];
  // A layer that does not look at its direct input mends a chain that an earlier fault broke.
  const input = outputs[index - 1] ?? (index === 0 || !readsInput ? context.input : undefined);
  return problems.length > 0 || input === undefined
    ? E.left(problems)
    : E.map((inferred: LayerShape) => ({ ...inferred, index, config, input }))(shape(config, { ...context, input }));
};

/** A `[yolo]` layer right behind a convolution with other than its number of filters; needs no shapes. */
const wrongFilters = (config: LayerConfig, before: LayerConfig | undefined): readonly Problem[] =>
  config.type === 'yolo' && before?.type === 'convolutional' && before.filters !== yoloChannels(config)
    ? [
        {
          key: 'filters',
          expected: `${yoloChannels(config)} = ${config.mask.length} anchors x (5 + ${config.classes} classes) for the [yolo] on line ${config.at.line}`,
          found: String(before.filters),
          action: `write filters=${yoloChannels(config)}, or correct classes or mask of the [yolo]`,
        },
      ]
    : [];

/** Too many or too few filters for a `[yolo]` layer are the fault of the convolution before it. */
const blame = (problem: Problem, config: LayerConfig, index: number, before: LayerConfig | undefined): FileFault =>
  config.type === 'yolo' && problem.key === 'filters' && before !== undefined
    ? faultAt(before.at, index - 1, problem, 'shape')
    : faultAt(config.at, index, problem, 'shape');

/** Detections of all heads go into one table, so the heads must agree (the original takes the last one's word, SPEC D-14). */
const differentClasses = (configs: readonly (LayerConfig | undefined)[]): readonly FileFault[] => {
  const heads = configs.flatMap((config, index) => (config?.type === 'yolo' ? [{ config, index }] : []));
  const last = heads.at(-1);
  return heads
    .filter(({ config }) => config.classes !== last?.config.classes)
    .map(({ config, index }) =>
      faultAt(
        config.at,
        index,
        {
          key: 'classes',
          expected: `${last?.config.classes}, as in the last [yolo] (layer ${last?.index})`,
          found: String(config.classes),
          action: 'give all [yolo] layers the same classes',
        },
        'shape',
      ),
    );
};
