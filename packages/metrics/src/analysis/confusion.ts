/**
 * Which category is taken for which. In each image the pairs of a detection and an object that overlap enough are taken
 * by descending overlap, each box once, whatever the categories; what stays alone is paired with "nothing".
 */
import { cornerStride } from '../box/corners.ts';
import { iouOverlap } from '../box/overlap.ts';
import type { CocoDetection, CocoInstances } from '../coco/input.ts';
import { descending } from '../core/order.ts';
import type { DetectionSet, ImageBoxes } from './images.ts';
import { detectionSet, visitImages } from './images.ts';

export interface ConfusionMatrix {
  /** The categories by id, then `background`. */
  readonly labels: readonly string[];
  /** `[what there is, what was detected]` */
  readonly counts: Float64Array;
}

export interface ConfusionOptions {
  /** Detections below are not looked at. Default 0.25. */
  readonly score?: number;
  /** IoU at which boxes are the same thing. Default 0.5. */
  readonly threshold?: number;
}

const rule = { pixel: 0, penalty: 'signed', compat: false } as const;

/** IoU of every detection with every object, `[detection, object]`. */
export const overlapsIn = ({ truth, found }: DetectionSet, { detections, objects }: ImageBoxes): Float64Array => {
  const out = new Float64Array(detections.length * objects.length);
  detections.forEach((d, i) => {
    objects.forEach((o, j) => {
      const crowd = truth.crowd[o] !== 0;
      out[i * objects.length + j] = iouOverlap(
        found.corners,
        d * cornerStride,
        truth.corners,
        o * cornerStride,
        crowd,
        rule,
      );
    });
  });
  return out;
};

export const confusionMatrix = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  { score = 0.25, threshold = 0.5 }: ConfusionOptions = {},
): ConfusionMatrix => {
  const set = detectionSet(groundTruth, detections);
  const { index, truth, found } = set;
  const n = index.categories.length + 1;
  const nothing = n - 1;
  const counts = new Float64Array(n * n);
  const count = (there: number, detected: number): void => {
    counts[there * n + detected]!++;
  };
  visitImages(set, (image) => {
    const shown = image.detections.filter((row) => found.score[row]! >= score);
    const objects = image.objects;
    const overlaps = overlapsIn(set, { detections: shown, objects });
    const detectionUsed = new Uint8Array(shown.length);
    const objectUsed = new Uint8Array(objects.length);
    for (const pair of descending(overlaps)) {
      if (overlaps[pair]! < threshold) break;
      const d = Math.floor(pair / objects.length);
      const o = pair % objects.length;
      if (detectionUsed[d] || objectUsed[o] || truth.crowd[objects[o]!]) continue;
      detectionUsed[d] = objectUsed[o] = 1;
      count(truth.category[objects[o]!]!, found.category[shown[d]!]!);
    }
    objects.forEach((row, o) => {
      if (!objectUsed[o] && !truth.crowd[row]) count(truth.category[row]!, nothing);
    });
    shown.forEach((row, d) => {
      if (detectionUsed[d]) return;
      const inCrowd = objects.some(
        (object, o) => truth.crowd[object] && overlaps[d * objects.length + o]! >= threshold,
      );
      if (!inCrowd) count(nothing, found.category[row]!);
    });
  });
  return { labels: [...index.categories.map(({ id, name }) => name ?? String(id)), 'background'], counts };
};
