/** The streaming metric of masks: torchmetrics' `MeanAveragePrecision(iou_type="segm")`. */
import type { CocoOptions } from '../coco/params.ts';
import { cocoParams } from '../coco/params.ts';
import type { CocoResult } from '../coco/result.ts';
import { resultOf } from '../coco/result.ts';
import type { Stream, StreamOptions } from '../coco/streaming.ts';
import { checkedCategories, columnOf, refuse, StreamingMetric } from '../coco/streaming.ts';
import type { Segmentation } from '../mask/segmentation.ts';
import type { SegmAnnotation, SegmDetection } from './evaluate.ts';
import { segmKind } from './evaluate.ts';

/** What was detected in one image. */
export interface SegmPrediction {
  /** Runs or polygons, one mask an entry; `maskOfPixels` makes runs of pixels. */
  readonly masks: readonly Segmentation[];
  readonly scores: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}

/** What there is in one image. */
export interface SegmTarget {
  readonly masks: readonly Segmentation[];
  readonly labels: ArrayLike<number>;
  readonly iscrowd?: ArrayLike<number> | undefined;
  /** That of the mask when left out. */
  readonly area?: ArrayLike<number> | undefined;
  /** The image's size: polygons need it. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

export interface SegmMetricOptions extends Omit<CocoOptions, 'imgIds' | 'catIds'>, StreamOptions {}

type SegmStream = Stream<SegmPrediction, SegmTarget, SegmAnnotation, SegmDetection, CocoResult>;

const evidence: SegmStream['evidence'] = (prediction, target, { p, t }) => {
  if (!Array.isArray(prediction.masks)) refuse(`${p}.masks`, prediction.masks, 'a list of masks');
  if (!Array.isArray(target.masks)) refuse(`${t}.masks`, target.masks, 'a list of masks');
  const { masks: found } = prediction;
  const { masks: there, width, height } = target;
  const scores = columnOf(prediction.scores, found.length, `${p}.scores`);
  const foundLabels = columnOf(prediction.labels, found.length, `${p}.labels`);
  const labels = columnOf(target.labels, there.length, `${t}.labels`);
  const crowd = target.iscrowd && columnOf(target.iscrowd, there.length, `${t}.iscrowd`);
  const area = target.area && columnOf(target.area, there.length, `${t}.area`);
  return {
    image: { ...(width !== undefined && { width }), ...(height !== undefined && { height }) },
    objects: there.map((segmentation, o) => ({
      category_id: labels[o],
      segmentation,
      ...(area && { area: area[o] }),
      ...(crowd && { iscrowd: crowd[o] }),
    })),
    detections: found.map((segmentation, d) => ({ category_id: foundLabels[d], segmentation, score: scores[d] })),
  };
};

export class SegmMetric extends StreamingMetric<SegmPrediction, SegmTarget, SegmAnnotation, SegmDetection, CocoResult> {
  /** @throws OptionError */
  constructor(options: SegmMetricOptions = {}) {
    const { categories, ...coco } = options ?? {};
    const known = checkedCategories(categories);
    super({ kind: segmKind, finish: resultOf, params: cocoParams(coco), categories: known, evidence });
  }
}
