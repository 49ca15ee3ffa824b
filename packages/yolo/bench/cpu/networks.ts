/** The networks that are measured, with published weights where they are at hand, else random ones that keep numbers in range. */
import { existsSync, readFileSync } from 'node:fs';
import type { Device } from '@gdarknet/tensor';
import {
  completeWeights,
  type NetworkPlan,
  type NetworkWeights,
  parseNetwork,
  readWeights,
  writeWeights,
  zoo,
} from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';

const shared = process.env.GDARKNET_SHARED ?? '../shared';
const fastest = `${shared}/data/weights/yolo-fastest-1.1`;

export type Measured = {
  readonly name: string;
  readonly cfg: string;
  /** Pixels of the input. */
  readonly side: number;
  readonly weights?: Uint8Array;
};

const loss = { loss: 'giou', iouNormalizer: 0.5 } as const;
export const tiny: Measured = { name: 'yolov3-tiny', side: 416, cfg: zoo.yolov3Tiny(loss) };
export const yolov3: Measured = { name: 'yolov3', side: 416, cfg: zoo.yolov3(loss) };
/** Depthwise; undefined where its cfg is not at hand. */
export const yoloFastest: Measured | undefined = existsSync(`${fastest}.cfg`)
  ? {
      name: 'yolo-fastest-1.1',
      side: 320,
      cfg: readFileSync(`${fastest}.cfg`, 'utf8'),
      weights: readFileSync(`${fastest}.weights`),
    }
  : undefined;

export const measured: readonly Measured[] = [tiny, yolov3, ...(yoloFastest ? [yoloFastest] : [])];

/** The cfg for so many images of so many pixels a side. */
export const sized = (cfg: string, side: number, batch: number): string =>
  cfg
    .replace(/^width *=.*/m, `width=${side}`)
    .replace(/^height *=.*/m, `height=${side}`)
    .replace(/^batch *=.*/m, `batch=${batch}`)
    .replace(/^subdivisions *=.*/m, 'subdivisions=1');

export const planOf = (cfg: string): NetworkPlan => {
  const parsed = parseNetwork(cfg, { lenient: true });
  if (E.isLeft(parsed)) throw new Error(JSON.stringify(parsed.left[0]));
  return parsed.right.value;
};

/**
 * Those of the file, else Darknet's initial ones, with rolling variances of 1 in place of 0 and quiet heads: as of a trained
 * network, few boxes pass.
 */
export const weightsFor = async (
  device: Device,
  plan: NetworkPlan,
  file: Uint8Array | undefined,
): Promise<NetworkWeights> => {
  const read = file && readWeights(file, plan);
  if (read && E.isLeft(read)) throw new Error(JSON.stringify(read.left[0]));
  const weights = await completeWeights(device, plan, read?.right.value, 1);
  if (file) return weights;
  for (const layer of Object.values(weights.layers)) {
    layer?.rollingVariance?.fill(1);
    if (layer && layer.scales === undefined) for (const [i, w] of layer.weights.entries()) layer.weights[i] = w / 100;
  }
  return weights;
};

export const bytesOf = (weights: NetworkWeights, plan: NetworkPlan): Uint8Array => {
  const written = writeWeights(weights, plan);
  if (E.isLeft(written)) throw new Error(JSON.stringify(written.left[0]));
  return written.right;
};

/** Pictures with some structure, `[n, side, side, 3]`. */
export const pictures = (n: number, side: number): Float32Array =>
  Float32Array.from({ length: n * side * side * 3 }, (_, i) => ((i * 7919) % 256) / 255);
