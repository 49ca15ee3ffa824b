/**
 * Anchors from boxes: k-means over widths and heights with 1 - IoU of centred boxes as the distance (Redmon and Farhadi,
 * YOLO9000, 2017), started by k-means++ (Arthur and Vassilvitskii, 2007).
 */
import { counterRandom } from '../random/counter.ts';
import { type Random, uniform } from '../random/random.ts';

/** Width and height in pixels of the network's input, both above 0. */
export type BoxSize = readonly [width: number, height: number];

/** Overlap of two boxes with one centre, 0..1. */
export const sizeIou = ([aw, ah]: BoxSize, [bw, bh]: BoxSize): number => {
  const common = Math.min(aw, bw) * Math.min(ah, bh);
  return common / (aw * ah + bw * bh - common);
};

/** How well anchors stand for boxes. */
export type AnchorFit = {
  /** Mean over boxes of the IoU with the best anchor; NaN without boxes. */
  readonly averageIou: number;
  /** Share of boxes whose best anchor has an IoU of at least one half. */
  readonly recall: number;
  /** How many boxes each anchor is the best for. */
  readonly counts: readonly number[];
};

const bestOf = (size: BoxSize, anchors: readonly BoxSize[]): { readonly at: number; readonly iou: number } => {
  let at = 0;
  let iou = -1;
  for (let i = 0; i < anchors.length; i++) {
    const candidate = sizeIou(size, anchors[i]);
    if (candidate > iou) {
      iou = candidate;
      at = i;
    }
  }
  return { at, iou };
};

export const fitOf = (sizes: readonly BoxSize[], anchors: readonly BoxSize[]): AnchorFit => {
  const counts = anchors.map(() => 0);
  let sum = 0;
  let found = 0;
  for (const size of sizes) {
    const { at, iou } = bestOf(size, anchors);
    counts[at]++;
    sum += iou;
    if (iou >= 0.5) found++;
  }
  return { averageIou: sum / sizes.length, recall: found / sizes.length, counts };
};

/** The first at random, each next one with a chance in proportion to its squared distance to those there are. */
const seeds = (sizes: readonly BoxSize[], k: number, random: Random): BoxSize[] => {
  const anchors = [sizes[Math.min(sizes.length - 1, Math.floor(uniform(random, 0, sizes.length)))]];
  const distance = sizes.map((size) => 1 - sizeIou(size, anchors[0]));
  while (anchors.length < k) {
    const total = distance.reduce((sum, d) => sum + d * d, 0);
    let left = uniform(random, 0, 1) * total;
    let at = sizes.length - 1;
    for (let i = 0; i < sizes.length; i++) {
      left -= distance[i] ** 2;
      if (left <= 0 && distance[i] > 0) {
        at = i;
        break;
      }
    }
    const next = sizes[at];
    anchors.push(next);
    sizes.forEach((size, i) => {
      distance[i] = Math.min(distance[i], 1 - sizeIou(size, next));
    });
  }
  return anchors;
};

const longest = 300;

/** Means of the boxes that are nearest to each anchor, until none changes its anchor. One without boxes stays. */
const settle = (sizes: readonly BoxSize[], from: readonly BoxSize[]): readonly BoxSize[] => {
  let anchors = from;
  let before = new Int32Array(sizes.length).fill(-1);
  for (let round = 0; round < longest; round++) {
    const nearest = Int32Array.from(sizes, (size) => bestOf(size, anchors).at);
    if (nearest.every((at, i) => at === before[i])) break;
    before = nearest;
    const sums = anchors.map(() => [0, 0, 0]);
    sizes.forEach(([w, h], i) => {
      const sum = sums[nearest[i]];
      sum[0] += w;
      sum[1] += h;
      sum[2]++;
    });
    anchors = sums.map(([w, h, n], i): BoxSize => (n === 0 ? anchors[i] : [w / n, h / n]));
  }
  return anchors;
};

export type ClusterOptions = {
  readonly count: number;
  readonly seed?: number;
  /** The best of so many starts is kept; 5 unless told. */
  readonly starts?: number;
};

/** `count` anchors, the smallest area first. Throws a RangeError when there are fewer different sizes than that. */
export const clusterAnchors = (
  sizes: readonly BoxSize[],
  { count, seed = 0, starts = 5 }: ClusterOptions,
): readonly BoxSize[] => {
  const different = new Set(sizes.map(([w, h]) => `${w} ${h}`)).size;
  if (different < count) throw new RangeError(`${count} anchors of ${different} different box sizes`);
  const runs = Array.from({ length: starts }, (_, start) => {
    const anchors = settle(sizes, seeds(sizes, count, counterRandom(seed, start)));
    return { anchors, fit: fitOf(sizes, anchors).averageIou };
  });
  const best = runs.reduce((a, b) => (b.fit > a.fit ? b : a));
  return [...best.anchors].sort(([aw, ah], [bw, bh]) => aw * ah - bw * bh);
};
