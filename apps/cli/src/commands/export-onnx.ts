/** `gdarknet export onnx`: a network with its weights for onnxruntime and everything else that reads ONNX. */
import { completeWeights, exportOnnx, type NetworkPlan, type NetworkWeights, readWeights } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, maybe, one } from '../arguments/command.ts';
import { flag, needed, optional, withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { oneOf, text, whole } from '../arguments/value.ts';
import { type Failure, thrown } from '../core/failure.ts';
import { cfgOf, cfgOptions } from '../inputs/cfg.ts';
import { networkOptions } from '../inputs/detector.ts';
import { withDevice } from '../inputs/device.ts';
import { bytesOf, checked, namesFrom } from '../inputs/files.ts';
import { writeSet } from '../outputs/write-set.ts';

/** Only fresh weights are computed here, and few files need any. */
const completed = (
  plan: NetworkPlan,
  weights: NetworkWeights | undefined,
  seed: number,
): TE.TaskEither<Failure, NetworkWeights> =>
  withDevice({ device: 'wasm', threads: 1 })((device) =>
    TE.tryCatch(() => completeWeights(device, plan, weights, seed), thrown),
  );

export const exportOnnxCommand = command({
  path: ['export', 'onnx'],
  product: 'files',
  summary: 'Write a network with its weights as an ONNX model.',
  details: [
    'The input is `image`, [n, 3, height, width], RGB in 0 to 1, letterboxed as `test` does. Outputs: yolo_<layer>, [n, anchors x (5 + classes), h, w], what comes into each [yolo] layer; with --outputs boxes all heads decoded: boxes [n, rows, 4], centre and size relative to the input, and scores [n, rows, classes], before suppression.',
    'Anchors, classes and names are kept in the metadata, as gdarknet.heads and gdarknet.names.',
  ],
  examples: ['gdarknet export onnx yolov3.cfg yolov3.weights --out yolov3.onnx --outputs boxes'],
  positionals: { cfg: one('the network'), weights: maybe('its weights; without them it gets random ones') },
  options: {
    out: needed(text, { placeholder: 'x.onnx', doc: 'the file to write' }),
    outputs: withDefault(oneOf('raw', 'boxes', 'both'), 'raw', {
      placeholder: 'raw|boxes|both',
      doc: "the heads' inputs as they are, decoded boxes and scores, or all of these",
    }),
    batch: optional(whole({ min: 1 }), { placeholder: 'n', doc: 'images at a time [any number]' }),
    noFold: flag('keep batch normalisation as nodes of its own, in place of multiplying it into the weights'),
    names: optional(text, { placeholder: 'file', doc: "the class names, for the model's metadata" }),
    seed: withDefault(whole({ min: 0, max: 2 ** 32 - 1 }), 0, { placeholder: 'n', doc: 'of random weights' }),
    compat: networkOptions.compat,
    ...cfgOptions,
    width: networkOptions.width,
    height: networkOptions.height,
    partial: networkOptions.partial,
    allowUnsound: networkOptions.allowUnsound,
    json,
  },
  run: (values, context) =>
    pipe(
      TE.Do,
      TE.bind('network', () => {
        const { cfg, ignore, strict, width, height } = values;
        return cfgOf(cfg, { ignore, strict, ...(width && { width }), ...(height && { height }) }, context);
      }),
      TE.let('plan', ({ network }) => network.plan),
      TE.bind('weights', ({ plan }) => {
        const { weights: file, partial, allowUnsound } = values;
        return file === undefined
          ? TE.right(undefined)
          : pipe(
              bytesOf(file),
              TE.flatMapEither((bytes) =>
                checked(context)(readWeights(bytes, plan, { file, partial, allowUnsound, whole: true })),
              ),
            );
      }),
      TE.bind('names', () =>
        values.names === undefined ? TE.right(undefined) : namesFrom(values.names, undefined, context),
      ),
      TE.bind('whole', ({ plan, weights }) => completed(plan, weights, values.seed)),
      TE.let('content', ({ plan, whole, names }) =>
        exportOnnx(plan, whole, {
          outputs: values.outputs,
          fold: !values.noFold,
          convention: values.compat ?? 'cudnn',
          ignoreScale: values.compat !== undefined,
          ...(values.batch && { batch: values.batch }),
          ...(names && { names }),
        }),
      ),
      TE.tap(({ content }) => writeSet([{ path: values.out, content }])),
      TE.map(({ content, network: { notices } }) =>
        context.print(values.json ? JSON.stringify({ file: values.out, bytes: content.length, notices }) : values.out),
      ),
    ),
});
