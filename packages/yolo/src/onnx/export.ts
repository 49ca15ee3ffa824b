/** A network with its weights as an ONNX model, for onnxruntime and everything else that reads the format. */
import type { Convention } from '@gdarknet/nn';
import type { LayerConfig } from '../darknet/config.ts';
import type { NetworkPlan } from '../darknet/plan.ts';
import type { NetworkWeights } from '../darknet/weights.ts';
import { kernelShape } from '../darknet/weights-layout.ts';
import type { Source } from '../layers/common/onnx.ts';
import { kindOf } from '../layers/index.ts';
import { builder } from './builder.ts';
import { activatedHead, addBoxes, type Head } from './heads.ts';
import { encodeModel, type ValueInfo } from './model.ts';

export type OnnxOptions = {
  /**
   * `raw`: for each `[yolo]` layer `yolo_<index>`, what comes into it, `[n, anchors (5 + classes), h, w]`. `boxes`: all heads
   * decoded, `boxes` `[n, rows, 4]` (centre and size relative to the input) and `scores` `[n, rows, classes]` (objectness
   * times class), before suppression. Default `raw`. A network without heads has one output, `output`.
   */
  readonly outputs?: 'raw' | 'boxes' | 'both';
  /** Images at a time; default: any number (`n`). */
  readonly batch?: number;
  /** Batch normalisation multiplied into the weights (default), or as nodes of its own. */
  readonly fold?: boolean;
  /** Whose batch normalisation; default `cudnn`, as everywhere. */
  readonly convention?: Convention;
  /** Leaves `scale_x_y` out, as the original does. */
  readonly ignoreScale?: boolean;
  /** Class names, kept in the model's metadata. */
  readonly names?: readonly string[];
};

const inputName = 'image';

const isHead = (config: LayerConfig): config is LayerConfig<'yolo'> => config.type === 'yolo';

const headOutputs = (heads: readonly (Head & { readonly index: number })[], n: number | string): readonly ValueInfo[] =>
  heads.map(({ index, shape: { c, h, w } }) => ({ name: `yolo_${index}`, shape: [n, c, h, w] }));

const boxOutputs = (heads: readonly Head[], n: number | string): readonly ValueInfo[] => {
  const rows = heads.reduce((sum, { shape, config }) => sum + shape.h * shape.w * config.mask.length, 0);
  return [
    { name: 'boxes', shape: [n, rows, 4] },
    { name: 'scores', shape: [n, rows, heads[0].config.classes] },
  ];
};

/** What a reader needs to make boxes of the raw outputs. */
const metadataOf = (
  heads: readonly (Head & { readonly index: number })[],
  names: readonly string[] | undefined,
): Readonly<Record<string, string>> => ({
  'gdarknet.heads': JSON.stringify(
    heads.map(({ index, config: { classes, mask, anchors, representation, scale_x_y } }) => ({
      output: `yolo_${index}`,
      classes,
      representation,
      scale_x_y,
      anchors: mask.map((m) => [anchors[2 * m], anchors[2 * m + 1]]),
    })),
  ),
  ...(names && { 'gdarknet.names': JSON.stringify(names) }),
});

/**
 * The bytes of a `.onnx` file. Input `image`, `[n, 3, height, width]` RGB in 0 to 1, letterboxed. `weights` must hold every
 * layer that has any: a RangeError names the first that is missing (fill a partial file with `completeWeights`).
 */
export const exportOnnx = (plan: NetworkPlan, weights: NetworkWeights, options: OnnxOptions = {}): Uint8Array => {
  const { outputs = 'raw', batch: n = 'n', fold = true, convention = 'cudnn', ignoreScale = false, names } = options;
  const to = builder();
  const made: Source[] = [];
  const heads: (Head & { readonly index: number })[] = [];
  const isRead = new Set(plan.layers.flatMap(({ sources }) => sources));
  const source = (index: number): Source => (index < 0 ? { name: inputName, shape: plan.input } : made[index]);
  for (const layer of plan.layers) {
    const { index, config, output } = layer;
    const sources = layer.sources.map(source);
    const normalisation = { fold, convention };
    const own = { index, kernel: kernelShape(layer), weights: weights.layers[index] };
    const name = kindOf(config).onnx(config, { to, sources, normalisation, ...own });
    if (isHead(config)) {
      const head = { index, config, input: name, shape: output };
      heads.push(head);
      made.push({ name: isRead.has(index) ? activatedHead(to, head) : name, shape: output });
    } else made.push({ name, shape: output });
  }
  const infos: ValueInfo[] = [];
  if (heads.length === 0) {
    const { name, shape } = source(plan.layers.length - 1);
    to.named('output', 'Identity', [name]);
    infos.push({ name: 'output', shape: [n, shape.c, shape.h, shape.w] });
  }
  if (heads.length > 0 && outputs !== 'boxes') {
    for (const { index, input } of heads) to.named(`yolo_${index}`, 'Identity', [input]);
    for (const info of headOutputs(heads, n)) infos.push(info);
  }
  if (heads.length > 0 && outputs !== 'raw') {
    addBoxes(to, heads, plan.input, ignoreScale);
    for (const info of boxOutputs(heads, n)) infos.push(info);
  }
  const { h, w, c } = plan.input;
  return encodeModel({
    producer: 'gdarknet',
    metadata: metadataOf(heads, names),
    graph: {
      name: plan.file,
      nodes: to.nodes,
      constants: to.constants,
      inputs: [{ name: inputName, shape: [n, c, h, w] }],
      outputs: infos,
    },
  });
};
