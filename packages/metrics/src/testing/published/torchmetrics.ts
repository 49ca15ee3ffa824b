/** torchmetrics 1.9.0 (github.com/Lightning-AI/torchmetrics, tests/unittests/detection/test_map.py). */
import { expect } from 'vitest';
import type { CocoDetection, CocoInstances, MetricOptions, Prediction, Target } from '../../index.ts';
import { DetectionMetric, evaluateCoco, iouOf, OptionError } from '../../index.ts';
import type { SegmPrediction, SegmTarget } from '../../segm/index.ts';
import { evaluateSegm, SegmMetric } from '../../segm/index.ts';
import type { PublishedCase } from './case.ts';
import { json, peerFile, sharedFile } from './case.ts';
import { averages, examplePair, fourImages } from './torchmetrics-inputs.ts';

const coco100 = sharedFile('cocoapi-val2014-100', 'instances_val2014_100.json');
const boxes100 = sharedFile('cocoapi-val2014-100', 'instances_val2014_fakebbox100_results.json');
const masks100 = peerFile(
  'faster_coco_eval',
  'tests',
  'dataset',
  'cocoapi',
  'instances_val2014_fakesegm100_results.json',
);

const nothing: Prediction & Target = { boxes: [], scores: [], labels: [] };
const box = [214.15, 41.29, 562.41, 285.07];
const compute = (predictions: readonly Prediction[], targets: readonly Target[], options: MetricOptions = {}) =>
  new DetectionMetric(options).update(predictions, targets).compute();
const finite = ({ stats }: ReturnType<typeof compute>): void => {
  for (const value of stats) expect(value >= -1 && value <= 1).toBe(true);
};
const noPrediction = (boxFormat?: MetricOptions['boxFormat']) => () =>
  finite(compute([nothing], [{ boxes: [box], labels: [4] }], { boxFormat }));
const noTarget = (boxFormat?: MetricOptions['boxFormat']) => () =>
  finite(compute([{ boxes: [box], scores: [0.5], labels: [4] }], [nothing], { boxFormat }));

/** COCO's example image by image, as `update` takes it. */
const streamed = (options: MetricOptions) => {
  const { images, annotations } = json<CocoInstances>(coco100);
  const found = json<CocoDetection[]>(boxes100);
  const metric = new DetectionMetric({ ...options, boxFormat: 'xywh' });
  // Equal scores are taken in the order of the images: that of their ids, as the whole has them.
  for (const { id } of [...images].sort((a, b) => Number(a.id) - Number(b.id))) {
    const there = annotations.filter((row) => row.image_id === id);
    const seen = found.filter((row) => row.image_id === id);
    const prediction = {
      boxes: seen.map((row) => row.bbox),
      scores: seen.map(({ score }) => score),
      labels: seen.map((row) => row.category_id),
    };
    const target = {
      boxes: there.map((row) => row.bbox),
      labels: there.map((row) => row.category_id),
      area: there.map(({ area }) => area!),
      iscrowd: there.map(({ iscrowd }) => Number(iscrowd)),
    };
    metric.update([prediction], [target]);
  }
  return metric.compute();
};
const asTheWhole = (options: MetricOptions) => () => {
  const whole = evaluateCoco(json(coco100), json(boxes100), options);
  streamed(options).stats.forEach((value, i) => {
    expect(value).toBeCloseTo(whole.stats[i], 9);
  });
};
const third = [0.25, 0.5, 0.75];
const mask = { size: [10, 10], counts: [100] };
const half = { boxes: [[0.5, 0.5, 1, 1]], scores: [1], labels: [0] };
const unit = { boxes: [[0, 0, 1, 1]], labels: [0] };
const inFormat = (boxFormat: 'xyxy' | 'xywh' | 'cxcywh', iou: number, map: number) => () => {
  const { stats, perThreshold } = compute([half], [unit], { boxFormat, thresholds: [0.2] });
  expect(stats[0]).toBeCloseTo(map, 9);
  expect(perThreshold).toHaveLength(1);
  expect(iouOf(half.boxes[0], unit.boxes[0], { format: boxFormat })).toBeCloseTo(iou, 3);
};
const refuses = (prediction: unknown, target: unknown, message: RegExp): void => {
  expect(() => new DetectionMetric().update(prediction as never, target as never)).toThrow(message);
};
const goodBox = { boxes: [[10, 20, 15, 25]], labels: [0] };

