/** The networks and sizes that are measured: the real ones, and small ones for an adapter that a processor emulates. */
import type { Device } from '@gdarknet/tensor';
import { type NetworkPlan, type NetworkWeights, zoo } from '@gdarknet/yolo';
import { planOf, sized, tiny, weightsFor, yolov3 } from '../cpu/networks.ts';

export type Subject = {
  readonly name: string;
  readonly cfg: string;
  readonly side: number;
  /** Batches of the rows; the checks run at the first of each. */
  readonly forward: readonly number[];
  readonly training: readonly number[];
};

export type Sizes = {
  readonly subjects: readonly Subject[];
  /** Side of the matrices whose product measures the peak. */
  readonly product: number;
  readonly replay: number;
};

const full: Sizes = {
  subjects: [tiny, yolov3].map(({ name, cfg }) => ({ name, cfg, side: 416, forward: [1, 8], training: [4, 16] })),
  product: 4096,
  replay: 400,
};

/** An eighth of the filters, but for those of the heads. */
const thin = (cfg: string): string =>
  cfg.replace(/^filters=(\d+)$/gm, (line, n) => (Number(n) % 16 === 0 ? `filters=${Number(n) / 8}` : line));

const small: Sizes = {
  subjects: [
    { name: 'yolov3-tiny, an eighth', cfg: thin(tiny.cfg), side: 96, forward: [1, 2], training: [2] },
    { name: 'shapes', cfg: zoo.shapes({ loss: 'giou', size: 64 }), side: 64, forward: [1], training: [2] },
  ],
  product: 128,
  replay: 100,
};

export const sizesFor = (isSmall: boolean): Sizes => (isSmall ? small : full);

export const cfgFor = ({ cfg, side }: Subject, batch: number): string => sized(cfg, side, batch);

export type Prepared = { readonly plan: NetworkPlan; readonly weights: NetworkWeights };

/** Weights drawn from a seed, the same for everyone who runs the network. */
export const prepare = async (device: Device, subject: Subject): Promise<Prepared> => {
  const plan = planOf(cfgFor(subject, 1));
  return { plan, weights: await weightsFor(device, plan, undefined) };
};
