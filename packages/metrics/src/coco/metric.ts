/** The streaming metric of boxes: torchmetrics' `MeanAveragePrecision`; see streaming.ts. */
import type { BoxFormat } from '../box/corners.ts';
import { cornerStride, cornersOf } from '../box/corners.ts';
import { checkOptions, oneOf } from '../check/options.ts';
import type { CocoAnnotation, CocoDetection } from './input.ts';
import { boxKind } from './kind.ts';
import type { CocoOptions } from './params.ts';
import { cocoParams } from './params.ts';
import type { CocoResult } from './result.ts';
import { resultOf } from './result.ts';
import type { Stream, StreamOptions } from './streaming.ts';
import { checkedCategories, columnOf, isColumn, refuse, StreamingMetric } from './streaming.ts';

/** Boxes as a list of four numbers each, or all numbers in one typed array. */
export type Boxes = readonly ArrayLike<number>[] | Float32Array | Float64Array;

/** What was detected in one image. */
export interface Prediction {
  readonly boxes: Boxes;
  readonly scores: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}

/** What there is in one image. */
export interface Target {
  readonly boxes: Boxes;
  readonly labels: ArrayLike<number>;
  readonly iscrowd?: ArrayLike<number> | undefined;
  /** The area of the segments; width * height when left out. */
  readonly area?: ArrayLike<number> | undefined;
}

export interface MetricOptions extends Omit<CocoOptions, 'imgIds' | 'catIds'>, StreamOptions {
  /** Default `xyxy`, corners. */
  readonly boxFormat?: BoxFormat | undefined;
}

/** Boxes as x, y, width, height. */
const boxesOf = (boxes: unknown, format: BoxFormat, where: string): readonly (readonly number[])[] => {
  if (!isColumn(boxes)) return refuse(`${where}.boxes`, boxes, 'a list of boxes');
  const flat = Array.isArray(boxes)
    ? boxes.flatMap((box: unknown, i) =>
        isColumn(box) && box.length === 4 ? Array.from(box) : refuse(`${where}.boxes[${i}]`, box, 'four numbers'),
      )
    : Array.from(boxes);
  const corners = cornersOf(flat, format, 0);
  return Array.from({ length: flat.length / 4 }, (_, i) => {
    const at = i * cornerStride;
    return [corners[at], corners[at + 1], corners[at + 4], corners[at + 5]];
  });
};

type BoxStream = Stream<Prediction, Target, CocoAnnotation, CocoDetection, CocoResult>;

const evidenceBy =
  (format: BoxFormat): BoxStream['evidence'] =>
  (prediction, target, { p, t }) => {
    const found = boxesOf(prediction.boxes, format, p);
    const there = boxesOf(target.boxes, format, t);
    const scores = columnOf(prediction.scores, found.length, `${p}.scores`);
    const foundLabels = columnOf(prediction.labels, found.length, `${p}.labels`);
    const labels = columnOf(target.labels, there.length, `${t}.labels`);
    const crowd = target.iscrowd && columnOf(target.iscrowd, there.length, `${t}.iscrowd`);
    const area = target.area && columnOf(target.area, there.length, `${t}.area`);
    return {
      objects: there.map((bbox, o) => ({
        category_id: labels[o],
        bbox,
        // Of no area by itself: a note would say only that torchmetrics' targets have none.
        area: area ? area[o] : bbox[2] * bbox[3],
        ...(crowd && { iscrowd: crowd[o] }),
      })),
      detections: found.map((bbox, d) => ({ category_id: foundLabels[d], bbox, score: scores[d] })),
    };
  };

const streamOf = (options: MetricOptions): BoxStream => {
  const { boxFormat, categories, ...coco } = options ?? {};
  checkOptions({ boxFormat }, { boxFormat: oneOf('xyxy', 'xywh', 'cxcywh') });
  return {
    kind: boxKind,
    finish: resultOf,
    params: cocoParams(coco),
    categories: checkedCategories(categories),
    evidence: evidenceBy(boxFormat ?? 'xyxy'),
  };
};

export class DetectionMetric extends StreamingMetric<Prediction, Target, CocoAnnotation, CocoDetection, CocoResult> {
  /** @throws OptionError */
  constructor(options: MetricOptions = {}) {
    super(streamOf(options));
  }
}
