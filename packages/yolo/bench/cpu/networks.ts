/** The networks that are measured, with random weights that keep numbers in range. */
import { existsSync, readFileSync } from 'node:fs';
import type { Device } from '@gdarknet/tensor';
import {
  completeWeights,
  type NetworkPlan,
  type NetworkWeights,
  parseNetwork,
  writeWeights,
  zoo,
} from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';

const shared = process.env.GDARKNET_SHARED ?? '../shared';
const fastest = `${shared}/data/weights/yolo-fastest-1.1.cfg`;

export type Measured = { readonly name: string; readonly cfg: string };

const loss = { loss: 'giou', iouNormalizer: 0.5 } as const;
export const tiny: Measured = { name: 'yolov3-tiny', cfg: zoo.yolov3Tiny(loss) };
export const yolov3: Measured = { name: 'yolov3', cfg: zoo.yolov3(loss) };
/** Depthwise; undefined where its cfg is not at hand. */
export const yoloFastest: Measured | undefined = existsSync(fastest)
  ? { name: 'yolo-fastest-1.1', cfg: readFileSync(fastest, 'utf8') }
  : undefined;

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

/** Darknet's initial weights, with rolling variances of 1 in place of 0. */
export const randomWeights = async (device: Device, plan: NetworkPlan): Promise<NetworkWeights> => {
  const weights = await completeWeights(device, plan, undefined, 1);
  for (const layer of Object.values(weights.layers)) layer?.rollingVariance?.fill(1);
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
