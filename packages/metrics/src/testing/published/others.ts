/** globox 2.7.0 (tests/test_coco_evaluation.py), cocoapi's fork 2.0.11 (tests/test_cases.py), tidecv 1.0.1 (examples). */
import { expect } from 'vitest';
import { CocoInputError, DetectionMetric, errorBreakdown, evaluateCoco, OptionError } from '../../index.ts';
import { MaskError, maskBox, maskOf, maskOfPixels, pixelsOfMask } from '../../segm/index.ts';
import { cocoExample } from '../peers/cases.ts';
import type { PublishedCase, Row } from './case.ts';
import { sharedFile, smallSet } from './case.ts';

const coco100 = sharedFile('cocoapi-val2014-100', 'instances_val2014_100.json');
/** globox takes width * height for the area, and leaves crowds out of the truth. */
const asGlobox = () => {
  const { truth, detections } = cocoExample();
  const annotations = truth.annotations
    .filter(({ iscrowd }) => !iscrowd)
    .map(({ image_id, category_id, bbox }) => ({ image_id, category_id, bbox }));
  return evaluateCoco({ ...truth, annotations }, detections);
};
const cats: Row[] = [
  [1, [0, 0, 3, 3]],
  [1, [1, 0, 3, 3]],
];
const found: Row[] = [
  [1, [-1, 0, 3, 3], { score: 0.6 }],
  [1, [0, 0, 3, 3], { score: 0.5 }],
];

export const globox: readonly PublishedCase[] = [
  {
    test: 'test_evaluation',
    file: coco100,
    check: () => {
      const theirs = [
        0.503647, 0.696973, 0.571667, 0.593252, 0.557991, 0.489363, 0.386813, 0.59368, 0.595353, 0.654764, 0.60313,
        0.553744,
      ];
      asGlobox().stats.forEach((value, i) => {
        expect(Math.abs(value - theirs[i]), `number ${i}`).toBeLessThanOrEqual(1e-6);
      });
    },
  },
  { test: 'test_clear_cache', lacks: 'nothing: no cache is kept' },
  {
    test: 'test_evaluate_defaults',
    file: coco100,
    check: () => {
      const { truth, detections } = cocoExample();
      const alone = evaluateCoco(truth, detections, { thresholds: [0.5] });
      expect(alone.stats[0]).toBe(evaluateCoco(truth, detections).stats[1]);
    },
  },
  {
    test: 'test_evaluation_invariance_to_bboxes_order',
    check: () => {
      const [first, second] = [smallSet(cats, found), smallSet(cats, [...found].reverse())];
      expect(evaluateCoco(first.truth, first.found).stats).toEqual(evaluateCoco(second.truth, second.found).stats);
    },
  },
  {
    test: 'test_predictions_missing_confidence',
    check: () => {
      const { truth } = smallSet(cats, []);
      expect(() => evaluateCoco(truth, [{ image_id: 1, category_id: 1, bbox: [0, 0, 3, 3] } as never])).toThrow(
        CocoInputError,
      );
      expect(() =>
        new DetectionMetric().update([{ boxes: [[0, 0, 3, 3]], labels: [1] } as never], [{ boxes: [], labels: [] }]),
      ).toThrow(CocoInputError);
    },
  },
  {
    test: 'test_evaluator_params',
    check: () => {
      const { truth } = smallSet(cats, []);
      for (const options of [
        { thresholds: [1.1] },
        { thresholds: [-0.1] },
        { maxDets: [-1] },
        { areas: [{ name: 'all', low: 2, high: 1 }] },
        { areas: [{ name: 'all', low: -1, high: 10 }] },
      ]) {
        expect(() => evaluateCoco(truth, [], options)).toThrow(OptionError);
      }
    },
  },
];

export const cocoapi: readonly PublishedCase[] = [
  { test: 'testToBboxFullImage', check: () => expect(maskBox(maskOfPixels([0, 1, 1, 1], 2, 2))).toEqual([0, 0, 2, 2]) },
  {
    test: 'testToBboxNonFullImage',
    check: () => {
      const pixels = Array.from({ length: 100 }, (_, i) => (i % 10 >= 2 && i % 10 < 4 && i >= 30 && i < 60 ? 1 : 0));
      expect(maskBox(maskOfPixels(pixels, 10, 10))).toEqual([3, 2, 3, 2]);
    },
  },
  {
    test: 'testInvalidRLECounts',
    check: () => expect(() => maskOf({ size: [1024, 1024], counts: 'jd`0=`o06J5L4M3L' })).toThrow(MaskError),
  },
  {
    test: 'testZeroLeadingRLE',
    check: () => {
      const mask = maskOf({ size: [10, 10], counts: [0, 0, 0, 23, 4, 73] });
      expect(maskBox(mask)).toEqual(maskBox(maskOfPixels(pixelsOfMask(mask), 10, 10)));
    },
  },
];

export const tidecv: readonly PublishedCase[] = [
  {
    test: 'minimal_example, on COCO’s example results',
    file: coco100,
    check: () => {
      const { truth, detections } = cocoExample();
      const { AP, cost } = errorBreakdown(truth, detections, { compat: true });
      expect([AP, cost.classification, cost.missed].map((value) => (100 * value).toFixed(1))).toEqual([
        '64.2',
        '22.2',
        '8.5',
      ]);
    },
  },
  { test: 'coco_instance_segmentation', lacks: 'a breakdown of masks; its results are downloaded' },
];
