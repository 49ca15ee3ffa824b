/** A batch cut into its mini-batches, as the compiled step takes them. */
import { type Tensor, tensor } from '@gdarknet/tensor';
import { assign, type Targets } from '../loss/assignment.ts';
import type { HeadConfig, LossOptions } from '../loss/head.ts';
import type { TrainingBatch } from './contract.ts';

export type Part = { readonly x: Tensor; readonly targets: Targets; readonly dropped: number };

export type Cut = {
  readonly heads: readonly HeadConfig[];
  /** Images of a mini-batch. */
  readonly images: number;
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  readonly maxTruths: number;
  readonly compat: LossOptions['compat'];
};

/** Capacities of the truth buffers: few, so that few plans are made. */
const capacityFor = (most: number, limit: number): number => {
  let capacity = 8;
  while (capacity < most) capacity *= 2;
  return Math.min(capacity, Math.max(limit, most));
};

/** `[n, from, 5]` to `[n, to, 5]`. */
const resizeTruths = (truths: Float32Array, n: number, from: number, to: number): Float32Array => {
  const resized = new Float32Array(n * to * 5);
  for (let i = 0; i < n; i++) {
    resized.set(truths.subarray(i * from * 5, i * from * 5 + Math.min(from, to) * 5), i * to * 5);
  }
  return resized;
};

/** Mini-batch `index` of `parts`. */
export const cutPart = (batch: TrainingBatch, index: number, parts: number, cut: Cut): Part => {
  const { images, channels, width, height, maxTruths, heads, compat } = cut;
  const pixels = height * width * channels;
  const given = batch.truths.length / 5 / (parts * images);
  if (batch.x.length !== parts * images * pixels || !Number.isInteger(given)) {
    throw new RangeError(
      `a batch is ${parts * images} pictures of ${width} x ${height} x ${channels}, and as many truths for each`,
    );
  }
  const counts = Array.from({ length: images }, (_, i) => Math.min(batch.counts[index * images + i], maxTruths));
  const capacity = capacityFor(
    counts.reduce((most, n) => Math.max(most, n), 0),
    maxTruths,
  );
  const mine = batch.truths.subarray(index * images * given * 5, (index + 1) * images * given * 5);
  const { targets, dropped } = assign(heads, resizeTruths(mine, images, given, capacity), counts, compat);
  const x = tensor(batch.x.subarray(index * images * pixels, (index + 1) * images * pixels), [
    images,
    height,
    width,
    channels,
  ]);
  return { x, targets, dropped };
};

/** A mini-batch of nothing with the most truths that there can be: for its shapes. */
export const emptyPart = (cut: Cut): Part => {
  const { images, channels, width, height, maxTruths } = cut;
  const counts = new Array<number>(images).fill(maxTruths);
  const truths = new Float32Array(images * maxTruths * 5).map((_, i) => [0.5, 0.5, 0.1, 0.1, 0][i % 5]);
  return cutPart({ x: new Float32Array(images * width * height * channels), truths, counts }, 0, 1, cut);
};
