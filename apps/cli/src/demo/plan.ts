/** What the demonstration trains: the same small network with each loss, on generated pictures. */
import { type Source, shapeNames } from '@gdarknet/data';
import { type ZooLoss, zoo } from '@gdarknet/yolo';

export type DemoPlan = {
  readonly losses: readonly ZooLoss[];
  /** Updates of each network. */
  readonly batches: number;
  /** Pictures of an update. */
  readonly batch: number;
  readonly learningRate: number;
  /** Side of the pictures and of the network's input. */
  readonly size: number;
  readonly train: number;
  readonly valid: number;
  readonly seed: number;
};

export const losses: readonly ZooLoss[] = ['mse', 'iou', 'giou'];
export const names = shapeNames;

/** Warm-up, then three falls of the rate. */
export const cfgOf = ({ batches, batch, learningRate, size }: DemoPlan, loss: ZooLoss): string =>
  zoo.shapes({
    loss,
    size,
    net: {
      ...{ batch, learning_rate: learningRate, max_batches: batches },
      burn_in: Math.max(1, Math.round(batches * 0.1)),
      steps: [0.54, 0.77, 0.91].map((share) => Math.round(batches * share)).join(),
    },
  });

export const trainSource = ({ seed, size, train }: DemoPlan): Source => ({ kind: 'shapes', seed, size, count: train });
/** Pictures that no network has seen: another seed. */
export const validSource = ({ seed, size, valid }: DemoPlan): Source => ({
  ...{ kind: 'shapes', size, count: valid },
  seed: seed + 1,
});
