/** faster-coco-eval 1.7.1 (github.com/MiXaiLL76/faster_coco_eval, tests/): the tests of its evaluations. */
import { expect } from 'vitest';
import type { CocoDetection, CocoInstances } from '../../index.ts';
import { DetectionMetric, evaluateCoco, fScores, metricDictionary, OptionError } from '../../index.ts';
import type { KeypointDetection, KeypointInstances } from '../../keypoints/index.ts';
import { evaluateKeypoints } from '../../keypoints/index.ts';
import { maskColumn, maskIou } from '../../mask/column.ts';
import type { SegmDetection, SegmInstances } from '../../segm/index.ts';
import {
  evaluateSegm,
  MaskError,
  maskArea,
  maskBox,
  maskOf,
  maskOfPixels,
  pixelsOfMask,
  runsOfText,
  textOfRuns,
  unionOf,
} from '../../segm/index.ts';
import { numbers } from '../peers/sets.ts';
import type { Box, PublishedCase } from './case.ts';
import { json, peerFile, sharedFile, smallSet } from './case.ts';
import { averages, examplePair } from './torchmetrics-inputs.ts';

const close = (ours: readonly number[], theirs: readonly number[], digits = 10): void => {
  theirs.forEach((value, i) => {
    expect(ours[i], `number ${i}`).toBeCloseTo(value, digits);
  });
};

const small = (name: string) => sharedFile('small-coco', name);
const coco100 = sharedFile('cocoapi-val2014-100', 'instances_val2014_100.json');
const boxes100 = sharedFile('cocoapi-val2014-100', 'instances_val2014_fakebbox100_results.json');
const masks100 = peerFile(
  'faster_coco_eval',
  'tests',
  'dataset',
  'cocoapi',
  'instances_val2014_fakesegm100_results.json',
);
const points = (name: string) => peerFile('faster_coco_eval', 'tests', 'keypoints_dataset', name);

const boxFigures = [
  0.5045806987249628, 0.6969727247299577, 0.5729816669904824, 0.5856257209410443, 0.5193996948036719,
  0.5013978986347466, 0.38681277964578054, 0.5936795762842003, 0.595352982877607, 0.6398109626113442,
  0.5664205978994309, 0.5642905982905982,
];
const maskFigures = [
  0.3195452758576433, 0.5622883972521636, 0.29892653412086784, 0.3873740315997838, 0.31018272403369485,
  0.3269339071005138, 0.2682297225711534, 0.41544868114906375, 0.4168394992198818, 0.4694498622754236,
  0.37675922666197265, 0.3814715099715099,
];

const ranges = [
  { name: 'all', low: 0, high: 1e10 },
  { name: 'nano', low: 0, high: 8 ** 2 },
  { name: 'micro', low: 8 ** 2, high: 16 ** 2 },
  { name: 'small', low: 16 ** 2, high: 32 ** 2 },
  { name: 'medium', low: 32 ** 2, high: 96 ** 2 },
  { name: 'large', low: 96 ** 2, high: 1e10 },
];
/** AP and AR by area of a result with the ranges above; the mean of what is there. */
const byRange = (result: ReturnType<typeof evaluateCoco>): readonly number[] => {
  const { precision, recall, params } = result;
  const [A, M, K] = [params.areas.length, params.maxDets.length, result.perCategory.length];
  const mean = (column: Float64Array, rows: number, area: number): number => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < rows * K; i++) {
      const value = column[(i * A + area) * M + M - 1];
      if (value > -1) [sum, count] = [sum + value, count + 1];
    }
    return count === 0 ? -1 : sum / count;
  };
  const T = params.thresholds.length;
  return [
    ...ranges.slice(1).map((_, a) => mean(precision, T * params.recalls.length, a + 1)),
    ...ranges.slice(1).map((_, a) => mean(recall, T, a + 1)),
  ];
};
const rangeFigures = {
  bbox: [
    0.5113353643056614, 0.6140617632744609, 0.5922324594181126, 0.5193996948036719, 0.5013978986347466,
    0.5275641025641026, 0.6357804552804553, 0.6244558281224948, 0.5664205978994309, 0.5642905982905982,
  ],
  segm: [
    0.32192815435389693, 0.42356630493674324, 0.4177722071480622, 0.31018272403369485, 0.3269339071005138,
    0.37756410256410255, 0.4858371448371448, 0.46426422959756286, 0.37675922666197265, 0.3814715099715099,
  ],
};

