import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CocoInstances, Prediction, Target } from '../index.ts';
import {
  categoryTable,
  checkTruth,
  confusionMatrix,
  DetectionMetric,
  evaluateCoco,
  evaluateSlices,
  fScores,
  meanIou,
  metricDictionary,
  plainResult,
} from '../index.ts';
import type { SmallCoco } from '../testing/arbitrary.ts';
import { smallCoco } from '../testing/arbitrary.ts';

const batches = ({ truth, found }: SmallCoco) => {
  const images = truth.images.map(({ id }) => id).sort((a, b) => Number(a) - Number(b));
  const predictions = images.map((id): Prediction => {
    const rows = found.filter((row) => row.image_id === id && row.category_id < 4);
    return {
      boxes: rows.map(({ bbox }) => bbox),
      scores: rows.map(({ score }) => score),
      labels: rows.map(({ category_id }) => category_id),
    };
  });
  const targets = images.map((id): Target => {
    const rows = truth.annotations.filter((row) => row.image_id === id);
    return {
      boxes: new Float64Array(rows.flatMap(({ bbox }) => [...bbox])),
      labels: rows.map(({ category_id }) => category_id),
      iscrowd: rows.map(({ iscrowd }) => Number(iscrowd)),
      area: rows.map(({ area, bbox }) => area ?? bbox[2] * bbox[3]),
    };
  });
  return { predictions, targets };
};

describe('DetectionMetric', () => {
  it('is the evaluation of the whole, in batches, merged and sent', () => {
    fc.assert(
      fc.property(smallCoco, ({ truth, found }) => {
        const { predictions, targets } = batches({ truth, found });
        const categories = truth.categories;
        const whole = evaluateCoco(truth, found);
        const one = new DetectionMetric({ boxFormat: 'xywh', categories });
        predictions.forEach((prediction, i) => one.update([prediction], [targets[i]]));
        expect(one.compute().precision).toEqual(whole.precision);
        const half = predictions.length >> 1;
        const [a, b] = [
          new DetectionMetric({ boxFormat: 'xywh', categories }).update(
            predictions.slice(0, half),
            targets.slice(0, half),
          ),
          new DetectionMetric({ boxFormat: 'xywh', categories }).update(predictions.slice(half), targets.slice(half)),
        ];
        const merged = a.merge(structuredClone(b.state)).compute();
        expect(merged.stats).toEqual(whole.stats);
        expect(merged.recall).toEqual(whole.recall);
        expect(one.reset().compute().stats).toEqual(Array(12).fill(-1));
      }),
      { numRuns: 40 },
    );
  });

  it('finds the classes, takes corners by default, and refuses a batch whole', () => {
    const metric = new DetectionMetric();
    const target = { boxes: [[0, 0, 10, 10]], labels: [3] };
    metric.update([{ boxes: [[0, 0, 10, 10]], scores: [0.5], labels: [3] }], [target]);
    expect(metric.compute().perCategory).toMatchObject([{ id: 3, name: '3' }]);
    expect(metric.compute().notes).toEqual([]);
    const bad = { boxes: [[0, 0, 10, 10]], scores: [Number.NaN], labels: [3] };
    expect(() => metric.update([bad], [target])).toThrow(/detections\[0\]\.score: found NaN/);
    expect(() => metric.update([{ ...bad, scores: [] }], [target])).toThrow(/predictions\[0\]\.scores: found \[\]/);
    expect(() => metric.update([], [target])).toThrow(/0 predictions and 1 targets/);
    expect(() => metric.update([{ ...bad, boxes: [[1, 2]] }], [target])).toThrow(/predictions\[0\]\.boxes\[0\]/);
    expect(metric.compute().stats[0]).toBeCloseTo(1, 12);
    expect(() => new DetectionMetric({ box_format: 'xyxy' } as never)).toThrow(/Unknown option "box_format"/);
  });
});

const row = { image_id: 1, category_id: 1, bbox: [0, 0, 10, 10] };
const truth = {
  images: [
    { id: 1, weather: 'rain', file_name: 'a.jpg', width: 100, height: 100 },
    { id: 2, weather: 'sun', file_name: 'a.jpg', width: 100, height: 100 },
    { id: 3 },
  ],
  categories: [{ id: 1, name: 'a, "b"' }, { id: 2, name: 'c|d' }, { id: 3 }],
  annotations: [
    { ...row, id: 1, area: 100 },
    { ...row, id: 2, image_id: 2, area: 100 },
    { ...row, id: 3, image_id: 2, area: 100, category_id: 2 },
  ],
};
const found = [
  { ...row, score: 0.9 },
  { ...row, image_id: 2, bbox: [0, 0, 10, 6], score: 0.8 },
];

