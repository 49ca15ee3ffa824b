/** One detector over a list of images, or a shard of it, against what there is to find. */
import { showFault, validationBatches } from '@gdarknet/data';
import type { Detector } from '@gdarknet/yolo';
import type { Context } from '../core/context.ts';
import { detectAll } from '../detection/detect-all.ts';
import type { Part } from './scores.ts';
import type { Asked, Truth } from './truth.ts';

/** Every `of`-th image, from the `index`-th on: shard sizes differ by one at most. Counted from 0. */
export type Shard = { readonly index: number; readonly of: number };

export const whole: Shard = { index: 0, of: 1 };

export const inShard = (images: readonly string[], { index, of }: Shard): readonly Asked[] =>
  images.map((path, place) => ({ path, index: place })).filter((asked) => asked.index % of === index);

export type EvaluateOptions = {
  readonly truth: Truth;
  readonly images: readonly string[];
  readonly shard: Shard;
  /** Images computed together. */
  readonly batch: number;
  readonly label: string;
};

/** As `valid` does: boxes above .005, suppression at .45. Undefined when interrupted. */
export const evaluate = async (
  detector: Detector,
  { truth, images, shard, batch, label }: EvaluateOptions,
  context: Context,
): Promise<Part | undefined> => {
  const asked = inShard(images, shard);
  const gathering = truth.gather(asked);
  if (asked.length === 0) return gathering.part();
  const n = Math.min(batch, asked.length);
  const stream = validationBatches({
    images: asked.map(({ path }) => path),
    batch: n,
    classes: detector.classes,
    withLabels: truth.withLabels,
    width: detector.width,
    height: detector.height,
    onFault: (fault) => context.tell(`skipped: ${showFault(fault)}`),
  });
  const progress = context.progress(label, asked.length);
  let done = 0;
  try {
    const options = { thresh: 0.005, nms: 0.45, batch: n, units: truth.units } as const;
    for await (const { found, waitMs } of detectAll(detector, stream, options, context.signal)) {
      for (const one of found) gathering.found(one, asked[one.picture.index].index);
      done += found.length;
      progress.advance(done, waitMs);
    }
  } finally {
    progress.end();
    await stream.close();
  }
  return context.signal.aborted ? undefined : gathering.part();
};