/** A box inside another, so that their IoU is as told. */
const inside = ([x, y, side]: Box, iou: number): Box => {
  const small = side * Math.sqrt(iou);
  const shift = (side - small) / 2;
  return [x + shift, y + shift, small, small];
};
const row = (i: number, line: number): Box => [i * 250, line * 260, 200, 200];
const tens = Array.from({ length: 10 }, (_, i) => i);

/** Four perfect detections, their masks 10 x 10 in an image of 640. */
const four = () => {
  const size = Array.from({ length: 100 }, (_, i) => (i % 10 < 5 && i < 50 ? 1 : 0));
  const { height, width, counts } = maskOfPixels(size, 10, 10);
  const segmentation = { size: [height, width], counts: textOfRuns(counts) };
  const rows = [
    [0, [50, 60, 20, 20], 1],
    [0, [100, 120, 30, 30], 0.98],
    [1, [150, 160, 40, 40], 0.96],
    [0, [250, 260, 100, 100], 0.95],
  ] as const;
  const { truth, found } = smallSet(
    rows.map(([category, box]) => [category, box, { segmentation }] as const),
    rows.map(([category, box, score]) => [category, box, { score, segmentation }] as const),
  );
  return {
    truth: truth as unknown as SegmInstances & typeof truth,
    found: found as unknown as SegmDetection[] & typeof found,
  };
};

const size20 = { width: 20, height: 20 };
const boxMask = ([x, y, w, h]: readonly number[]) => maskOf([[x, y, x, y + h, x + w, y + h, x + w, y]], size20);
const boxesOf20: readonly Box[] = [
  [3, 5, 4, 1],
  [5, 3, 3, 5],
  [8, 5, 8, 5],
  [3, 4, 7, 3],
  [2, 5, 2, 7],
  [8, 1, 9, 9],
  [8, 1, 9, 6],
  [7, 1, 9, 4],
  [4, 5, 4, 5],
  [2, 4, 5, 4],
];
const boxTexts = [
  'Q21c000000o7',
  'W35?000]7',
  'U55?0000000000000[2',
  'P23a000000000000T6',
  ']17=0k9',
  'Q59;000000000000000k1',
  'Q56>000000000000000k1',
  ']44`0000000000000000_2',
  'e25?00000[7',
  '\\14`00000000P8',
];
const polygon = [7, 8, 9, 3, 7, 1, 5, 1, 5, 8, 3, 4, 4, 7, 7, 8];
const polygonText = 'U36>1OO2Lm6';
const polygonTexts = [polygonText, 'h02`012N_O0`00@1>OB3`0MQ8', ']1120=210AN>1BOT9'];
const polygons = [
  polygon,
  [4, 4, 7, 5, 5, 9, 3, 1, 2, 3, 1, 6, 6, 2, 2, 9],
  [5, 3, 7, 1, 2, 5, 4, 9, 6, 6, 4, 8, 2, 9, 7, 4],
];
const runs = [0, 5, 5, 5, 5, 2, 3, 5, 2, 3, 5, 2, 3, 55];
const runsText = '05500MN3ON3ONe1';
const ofText = (text: string) => ({ height: 20, width: 20, counts: runsOfText(text) });
const textOf = ({ counts }: { readonly counts: ArrayLike<number> }): string => textOfRuns(counts);
const randomMasks = () => {
  const draw = numbers(4);
  return [64, 128, 192, 256].flatMap((height) =>
    [64, 128, 192, 256].map((width) => {
      const pixels = Array.from({ length: height * width }, () => (draw(10) < 4 ? 0 : 1));
      return { pixels, mask: maskOfPixels(pixels, height, width) };
    }),
  );
};
const expectAreas = (): void => {
  for (const { pixels, mask } of randomMasks())
    expect(maskArea(mask)).toBe(pixels.filter((pixel) => pixel === 1).length);
};
// 5 / 32 = 0.15625, which numpy rounds to the even digit.
const expectIous = (): void => {
  const table = (texts: readonly string[], crowds: readonly number[]) => {
    const column = maskColumn(texts.map(ofText));
    return texts.map((_, i) => texts.map((__, j) => +maskIou(column, i, column, j, crowds[j] === 1).toFixed(4)));
  };
  const two = boxTexts.slice(0, 2);
  expect(table(two, [1, 1])).toEqual([
    [1, 0.5],
    [0.1333, 1],
  ]);
  expect(table(two, [0, 0])).toEqual([
    [1, 0.1176],
    [0.1176, 1],
  ]);
  expect(table(two, [1, 0])).toEqual([
    [1, 0.1176],
    [0.1333, 1],
  ]);
  expect(table(two, [0, 1])).toEqual([
    [1, 0.5],
    [0.1176, 1],
  ]);
  expect(table(polygonTexts, [0, 0, 0])).toEqual([
    [1, 0.1563, 0.1],
    [0.1563, 1, 0.2174],
    [0.1, 0.2174, 1],
  ]);
};

