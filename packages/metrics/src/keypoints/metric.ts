/** The streaming metric of keypoints, in the shape of torchmetrics' `MeanAveragePrecision`. */
import type { Stream, StreamOptions } from '../coco/streaming.ts';
import { checkedCategories, columnOf, refuse, StreamingMetric } from '../coco/streaming.ts';
import type { KeypointAnnotation, KeypointDetection, KeypointOptions, KeypointResult } from './evaluate.ts';
import { keypointFinish, keypointKind, keypointParams } from './evaluate.ts';

/** What was detected in one image: points as x, y, v one after another, a list an instance. */
export interface KeypointPrediction {
  readonly keypoints: readonly (readonly number[])[];
  readonly scores: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}

/** What there is in one image. */
export interface KeypointTarget {
  readonly keypoints: readonly (readonly number[])[];
  readonly labels: ArrayLike<number>;
  /** Areas of the objects: similarity is measured by them. */
  readonly area: ArrayLike<number>;
  readonly iscrowd?: ArrayLike<number> | undefined;
  /** x, y, width, height; needed where no point of an object is labelled. */
  readonly boxes?: readonly (readonly number[])[] | undefined;
}

export interface KeypointMetricOptions extends Omit<KeypointOptions, 'imgIds' | 'catIds'>, StreamOptions {}

type KeypointStream = Stream<KeypointPrediction, KeypointTarget, KeypointAnnotation, KeypointDetection, KeypointResult>;

const evidence: KeypointStream['evidence'] = (prediction, target, { p, t }) => {
  if (!Array.isArray(prediction.keypoints)) refuse(`${p}.keypoints`, prediction.keypoints, 'a list of points');
  if (!Array.isArray(target.keypoints)) refuse(`${t}.keypoints`, target.keypoints, 'a list of points');
  const { keypoints: found } = prediction;
  const { keypoints: there, boxes } = target;
  const scores = columnOf(prediction.scores, found.length, `${p}.scores`);
  const foundLabels = columnOf(prediction.labels, found.length, `${p}.labels`);
  const labels = columnOf(target.labels, there.length, `${t}.labels`);
  const area = columnOf(target.area, there.length, `${t}.area`);
  const crowd = target.iscrowd && columnOf(target.iscrowd, there.length, `${t}.iscrowd`);
  if (boxes !== undefined && boxes.length !== there.length) refuse(`${t}.boxes`, boxes, `${there.length} boxes`);
  return {
    objects: there.map((keypoints, o) => ({
      category_id: labels[o],
      keypoints,
      area: area[o],
      ...(boxes && { bbox: boxes[o] }),
      ...(crowd && { iscrowd: crowd[o] }),
    })),
    detections: found.map((keypoints, d) => ({ category_id: foundLabels[d], keypoints, score: scores[d] })),
  };
};

export class KeypointMetric extends StreamingMetric<
  KeypointPrediction,
  KeypointTarget,
  KeypointAnnotation,
  KeypointDetection,
  KeypointResult
> {
  /** @throws OptionError */
  constructor(options: KeypointMetricOptions = {}) {
    const { categories, ...coco } = options ?? {};
    const { params, sigmas } = keypointParams(coco);
    const known = checkedCategories(categories);
    super({ kind: keypointKind(sigmas), finish: keypointFinish, params, categories: known, evidence });
  }
}
