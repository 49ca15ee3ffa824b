/** The batches of a run. */
import { type BatchStream, batches, multiScaleSide, showFault } from '@gdarknet/data';
import type { LayerConfig, NetworkPlan, Trainer } from '@gdarknet/yolo';
import type { Context } from '../core/context.ts';
import type { Crew } from '../parallel/crew.ts';
import { augmentOf } from './augment.ts';
import type { TrainValues } from './options.ts';

/** Jitter and multi-scale training are keys of the last [yolo] layer (SPEC 1.6). */
export const lastHead = ({ heads, layers }: NetworkPlan): LayerConfig<'yolo'> =>
  layers[heads[heads.length - 1]].config as LayerConfig<'yolo'>;

/** The largest input of multi-scale training (SPEC 7.6); undefined where the size stays. */
export const largestSide = (plan: NetworkPlan): number | undefined =>
  lastHead(plan).random ? multiScaleSide({ seed: 0, maxBatches: 0 }, 0) : undefined;

export type StreamChoice = {
  readonly images: readonly string[];
  readonly values: Pick<TrainValues, 'seed' | 'workers' | 'cache' | 'shrinkTo'>;
  /** Batches of this run's data that have been used. */
  readonly position: number;
  /** The batch of the schedule to end with. */
  readonly limit: number;
  readonly crew: Crew | undefined;
};

/** Which pictures of the batches are for whom: a part of each, or in the original's way a batch of one's own. */
const dealt = (trainer: Trainer, { crew, position, limit }: StreamChoice) => {
  if (crew?.sync === 'darknet') {
    const { rank, size } = crew.team;
    return {
      batch: size * trainer.batch,
      slice: { from: rank * trainer.batch, to: (rank + 1) * trainer.batch },
    };
  }
  return { batch: trainer.batch, slice: trainer.slice, end: Math.max(limit, position) };
};

export const streamFor = (trainer: Trainer, choice: StreamChoice, tell: Context['tell']): BatchStream => {
  const { net } = trainer.plan;
  const { jitter, random, classes } = lastHead(trainer.plan);
  const { images, position } = choice;
  const { seed, workers, cache, shrinkTo } = choice.values;
  const scale = { seed, maxBatches: net.max_batches };
  const sideAt = (index: number): number => multiScaleSide(scale, index);
  return batches({
    images,
    classes,
    seed,
    workers,
    width: trainer.width,
    height: trainer.height,
    ...dealt(trainer, choice),
    augment: augmentOf(net, jitter),
    maxBoxes: trainer.maxTruths,
    cacheBytes: cache * 2 ** 20,
    ...(shrinkTo !== undefined && { shrinkTo }),
    start: position,
    onFault: (fault) => tell(`skipped: ${showFault(fault)}`),
    ...(random && { sizeOf: (index: number) => ({ width: sideAt(index), height: sideAt(index) }) }),
  });
};