const boxCases: readonly PublishedCase[] = [
  {
    test: 'test_basic.test_ignore_coco_eval',
    file: small('gt_ignore_test.json'),
    check: () => {
      // The file has its image's id as text in some lists and as a number in others; here these are two ids.
      const numbered = <A extends object>(rows: readonly A[], key: keyof A): A[] =>
        rows.map((row) => ({ ...row, [key]: Number(row[key]) }));
      const { images, annotations, categories } = json<CocoInstances>(small('gt_ignore_test.json'));
      const rows = json<CocoDetection[]>(small('dt_ignore_test.json')).filter(({ score }) => score >= 0.1);
      const truth = { images: numbered(images, 'id'), annotations: numbered(annotations, 'image_id'), categories };
      const { stats } = evaluateCoco(truth, numbered(rows, 'image_id'));
      close(
        stats,
        [
          0.7099009900990099, 1, 0.8415841584158416, -1, 0.7099009900990099, -1, 0, 0.45384615384615384,
          0.7153846153846154, -1, 0.7153846153846154, -1,
        ],
      );
    },
  },
  {
    test: 'test_basic.test_bad_iou_type',
    check: () =>
      expect(() => evaluateCoco(smallSet([], []).truth, [], { iouType: 'iouType' } as object)).toThrow(OptionError),
  },
  {
    test: 'test_basic.test_extended_metrics_precision_not_overestimated',
    lacks: 'one cut of scores for all categories (the best cut of each is there)',
  },
  {
    test: 'test_basic.test_extended_metrics_perfect_predictions',
    check: () => {
      const five = tens.slice(0, 5);
      const rows = five.map((i) => [1, inside(row(i, 0), 0.96), { score: 0.9 - i / 10 }] as const);
      const { truth, found } = smallSet(
        five.map((i) => [1, row(i, 0)] as const),
        rows,
      );
      expect(fScores(evaluateCoco(truth, found), { threshold: 0.5 })).toMatchObject([{ precision: 1, recall: 1 }]);
    },
  },
  {
    test: 'test_simple_extra.test_extended_metrics_raises_when_iou50_missing',
    check: () => {
      const { truth, found } = smallSet([[1, [0, 0, 200, 200]]], [[1, [10, 10, 180, 180]]]);
      const result = evaluateCoco(truth, found, { thresholds: [0.55, 0.65, 0.75, 0.85, 0.95] });
      expect(() => fScores(result, { threshold: 0.5 })).toThrow(/IoU 0\.5 was not evaluated/);
    },
  },
  {
    test: 'test_simple_extra.test_extended_metrics_works_with_iou50',
    check: () => {
      const { truth, found } = smallSet([[1, [0, 0, 200, 200]]], [[1, [10, 10, 180, 180]]]);
      expect(fScores(evaluateCoco(truth, found), { threshold: 0.5 })).toMatchObject([{ precision: 1, recall: 1 }]);
    },
  },
  {
    test: 'test_coco_metric.test_evaluate, bbox',
    check: () => {
      const { truth, found } = four();
      close(evaluateCoco(truth, found, { compat: true }).stats, [1, 1, 1, 1, 1, 1], 4);
    },
  },
  {
    test: 'test_coco_metric.test_detectron2_eval, bbox',
    lacks: 'its input is a page of figures that is not stated again',
  },
  {
    test: 'test_cocoapi_fake_data.test_eval, bbox',
    file: coco100,
    check: () => close(evaluateCoco(json(coco100), json(boxes100)).stats, boxFigures),
  },
  {
    test: 'test_ranges.test_eval, bbox',
    file: coco100,
    check: () => close(byRange(evaluateCoco(json(coco100), json(boxes100), { areas: ranges })), rangeFigures.bbox),
  },
  {
    test: 'test_torchmetrics.test_evaluate',
    check: () => {
      const { stats } = new DetectionMetric().update(...examplePair).compute();
      close(stats, [0.6, 1, 1, -1, -1, 0.6, 0.6, 0.6, 0.6, -1, -1, 0.6], 9);
    },
  },
  {
    test: 'test_torchmetrics.test_metric_collection',
    check: () => {
      const named = metricDictionary(new DetectionMetric().update(...examplePair).compute(), { categories: false });
      expect(named.AP).toBeCloseTo(0.6, 9);
      expect(Object.keys(named)).toEqual(['AP', 'AP50', 'AP75', 'APlarge', 'AR1', 'AR10', 'AR100', 'ARlarge']);
    },
  },
  { test: 'test_torchmetrics.test_average_argument, macro and micro', check: averages.alike },
  { test: 'test_torchmetrics.test_average_argument, by class', check: averages.byClass },
];