const boxCases: readonly PublishedCase[] = [
  { test: 'test_map, bbox', file: coco100, check: asTheWhole({}) },
  { test: 'test_map, bbox, iou_thresholds', file: coco100, check: asTheWhole({ thresholds: third }) },
  { test: 'test_map, bbox, rec_thresholds', file: coco100, check: asTheWhole({ recalls: third }) },
  { test: 'test_map, bbox, both', file: coco100, check: asTheWhole({ thresholds: third, recalls: third }) },
  {
    test: 'test_map_classwise, bbox',
    file: coco100,
    check: () => {
      const { perCategory } = streamed({});
      for (const { id, AP, AR100 } of perCategory) {
        const alone = evaluateCoco(json(coco100), json(boxes100), { catIds: [id] });
        expect([alone.stats[0], alone.stats[8]]).toEqual([AP, AR100]);
      }
    },
  },
  { test: 'test_tm_to_coco, bbox', lacks: 'files of what a metric was updated with' },
  {
    test: 'test_error_on_wrong_init',
    check: () => {
      expect(() => new DetectionMetric({ useCats: 0 } as never)).toThrow(OptionError);
      expect(() => new DetectionMetric({ class_metrics: 0 } as never)).toThrow(/Unknown option "class_metrics"/);
    },
  },
  { test: 'test_empty_preds', check: noPrediction() },
  { test: 'test_empty_ground_truths', check: noTarget() },
  { test: 'test_empty_ground_truths_xywh', check: noTarget('xywh') },
  { test: 'test_empty_preds_xywh', check: noPrediction('xywh') },
  { test: 'test_empty_ground_truths_cxcywh', check: noTarget('cxcywh') },
  { test: 'test_empty_preds_cxcywh', check: noPrediction('cxcywh') },
  { test: 'test_map_gpu', lacks: 'boxes on a GPU: the arithmetic is the processor’s' },
  {
    test: 'test_map_with_custom_thresholds',
    check: () => expect(compute(...fourImages, { thresholds: [0.1, 0.2] }).stats.slice(1, 3)).toEqual([-1, -1]),
  },
  { test: 'test_empty_metric', check: () => expect(new DetectionMetric().compute().stats).toEqual(Array(12).fill(-1)) },
  {
    test: 'test_missing_pred',
    check: () => expect(compute([{ ...goodBox, scores: [0.9] }, nothing], [goodBox, goodBox]).stats[0]).toBeLessThan(1),
  },
  {
    test: 'test_missing_gt',
    check: () => {
      const found = [
        { ...goodBox, scores: [0.9] },
        { ...goodBox, scores: [0.95] },
      ];
      expect(compute(found, [goodBox, nothing]).stats[0]).toBeLessThan(1);
    },
  },
  {
    test: 'test_error_on_wrong_input',
    check: () => {
      new DetectionMetric().update([], []);
      refuses(5, [], /predictions: found 5, expected a list/);
      refuses([], 5, /targets: found 5, expected a list/);
      refuses([{}], [{}, {}], /1 predictions and 2 targets/);
      refuses([{ scores: [], labels: [] }], [unit], /predictions\[0\]\.boxes/);
      refuses([{ boxes: [], labels: [] }], [unit], /predictions\[0\]\.scores/);
      refuses([{ boxes: [], scores: [] }], [unit], /predictions\[0\]\.labels/);
      refuses([nothing], [{ labels: [] }], /targets\[0\]\.boxes/);
      refuses([nothing], [{ boxes: [] }], /targets\[0\]\.labels/);
      refuses(
        [half, half],
        [unit, { boxes: [[0, 0, 1, 1]], labels: [0.5] }],
        /label: found 0\.5, expected a whole number/,
      );
    },
  },
  { test: 'test_for_box_format, xyxy', check: inFormat('xyxy', 0.25, 1) },
  { test: 'test_for_box_format, xywh', check: inFormat('xywh', 0.143, 0) },
  { test: 'test_for_box_format, cxcywh', check: inFormat('cxcywh', 0.143, 0) },
  {
    test: 'test_warning_on_many_detections, bbox',
    lacks: 'a note on more than 100 detections in an image (more than 100 objects are noted)',
  },
  {
    test: 'test_for_extended_stats, one image',
    check: () => expect(compute([half], [unit]).precision).toHaveLength(10 * 101 * 4 * 3),
  },
  {
    test: 'test_for_extended_stats, four images',
    check: () => {
      const { precision, recall, scores } = compute(...fourImages);
      const cells = [precision, recall, scores].map(({ length }) => length);
      expect(cells).toEqual([10 * 101 * 6 * 4 * 3, 10 * 6 * 4 * 3, 10 * 101 * 6 * 4 * 3]);
    },
  },
  { test: 'test_average_argument, macro and micro', check: averages.alike },
  { test: 'test_average_argument, by class', check: averages.byClass },
  {
    test: 'test_many_detection_thresholds',
    check: () => {
      const limits = [1, 10, 1000];
      expect(compute(...examplePair, { maxDets: limits }).stats[0]).toBeCloseTo(0.6, 5);
      expect(compute(...examplePair, { maxDets: limits, compat: true }).stats[0]).toBe(-1);
    },
  },
  {
    test: 'test_with_more_and_less_detection_thresholds',
    lacks: 'nothing: two limits or four are refused there, "a known limitation of the pycocotools", and evaluated here',
  },
  { test: 'test_mean_average_precision_iou_type_functional, bbox', file: coco100, check: asTheWhole({}) },
  {
    test: 'test_mean_average_precision_basic_functional',
    check: () => {
      const metric = new DetectionMetric();
      fourImages[0].forEach((prediction, i) => {
        metric.update([prediction], [fourImages[1][i]]);
      });
      expect(metric.compute().stats).toEqual(compute(...fourImages).stats);
    },
  },
  { test: 'test_mean_average_precision_empty_preds_functional', check: noPrediction('xywh') },
  { test: 'test_mean_average_precision_empty_targets_functional', check: noTarget('xywh') },
  { test: 'test_mean_average_precision_box_format_functional', check: inFormat('xyxy', 0.25, 1) },
  {
    test: 'test_mean_average_precision_custom_thresholds_functional',
    check: () => finite(compute(...fourImages, { thresholds: [0.2, 0.7], recalls: third })),
  },
];

const segm = (prediction: SegmPrediction, target: SegmTarget) =>
  new SegmMetric().update([prediction], [target]).compute();
const none = { masks: [], scores: [], labels: [] };
const maskCases: readonly PublishedCase[] = [
  {
    test: 'test_compare_both_same_time',
    file: masks100,
    check: () => {
      expect(evaluateCoco(json(coco100), json(boxes100)).stats[0]).toBeCloseTo(0.5046, 4);
      expect(evaluateSegm(json(coco100), json(masks100)).stats[0]).toBeCloseTo(0.3195, 4);
    },
  },
  {
    test: 'test_segm_iou_empty_gt_mask',
    check: () => expect(segm({ masks: [mask], scores: [0.5], labels: [4] }, none).stats).toEqual(Array(12).fill(-1)),
  },
  {
    test: 'test_segm_iou_empty_pred_mask',
    lacks:
      'nothing: an object whose mask has no pixel is left out there, so that all is -1; here it is an object that nothing found',
  },
  { test: 'test_tm_to_coco, segm', lacks: 'files of what a metric was updated with' },
  { test: 'test_warning_on_many_detections, segm', lacks: 'a note on more than 100 detections in an image' },
];

export const torchmetrics = { bbox: boxCases, segm: maskCases } as const;
