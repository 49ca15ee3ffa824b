/** How good weights are on labelled pictures: COCO's evaluation on both metrics, without files between. */
import { type ValidationOptions, type ValidationPicture, validationBatches } from '@gdarknet/data';
import { type CocoAnnotation, type CocoDetection, type CocoResult, evaluateCoco } from '@gdarknet/metrics';
import { type Candidates, type Detector, listDetections } from '@gdarknet/yolo';
import { detectAll, type Found } from './detect-all.ts';

export type Metric = 'iou' | 'giou';

export type Assessment = {
  readonly results: { readonly [M in Metric]: CocoResult };
  /** Of the pictures with an index below `keep`. */
  readonly kept: readonly Found[];
};

type Labels = ValidationPicture['labels'];
type Size = { readonly width: number; readonly height: number };
type Box = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

/** Left, top, width, height in pixels, cut at the picture's edges. */
const pixels = ({ x, y, w, h }: Box, { width, height }: Size): readonly number[] => {
  const [left, right] = [Math.max(0, x - w / 2), Math.min(1, x + w / 2)];
  const [top, bottom] = [Math.max(0, y - h / 2), Math.min(1, y + h / 2)];
  return [left * width, top * height, Math.max(0, right - left) * width, Math.max(0, bottom - top) * height];
};

export const truthsOf = (labels: Labels, image_id: number, size: Size): readonly CocoAnnotation[] =>
  labels.map((label) => ({ image_id, category_id: label.classId, bbox: pixels(label, size) }));

export const foundIn = (candidates: Candidates, image_id: number, size: Size): readonly CocoDetection[] =>
  listDetections(candidates).map(({ class: category_id, score, box: [x, y, w, h] }) => ({
    image_id,
    category_id,
    score,
    bbox: pixels({ x, y, w, h }, size),
  }));

export type AssessOptions = {
  readonly images: ValidationOptions['images'];
  readonly names: readonly string[];
  readonly batch: number;
  readonly workers?: number;
  readonly keep?: number;
  readonly onFault?: ValidationOptions['onFault'];
  readonly onProgress?: (done: number, waitMs: number) => void;
  readonly signal: AbortSignal;
};

/** As `valid` does: boxes above .005, suppression at .45. Undefined when interrupted. */
export const assess = async (
  detector: Detector,
  { images, names, batch, workers = 1, keep = 0, onFault, onProgress, signal }: AssessOptions,
): Promise<Assessment | undefined> => {
  const { width, height, classes } = detector;
  const stream = validationBatches({ images, classes, width, height, batch, workers, withLabels: true, onFault });
  const ids: number[] = [];
  const annotations: CocoAnnotation[] = [];
  const detections: CocoDetection[] = [];
  const kept: Found[] = [];
  try {
    const options = { thresh: 0.005, nms: 0.45, batch, units: 'relative' } as const;
    for await (const { found, waitMs } of detectAll(detector, stream, options, signal)) {
      for (const one of found) {
        const { picture, candidates } = one;
        ids.push(picture.index);
        for (const truth of truthsOf(picture.labels, picture.index, picture)) annotations.push(truth);
        for (const detection of foundIn(candidates, picture.index, picture)) detections.push(detection);
        if (picture.index < keep) kept.push(one);
      }
      onProgress?.(ids.length, waitMs);
    }
  } finally {
    await stream.close();
  }
  if (signal.aborted) return undefined;
  // Ids from 1: pycocotools stumbles over an annotation with id 0.
  const truth = {
    images: ids.map((id) => ({ id })),
    annotations: annotations.map((annotation, i) => ({ ...annotation, id: i + 1 })),
    categories: names.map((name, id) => ({ id, name })),
  };
  const on = (overlap: Metric): CocoResult => evaluateCoco(truth, detections, { overlap });
  return { results: { iou: on('iou'), giou: on('giou') }, kept };
};
