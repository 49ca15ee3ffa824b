/** Augmented batches of generated pictures; the same for every loss. */
import { type BatchStream, batches } from '@gdarknet/data';
import type { LayerConfig, Trainer } from '@gdarknet/yolo';
import { type DemoPlan, trainSource } from './plan.ts';

export const streamOf = (plan: DemoPlan, trainer: Trainer): BatchStream => {
  const { net, heads, layers } = trainer.plan;
  const { jitter } = layers[heads[0]].config as LayerConfig<'yolo'>;
  return batches({
    images: trainSource(plan),
    width: trainer.width,
    height: trainer.height,
    batch: trainer.batch,
    seed: plan.seed,
    maxBoxes: trainer.maxTruths,
    sampling: 'epochs',
    augment: { jitter, hue: net.hue, saturation: net.saturation, exposure: net.exposure },
  });
};
