/**
 * How well boxes fit, whatever their categories: the mean overlap over the objects when in each image the best pairs of
 * a detection and an object are taken one after another (evaluate_bboxreg of the original). An object without a
 * detection left has 0 (IoU) or -1 (GIoU).
 */
import { cornerStride } from '../box/corners.ts';
import type { CocoDetection, CocoInstances } from '../coco/input.ts';
import type { CocoOptions } from '../coco/params.ts';
import { cocoParams, measureOf, ruleOf } from '../coco/params.ts';
import { descending } from '../core/order.ts';
import { detectionSet, visitImages } from './images.ts';

export interface BoxRegression {
  /** NaN when nothing was compared. */
  readonly mean: number;
  /** Assigned overlaps, images ascending, in each the best pair first. */
  readonly values: Float64Array;
}

/** In `compat` images without any detection are passed over, as the original does; otherwise their objects count as missed. */
export const boxRegression = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  options: Pick<CocoOptions, 'overlap' | 'compat'> = {},
): BoxRegression => {
  const params = cocoParams(options);
  const { overlap } = measureOf(params);
  const rule = ruleOf(params);
  const missed = params.overlap === 'iou' ? 0 : -1;
  const set = detectionSet(groundTruth, detections);
  const { truth, found } = set;
  const values: number[] = [];
  visitImages(set, (image) => {
    if (params.compat && image.detections.length === 0) return;
    // Ties are taken in the original's order: by category, detections of equal score likewise.
    const objects = [...image.objects].sort((a, b) => truth.category[a] - truth.category[b]);
    const rows = [...image.detections].sort(
      (a, b) => found.score[b] - found.score[a] || found.category[a] - found.category[b],
    );
    const overlaps = new Float64Array(rows.length * objects.length);
    rows.forEach((d, i) => {
      objects.forEach((o, j) => {
        const crowd = truth.crowd[o] !== 0;
        const at = i * objects.length + j;
        overlaps[at] = overlap(found.corners, d * cornerStride, truth.corners, o * cornerStride, crowd, rule);
      });
    });
    const usedRow = new Uint8Array(rows.length);
    const usedObject = new Uint8Array(objects.length);
    let assigned = 0;
    // numpy's argmax finds NaN, which only `compat` can hold, before any number.
    const keys = overlaps.map((value) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value));
    for (const pair of descending(keys)) {
      const [i, j] = [Math.floor(pair / objects.length), pair % objects.length];
      if (usedRow[i] || usedObject[j]) continue;
      usedRow[i] = usedObject[j] = 1;
      values.push(overlaps[pair]);
      assigned++;
    }
    for (; assigned < objects.length; assigned++) values.push(missed);
  });
  let sum = 0;
  for (const value of values) sum += value;
  return { mean: sum / values.length, values: Float64Array.from(values) };
};