describe('reports', () => {
  const result = evaluateCoco(truth, found);
  it('a dictionary, tables, plain data', () => {
    const flat = metricDictionary(result, { prefix: 'val/' });
    expect(flat['val/AP']).toBe(result.stats[0]);
    expect(flat['val/AP/c|d']).toBe(0);
    expect(Object.values(flat).every((value) => value >= 0)).toBe(true);
    expect(metricDictionary(result, { categories: false })).not.toHaveProperty('AP/c|d');
    const markdown = categoryTable(result).split('\n');
    expect(markdown[0]).toMatch(/^\| category \| AP \| AP50 \| AP75 \| APsmall .* AR100 /);
    expect(markdown[3]).toMatch(/^\| c\\\|d \| 0\.0 /);
    expect(markdown[4]).toMatch(/^\| 3 \| {2}\|/);
    const csv = categoryTable(result, { format: 'csv' }).split('\n');
    expect(csv[1]).toMatch(/^"a, ""b""",0\.\d{10}/);
    expect(JSON.parse(JSON.stringify(plainResult(result)))).toMatchObject({
      named: { AP: result.stats[0] },
      params: { maxDets: [1, 10, 100], overlap: 'iou' },
    });
  });

  it('F at the best cut and at one of its own', () => {
    const [a] = fScores(result, { threshold: 0.75, beta: 2 });
    // One of two found by one detection kept: P = 1, R = 1/2, F2 = 5 P R / (4 P + R).
    expect(a).toMatchObject({ score: 0.9, precision: 1, recall: 0.5, f: (5 * 0.5) / 4.5 });
    expect(fScores(result, { threshold: 0.5, score: 0.85 })[0]).toMatchObject({ recall: 0.5, precision: 1 });
    expect(() => fScores(result, { threshold: 0.5, beta: 0 })).toThrow(/beta/);
  });

  it('mean IoU, slices, a confusion of the best few', () => {
    expect(meanIou(truth, found)).toMatchObject({ matched: 0.8, pairs: 2 });
    expect(meanIou(truth, found).objects).toBeCloseTo(1.6 / 3, 12);
    const slices = evaluateSlices(truth, found, 'weather');
    expect(slices.map(({ name, images }) => [name, images])).toEqual([
      ['rain', 1],
      ['sun', 1],
    ]);
    expect(slices[0].result.stats[0]).toBeCloseTo(1, 12);
    expect(() => evaluateSlices(truth, found, 'camera')).toThrow(/no image has "camera"/);
    const three = [...found, { ...row, category_id: 2, score: 0.95 }];
    expect(confusionMatrix(truth, three, { maxDets: 1 }).counts[1]).toBe(1);
    expect(confusionMatrix(truth, three).counts[1]).toBe(1);
  });

  it('a truth looked over', () => {
    const doubtful: CocoInstances = {
      ...truth,
      annotations: [
        ...truth.annotations,
        { ...row, id: 4 },
        { ...row, id: 5, bbox: [0, 0, 10, 10.5] },
        { ...row, id: 6, bbox: [95, 0, 10, 10] },
        { ...row, id: 7, bbox: [50, 50, 1, 9] },
        { ...row, id: 8, bbox: [50, 50, 0, 9] },
        { ...row, id: 9, image_id: 9 },
        { ...row, id: 10, category_id: 9, bbox: [60, 60, 9, 9], area: 500 },
      ],
    };
    const tags = Object.fromEntries(checkTruth(doubtful).map(({ tag, ids }) => [tag, ids]));
    expect(tags).toEqual({
      'unknown-image': [9],
      'unknown-category': [10],
      duplicate: [4],
      'near-duplicate': [5],
      'labels-disagree': [3],
      'no-size': [8],
      tiny: [7],
      outside: [6],
      area: [10],
      'same-file': [2],
      'empty-image': [3],
      'empty-category': [3],
    });
    expect(
      checkTruth({
        ...truth,
        images: truth.images.slice(0, 1),
        annotations: truth.annotations.slice(0, 1),
        categories: truth.categories.slice(0, 1),
      }),
    ).toEqual([]);
  });
});
