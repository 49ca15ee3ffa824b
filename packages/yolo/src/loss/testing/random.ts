/** Heads and batches drawn from a seed. */
import type { HeadConfig } from '../head.ts';
import type { Truth } from './oracle.ts';

/** mulberry32, in 0 to 1. */
export const randomOf = (seed: number): (() => number) => {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

export const smallHead: HeadConfig = {
  classes: 3,
  anchors: [
    [10, 14],
    [23, 27],
    [37, 58],
    [81, 82],
  ],
  mask: [1, 2],
  ignoreThresh: 0.4,
  truthThresh: 1,
  loss: 'giou',
  representation: 'exp',
  iouNormalizer: 0.75,
  clsNormalizer: 1,
  netWidth: 160,
  netHeight: 128,
  width: 5,
  height: 4,
};

export type Batch = {
  readonly raw: Float32Array;
  readonly shape: readonly number[];
  readonly lists: readonly (readonly Truth[])[];
  /** `[n, capacity, 5]`. */
  readonly truths: Float32Array;
  readonly counts: readonly number[];
};

/** Moves the predictions in a truth's cell near it, so that some overlap it well. */
const aim = (head: HeadConfig, raw: Float32Array, image: number, [x, y, w, h]: Truth, noise: () => number): void => {
  const [col, row] = [Math.trunc(x * head.width), Math.trunc(y * head.height)];
  const logit = (p: number): number => Math.log(p / (1 - p));
  const size = (s: number): number => (head.representation === 'exp' ? Math.log(s) : s);
  head.mask.forEach((m, box) => {
    const cell = (image * head.height + row) * head.width + col;
    const [aw, ah] = head.anchors[m];
    raw.set(
      [
        logit(Math.min(0.98, Math.max(0.02, x * head.width - col))) + noise(),
        logit(Math.min(0.98, Math.max(0.02, y * head.height - row))) + noise(),
        size((w * head.netWidth) / aw) + noise(),
        size((h * head.netHeight) / ah) + noise(),
      ],
      (cell * head.mask.length + box) * (5 + head.classes),
    );
  });
};

/** Some truths share a cell and an anchor, with the same class or another; some are well predicted. */
export const randomBatch = (head: HeadConfig, seed: number, n = 2, capacity = 7): Batch => {
  const random = randomOf(seed);
  const { round } = Math;
  const f32 = Math.fround;
  const channels = head.mask.length * (5 + head.classes);
  const shape = [n, head.height, head.width, channels];
  const raw = Float32Array.from({ length: n * head.height * head.width * channels }, () => 3 * random() - 1.5);
  const truths = new Float32Array(n * capacity * 5);
  const lists = Array.from({ length: n }, (_, image) => {
    const list: Truth[] = [];
    while (list.length < capacity - 1 - (image % 2)) {
      const [w, h] = head.anchors[Math.floor(random() * head.anchors.length)];
      const size = [((0.7 + 0.6 * random()) * w) / head.netWidth, ((0.7 + 0.6 * random()) * h) / head.netHeight];
      const place = [0.02 + 0.96 * random(), 0.02 + 0.96 * random()];
      const kind = round(random() * (head.classes - 1));
      const truth: Truth = [f32(place[0]), f32(place[1]), f32(size[0]), f32(size[1]), kind];
      list.push(truth);
      if (random() < 0.4) list.push([truth[0], truth[1], truth[2], truth[3], round(random() * (head.classes - 1))]);
    }
    list.length = Math.min(list.length, capacity);
    list.forEach((truth, t) => {
      if (random() < 0.5) aim(head, raw, image, truth, () => 0.3 * (random() - 0.5));
      truths.set(truth, (image * capacity + t) * 5);
    });
    return list;
  });
  return { raw, shape, lists, truths, counts: lists.map((list) => list.length) };
};
