/** How well the boxes fit that find an object: the mean IoU of the pairs that COCO's matching makes. */
import { iouOf } from '../box/columns.ts';
import { checkOptions, iouRule, numberRule } from '../check/options.ts';
import type { CocoDetection, CocoInstances } from '../coco/input.ts';
import { cocoMatches } from '../coco/matches.ts';
import type { CocoOptions } from '../coco/params.ts';

export interface MeanIou {
  /** Over the matched pairs; NaN when there is none. */
  readonly matched: number;
  /** Over the objects to find, 0 for one that is missed; NaN when there is none. */
  readonly objects: number;
  readonly pairs: number;
}

export interface MeanIouOptions extends Pick<CocoOptions, 'useCats' | 'imgIds' | 'catIds'> {
  /** IoU from which a pair is one. Default 0.5. */
  readonly threshold?: number | undefined;
  /** Detections below are not looked at. Default: all are. */
  readonly score?: number | undefined;
}

/** @throws CocoInputError, OptionError */
export const meanIou = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  options: MeanIouOptions = {},
): MeanIou => {
  const { threshold = 0.5, score, ...subset } = options ?? {};
  const any = numberRule(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  checkOptions({ threshold, score }, { threshold: iouRule, score: any });
  const all = [{ name: 'all', low: 0, high: Number.POSITIVE_INFINITY }];
  const records = cocoMatches(groundTruth, detections, {
    ...subset,
    thresholds: [threshold],
    areas: all,
    maxDets: [Number.POSITIVE_INFINITY],
  });
  const boxes = new Map(groundTruth.annotations.map(({ id, bbox }, i) => [id ?? i + 1, bbox]));
  let [sum, pairs, objects] = [0, 0, 0];
  for (const record of records) {
    objects += record.objectIgnored.filter((ignored) => !ignored).length;
    record.detections.forEach((id, d) => {
      const object = record.detectionMatches[0][d];
      const row = detections[id - 1];
      if (object === undefined || record.detectionIgnored[0][d] || row.score < (score ?? Number.NEGATIVE_INFINITY))
        return;
      sum += iouOf(row.bbox, boxes.get(object)!, { format: 'xywh' });
      pairs++;
    });
  }
  return { matched: sum / pairs, objects: sum / objects, pairs };
};
