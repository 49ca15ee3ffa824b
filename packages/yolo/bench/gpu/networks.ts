/** The networks and sizes that are measured: the real ones, and small ones for an adapter that a processor emulates. */
import type { Device } from '@gdarknet/tensor';
import { completeWeights, type NetworkPlan, type NetworkWeights, zoo } from '@gdarknet/yolo';
import { planOf, sized, tiny, yolov3 } from '../cpu/networks.ts';

export type Subject = {
  readonly name: string;
  readonly cfg: string;
  readonly side: number;
  /** Batches of the rows; the checks run at the first of each. */
  readonly forward: readonly number[];
  readonly training: readonly number[];
  /** How far the norm of a tensor's gradient may be off in float32, as a share. */
  readonly gradients: number;
};

export type Sizes = {
  readonly subjects: readonly Subject[];
  /** Side of the matrices whose product measures the peak. */
  readonly product: number;
  readonly replay: number;
};

/**
 * A leaky activation bends at 0, and of ten million some lie so close to it that rounding decides the side. Weights changed
 * by one part in ten million move the worst tensor's gradient by 0.016 (yolov3-tiny) and 0.03 (yolov3) on one and the same
 * device; a change of one in a million does no more. The small networks, with a thousandth of the activations, are exact to
 * 4e-5, so they are checked first whatever is measured.
 */
const full: Sizes = {
  subjects: [tiny, yolov3].map(({ name, cfg }) => ({
    name,
    cfg,
    side: 416,
    forward: [1, 8],
    training: [4, 16],
    gradients: 0.1,
  })),
  product: 4096,
  replay: 400,
};

/** An eighth of the filters, but for those of the heads. */
const thin = (cfg: string): string =>
  cfg.replace(/^filters=(\d+)$/gm, (line, n) => (Number(n) % 16 === 0 ? `filters=${Number(n) / 8}` : line));

const small: Sizes = {
  subjects: [
    {
      name: 'yolov3-tiny, an eighth',
      cfg: thin(tiny.cfg),
      side: 96,
      forward: [1, 2],
      training: [2],
      gradients: 1e-2,
    },
    {
      name: 'shapes',
      cfg: zoo.shapes({ loss: 'giou', size: 64 }),
      side: 64,
      forward: [1],
      training: [2],
      gradients: 1e-2,
    },
  ],
  product: 128,
  replay: 100,
};

export const sizesFor = (isSmall: boolean): Sizes => (isSmall ? small : full);
/** What is checked before `sizes` are measured. */
export const checkedFor = (sizes: Sizes): readonly Subject[] =>
  sizes === small ? small.subjects : [...small.subjects, ...sizes.subjects];

export const cfgFor = ({ cfg, side }: Subject, batch: number): string => sized(cfg, side, batch);

export type Prepared = { readonly plan: NetworkPlan; readonly weights: NetworkWeights };

/** Weights drawn from a seed, the same for everyone who runs the network; rolling variances are 1, not Darknet's 0. */
export const prepare = async (device: Device, subject: Subject): Promise<Prepared> => {
  const plan = planOf(cfgFor(subject, 1));
  const weights = await completeWeights(device, plan, undefined, 1);
  for (const layer of weights.layers) layer?.rollingVariance?.fill(1);
  return { plan, weights };
};

/** Numbers in 0 to 1 that nowhere repeat: xorshift, 32 bits. */
const noise = (): (() => number) => {
  let state = 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 8) / 2 ** 24;
  };
};

/**
 * Pictures `[n, side, side, 3]`. Where patches are alike, so are the places at which an activation bends, and devices that
 * round in their own ways fall on either side at all of them together: these have no two alike.
 */
export const pictures = (n: number, side: number): Float32Array => {
  const next = noise();
  return Float32Array.from({ length: n * side * side * 3 }, next);
};

export const truthsPerPicture = 3;
/** Truths `[n, most, 5]`, the first few of each picture given: x, y, w, h, class. */
export const truthsOf = (n: number, most: number): Float32Array => {
  const next = noise();
  const truths = new Float32Array(n * most * 5);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < truthsPerPicture; k++) {
      const box = [0.2 + 0.6 * next(), 0.2 + 0.6 * next(), 0.1 + 0.3 * next(), 0.1 + 0.3 * next()];
      truths.set([...box, k], (i * most + k) * 5);
    }
  }
  return truths;
};