const maskCases: readonly PublishedCase[] = [
  { test: 'test_basic.test_coco_eval, segm', lacks: 'mIoU of masks and the area under the whole curve (mAUC)' },
  { test: 'test_basic.test_confusion_matrix, segm', lacks: 'a confusion of masks' },
  {
    test: 'test_coco_metric.test_evaluate, segm',
    check: () => {
      const { truth, found } = four();
      close(evaluateSegm(truth, found, { compat: true }).stats, [1, 1, 1, 1, 1, 1], 4);
    },
  },
  {
    test: 'test_coco_metric.test_detectron2_eval, segm',
    lacks: 'its input is a page of figures that is not stated again',
  },
  {
    test: 'test_cocoapi_fake_data.test_eval, segm',
    file: masks100,
    check: () => close(evaluateSegm(json(coco100), json(masks100)).stats, maskFigures),
  },
  {
    test: 'test_ranges.test_eval, segm',
    file: masks100,
    check: () => close(byRange(evaluateSegm(json(coco100), json(masks100), { areas: ranges })), rangeFigures.segm),
  },
  {
    test: 'test_torchmetrics.test_segm_iou_empty_gt_mask',
    check: () => {
      const empty = { size: [10, 10], counts: [100] };
      const found = [{ image_id: 1, category_id: 4, segmentation: empty, score: 0.5 }];
      const { stats } = evaluateSegm({ images: [{ id: 1 }], categories: [{ id: 4 }], annotations: [] }, found);
      expect(stats).toEqual(Array(12).fill(-1));
    },
  },
  {
    test: 'test_mask_api.test_frString',
    check: () => expect(polygonTexts.map((text) => textOfRuns(runsOfText(text)))).toEqual(polygonTexts),
  },
  { test: 'test_mask_api.test_area', check: expectAreas },
  { test: 'test_mask_api.test_area_solo', check: expectAreas },
  {
    test: 'test_mask_api.test_rles',
    check: () => {
      for (const { mask } of randomMasks())
        expect(maskOfPixels(pixelsOfMask(mask), mask.height, mask.width)).toEqual(mask);
    },
  },
  { test: 'test_mask_api.test_frBbox', check: () => expect(boxesOf20.map(boxMask).map(textOf)).toEqual(boxTexts) },
  {
    test: 'test_mask_api.test_frPoly',
    check: () => expect(polygons.map((line) => textOf(maskOf([line], size20)))).toEqual(polygonTexts),
  },
  { test: 'test_mask_api.test_frUncompressedRLE', check: () => expect(textOfRuns(runs)).toBe(runsText) },
  {
    test: 'test_mask_api.test_frPyObjects',
    check: () => {
      expect(polygons.map((line) => textOf(maskOf([line], size20)))).toEqual(polygonTexts);
      expect(boxesOf20.map(boxMask).map(textOf)).toEqual(boxTexts);
      expect(textOfRuns(runs)).toBe(runsText);
    },
  },
  { test: 'test_mask_api.test_merge', lacks: 'the intersection of masks (their union is met)' },
  { test: 'test_mask_api.test_toBbox', check: () => expect(boxTexts.map(ofText).map(maskBox)).toEqual(boxesOf20) },
  { test: 'test_mask_api.test_toBbox_solo', check: () => expect(maskBox(ofText(boxTexts[0]))).toEqual(boxesOf20[0]) },
  { test: 'test_mask_api.test_iou', check: expectIous },
  {
    test: 'test_mask_api.testToBboxFullImage',
    check: () => expect(maskBox(maskOfPixels([0, 1, 1, 1], 2, 2))).toEqual([0, 0, 2, 2]),
  },
  {
    test: 'test_mask_api.testToBboxNonFullImage',
    check: () => {
      const pixels = Array.from({ length: 100 }, (_, i) => (i % 10 >= 2 && i % 10 < 4 && i >= 30 && i < 60 ? 1 : 0));
      expect(maskBox(maskOfPixels(pixels, 10, 10))).toEqual([3, 2, 3, 2]);
    },
  },
  {
    test: 'test_mask_api.testInvalidRLECounts',
    check: () => expect(() => maskOf({ size: [1024, 1024], counts: 'jd`0=`o06J5L4M3L' })).toThrow(MaskError),
  },
  {
    test: 'test_mask_api.testZeroLeadingRLE',
    check: () => {
      const mask = maskOf({ size: [10, 10], counts: [0, 0, 0, 23, 4, 73] });
      const again = maskOfPixels(pixelsOfMask(mask), 10, 10);
      expect(maskBox(mask)).toEqual(maskBox(again));
    },
  },
  {
    test: 'test_mask_api.testSegmToRle',
    check: () => {
      expect(textOfRuns(runsOfText(runsText))).toBe(runsText);
      expect(Array.from(runsOfText(runsText))).toEqual(runs);
      expect(textOf(unionOf([maskOf([polygon], size20)]))).toBe(polygonText);
    },
  },
  {
    test: 'test_mask_api.testAnnToRLE',
    check: () => expect(pixelsOfMask(maskOf([polygon], size20))).toEqual(pixelsOfMask(ofText(polygonText))),
  },
  ...['test_rleToBoundary_all', 'test_rleToBoundary_mask_api', 'test_rleToBoundary_opencv', 'test_boundary_eval'].map(
    (test) => ({ test: `test_boundary.${test}`, lacks: 'boundary IoU' }),
  ),
];

const otherCases: readonly PublishedCase[] = [
  {
    test: 'test_keypoints.test_evaluate',
    file: points('gt_dataset.json'),
    check: () => {
      const truth = json<KeypointInstances>(points('gt_dataset.json'));
      const { stats } = evaluateKeypoints(truth, json<KeypointDetection[]>(points('dt_dataset.json')), {
        compat: true,
      });
      close(
        stats,
        [
          0.5048844884488449, 0.7227722772277227, 0.6336633663366337, 0.46633663366336636, 0.7504950495049505,
          0.5181818181818182, 0.7272727272727273, 0.6363636363636364, 0.4666666666666666, 0.75,
        ],
      );
    },
  },
  {
    test: 'test_crowdpose.test_crowdpose_eval',
    lacks: "CrowdPose's AP by how crowded an image is, and OKS without areas",
  },
  ...[
    'test_lvis_metric.test_lvis_eval',
    'test_lvis_metric.test_loadNumpyAnnotations',
    'test_world_evalutor.test_world_lvis',
  ].map((test) => ({ test, lacks: 'its file of results is not at hand; 200 sets of lvis-api are met instead' })),
];

export const fasterCocoEval = { bbox: boxCases, segm: maskCases, 'keypoints, LVIS': otherCases } as const;
