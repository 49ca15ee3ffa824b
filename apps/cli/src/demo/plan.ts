/** What the demonstration trains: the same small network with each loss, on generated pictures. */
import { type Source, shapeNames } from '@gdarknet/data';
import { type ZooLoss, zoo } from '@gdarknet/yolo';

export type DemoPlan = {
  readonly losses: readonly ZooLoss[];
  /** Updates of each network. */
  readonly batches: number;
  /** Pictures of an update. */
  readonly batch: number;
  /** In place of the network's own. */
  readonly rate: number | undefined;
  /** Side of the pictures and of the network's input. */
  readonly size: number;
  /** Training pictures. */
  readonly train: number;
  readonly valid: number;
  readonly seed: number;
};

export const losses: readonly ZooLoss[] = ['mse', 'iou', 'giou'];
export const names = shapeNames;

/** Of a training, in the proportions of `zoo.shapes`: the warm-up's end, and where the rate falls. */
const warmUp = 0.1;
/** With fewer batches of warm-up the rate of a full run diverges. */
const shortestWarmUp = 130;
const falls = [0.54, 0.77, 0.91];

export const cfgOf = ({ batches, batch, rate, size }: DemoPlan, loss: ZooLoss): string =>
  zoo.shapes({
    loss,
    size,
    net: {
      batch,
      max_batches: batches,
      burn_in: Math.max(shortestWarmUp, Math.ceil(warmUp * batches)),
      steps: falls.map((share) => Math.round(share * batches)).join(','),
      ...(rate !== undefined && { learning_rate: rate }),
    },
  });

export const trainSource = ({ seed, size, train }: DemoPlan): Source => ({ kind: 'shapes', seed, size, count: train });
/** Pictures that no network has seen: another seed. */
export const validSource = ({ seed, size, valid }: DemoPlan): Source => ({
  kind: 'shapes',
  size,
  count: valid,
  seed: seed + 1,
});
