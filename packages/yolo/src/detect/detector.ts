/** From a cfg and weights to boxes: the one-line use of the original's Python binding, on any device. */
import type { Device, HostArray, Tensor } from '@gdarknet/tensor';
import { evaluate, fetch, jit, key, tensor } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import type { LayerConfig } from '../darknet/config.ts';
import type { FileFault, FileNotice } from '../darknet/fault.ts';
import { type NetworkPlan, parseNetwork } from '../darknet/plan.ts';
import { type NetworkWeights, readWeights } from '../darknet/weights.ts';
import { buildNetwork } from '../network/network.ts';
import { foldNormalisation, installWeights } from '../network/variables.ts';
import { type Candidates, type Detection, listDetections } from './candidates.ts';
import { decodeYolo, type YoloOutput } from './decode.ts';
import { correctLetterbox } from './letterbox.ts';
import { nmsSort } from './nms.ts';
import { type NmsKind, nmsKindOf } from './overlap.ts';
import type { ImageSize } from './results.ts';

export type LoadOptions = {
  /** Text of the cfg, and its name for messages. */
  readonly cfg: string;
  readonly cfgFile?: string;
  /** Bytes of a `.weights` file, and its name for messages; without them the weights are random. */
  readonly weights?: Uint8Array;
  readonly weightsFile?: string;
  readonly device: Device;
  /** In place of the cfg's; multiples of the network's largest stride. */
  readonly width?: number;
  readonly height?: number;
  /** The original's CPU build: its batch normalisation (SPEC 4.2), and no `scale_x_y`. */
  readonly compat?: 'darknet-cpu';
  /** Keys of the cfg to drop. */
  readonly ignore?: readonly string[];
  /** Refuse keys that change training and are not implemented. */
  readonly strict?: boolean;
  /** Take weights that end in the middle of the network. */
  readonly partial?: boolean;
  /** Take weights that are NaN or infinite, with a notice; default: they are faults. */
  readonly allowUnsound?: boolean;
};

/** Letterboxed pictures, `[n, height, width, 3]` RGB in 0 to 1, and the sizes they had. */
export type ImageBatch = { readonly x: Float32Array; readonly sizes: readonly ImageSize[] };

export type DetectOptions = {
  /** Of objectness times class probability; default 0.5. */
  readonly thresh?: number;
  /** Overlap above which the lesser of two boxes of a class goes; default 0.45. 0 keeps all. */
  readonly nms?: number;
  /** What boxes are compared by in suppression; default: as the cfg's `nms_kind` says, `iou` without one, as the original. */
  readonly nmsKind?: NmsKind;
  /** Changes the heads' outputs before they are decoded, or makes fewer of them: averages over pictures. */
  readonly mix?: Mix;
};

/** Of each picture the outputs of its heads, in order; the results belong to the first pictures of the batch. */
export type Mix = (outputs: readonly (readonly YoloOutput[])[]) => readonly (readonly YoloOutput[])[];

export type Detector = {
  readonly plan: NetworkPlan;
  /** What the author of the files should know. */
  readonly notices: readonly FileNotice[];
  readonly classes: number;
  /** Of the network's input. */
  readonly width: number;
  readonly height: number;
  /** After suppression, relative to each image or in its pixels: what the writers of result files take. */
  readonly candidates: (
    batch: ImageBatch,
    options?: DetectOptions & { readonly units?: 'relative' | 'pixels' },
  ) => Promise<readonly Candidates[]>;
  /** Best first; boxes (centre, size) relative to each image. */
  readonly detect: (batch: ImageBatch, options?: DetectOptions) => Promise<readonly (readonly Detection[])[]>;
  readonly close: () => void;
};

const unmixed: Mix = (outputs) => outputs;

const noHead = (file: string): FileFault => ({
  tag: 'section',
  file,
  expected: 'at least one [yolo] section',
  action: 'give the cfg of a detector',
});

/** One image's part of a head's output. */
const part = (values: HostArray, image: number, count: number): Float32Array => {
  const size = values.length / count;
  return (values as Float32Array).subarray(image * size, (image + 1) * size);
};

export const loadDetector = async (options: LoadOptions): Promise<E.Either<readonly FileFault[], Detector>> => {
  const { device, compat, cfgFile = 'cfg', weightsFile = 'weights' } = options;
  const { width, height, ignore, strict, partial = false, allowUnsound = false } = options;
  const parsed = parseNetwork(options.cfg, { file: cfgFile, width, height, ignore, strict });
  if (E.isLeft(parsed)) return parsed;
  const { value: plan, notices: fromCfg } = parsed.right;
  if (plan.heads.length === 0) return E.left([noHead(cfgFile)]);
  const read =
    options.weights && readWeights(options.weights, plan, { file: weightsFile, partial, allowUnsound, whole: true });
  if (read && E.isLeft(read)) return read;
  const notices = [...fromCfg, ...(read ? read.right.notices : [])];

  const convention = compat === 'darknet-cpu' ? 'darknet-cpu' : 'cudnn';
  const fresh = buildNetwork(plan).init(key(0));
  const weights: NetworkWeights | undefined = read?.right.value;
  const variables = weights ? installWeights(plan, fresh, weights) : fresh;
  // Constants of the plan: the device lays them out for its kernels once.
  const params = await evaluate(device, foldNormalisation(plan, variables, convention));
  const network = buildNetwork(plan, { folded: true });
  const run = jit(device, (x: Tensor) => {
    const { outputs } = network.apply(params, {}, x, { training: false });
    return plan.heads.map((index) => fetch(outputs[index]));
  });

  const heads = plan.heads.map((index) => plan.layers[index]);
  const last = heads[heads.length - 1].config as LayerConfig<'yolo'>;
  const ofCfg = nmsKindOf(last.nms_kind, last.beta_nms);
  const { h, w, c } = plan.input;
  const candidates: Detector['candidates'] = async (
    batch,
    { thresh = 0.5, nms = 0.45, nmsKind = ofCfg, units = 'relative', mix = unmixed } = {},
  ) => {
    const n = batch.sizes.length;
    const outputs = await run(tensor(batch.x, [n, h, w, c]));
    const each = batch.sizes.map((_, image) =>
      heads.map(
        ({ config, output }, i): YoloOutput => ({
          head: config as LayerConfig<'yolo'>,
          h: output.h,
          w: output.w,
          values: part(outputs[i], image, n),
          activated: true,
        }),
      ),
    );
    return mix(each).map((mine, image) => {
      const size = batch.sizes[image];
      const found = decodeYolo(mine, {
        netWidth: w,
        netHeight: h,
        threshold: thresh,
        ignoreScale: compat === 'darknet-cpu',
      });
      const placed = correctLetterbox(found, {
        imageWidth: size.width,
        imageHeight: size.height,
        netWidth: w,
        netHeight: h,
        units,
      });
      return nms > 0 ? nmsSort(placed, nms, { kind: nmsKind }) : placed;
    });
  };

  return E.right({
    plan,
    notices,
    classes: last.classes,
    width: w,
    height: h,
    candidates,
    detect: async (batch, detectOptions = {}) =>
      (await candidates(batch, detectOptions)).map((found) => listDetections(found)),
    close: run.close,
  });
};
