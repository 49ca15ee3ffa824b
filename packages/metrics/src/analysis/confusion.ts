/**
 * Which category is taken for which. In each image the pairs of a detection and an object that overlap enough are taken
 * by descending overlap, each box once, whatever the categories; what stays alone is paired with "nothing".
 */
import { cornerStride } from '../box/corners.ts';
import { iouOverlap } from '../box/overlap.ts';
import { checkOptions, iouRule, limitRule, numberRule } from '../check/options.ts';
import type { CocoDetection, CocoInstances } from '../coco/input.ts';
import type { CocoNote } from '../coco/notes.ts';
import { descending } from '../core/order.ts';
import type { DetectionSet, ImageBoxes } from './images.ts';
import { detectionSet, visitImages } from './images.ts';

export interface ConfusionMatrix {
  /** The categories by id, then `background`. */
  readonly labels: readonly string[];
  /** `[what there is, what was detected]` */
  readonly counts: Float64Array;
  /** Rows that were left out. */
  readonly notes: readonly CocoNote[];
}

export interface ConfusionOptions {
  /** Detections below are not looked at. Default 0.25. */
  readonly score?: number | undefined;
  /** IoU at which boxes are the same thing. Default 0.5. */
  readonly threshold?: number | undefined;
  /** Detections an image, those with the best scores; all unless told. */
  readonly maxDets?: number | undefined;
}

const options = /* @__PURE__ */ (() => ({
  score: numberRule(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
  threshold: iouRule,
  maxDets: limitRule,
}))();
const aliases = { iou: 'threshold', conf: 'score', limit: 'maxDets' };
const rule = { pixel: 0, penalty: 'signed', compat: false } as const;

/** IoU of a row of `found` with a row of `truth`. */
const overlapAt = ({ truth, found }: DetectionSet, d: number, o: number): number =>
  iouOverlap(found.corners, d * cornerStride, truth.corners, o * cornerStride, truth.crowd[o] !== 0, rule);

/** IoU of every detection with every object, `[detection, object]`. */
export const overlapsIn = (
  set: DetectionSet,
  { detections, objects }: Pick<ImageBoxes, 'detections' | 'objects'>,
): Float64Array => {
  const out = new Float64Array(detections.length * objects.length);
  detections.forEach((d, i) => {
    objects.forEach((o, j) => {
      out[i * objects.length + j] = overlapAt(set, d, o);
    });
  });
  return out;
};

/** Pairs that overlap enough, by descending overlap, and the detections that lie in a crowd. */
const pairsIn = (set: DetectionSet, shown: Uint32Array, objects: Uint32Array, threshold: number) => {
  const detection: number[] = [];
  const object: number[] = [];
  const overlaps: number[] = [];
  const inCrowd = new Uint8Array(shown.length);
  shown.forEach((row, d) => {
    objects.forEach((there, o) => {
      const overlap = overlapAt(set, row, there);
      if (overlap < threshold) return;
      if (set.truth.crowd[there]) {
        inCrowd[d] = 1;
        return;
      }
      detection.push(d);
      object.push(o);
      overlaps.push(overlap);
    });
  });
  const order = descending(Float64Array.from(overlaps));
  return { order, detection, object, inCrowd };
};

/** @throws CocoInputError, OptionError */
export const confusionMatrix = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  given: ConfusionOptions = {},
): ConfusionMatrix => {
  checkOptions(given, options, aliases);
  const { score = 0.25, threshold = 0.5, maxDets = Number.POSITIVE_INFINITY } = given;
  const set = detectionSet(groundTruth, detections);
  const { index, truth, found } = set;
  const n = index.categories.length + 1;
  const nothing = n - 1;
  const counts = new Float64Array(n * n);
  const count = (there: number, detected: number): void => {
    counts[there * n + detected]++;
  };
  visitImages(set, ({ detections: all, objects }) => {
    const shown = all.subarray(0, Math.min(maxDets, all.length)).filter((row) => found.score[row] >= score);
    const { order, detection, object, inCrowd } = pairsIn(set, shown, objects, threshold);
    const detectionUsed = new Uint8Array(shown.length);
    const objectUsed = new Uint8Array(objects.length);
    for (const pair of order) {
      const [d, o] = [detection[pair], object[pair]];
      if (detectionUsed[d] || objectUsed[o]) continue;
      detectionUsed[d] = objectUsed[o] = 1;
      count(truth.category[objects[o]], found.category[shown[d]]);
    }
    objects.forEach((row, o) => {
      if (!objectUsed[o] && !truth.crowd[row]) count(truth.category[row], nothing);
    });
    shown.forEach((row, d) => {
      if (!detectionUsed[d] && !inCrowd[d]) count(nothing, found.category[row]);
    });
  });
  const labels = [...index.categories.map(({ id, name }) => name ?? String(id)), 'background'];
  return { labels, counts, notes: set.notes };
};
