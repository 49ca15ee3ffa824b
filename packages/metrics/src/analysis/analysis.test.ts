import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goldenPath, readJson, shared } from '../../../../test/shared.ts';
import type { CocoDetection, CocoInstances } from '../index.ts';
import {
  bestF1,
  boxRegression,
  calibration,
  compareCoco,
  confusionMatrix,
  curveOf,
  errorBreakdown,
  errorKinds,
  evaluateCoco,
  pairedBootstrap,
  UnpairedRunsError,
} from '../index.ts';
import { smallCoco } from '../testing/arbitrary.ts';

const box = (x: number, y = 0, side = 10) => [x, y, side, side];
const categories = [
  { id: 1, name: 'cat' },
  { id: 2, name: 'dog' },
];
const object = (id: number, category_id: number, bbox: number[], image_id = 1) => ({
  id,
  image_id,
  category_id,
  bbox,
  area: 100,
  iscrowd: 0,
});
const detection = (category_id: number, bbox: number[], score: number, image_id = 1) => ({
  image_id,
  category_id,
  bbox,
  score,
});

/** One error of each kind, and a right detection. */
const scene = {
  truth: {
    images: [{ id: 1 }],
    categories,
    annotations: [
      object(1, 1, box(0)),
      object(2, 2, box(100)),
      object(3, 1, box(200)),
      object(4, 1, box(300)),
      object(5, 2, box(400)),
    ],
  },
  found: [
    detection(1, box(0), 0.9),
    detection(1, box(1), 0.8), // duplicate of object 1
    detection(1, box(100), 0.7), // object 2 with the wrong category
    detection(1, box(204), 0.6), // object 3 at an IoU of 0.43
    detection(2, box(304), 0.5), // object 4: wrong category and loose
    detection(2, box(900), 0.4), // nothing there
  ],
};

describe('errorBreakdown', () => {
  it('finds one error of each kind', () => {
    const { AP, count, cost } = errorBreakdown(scene.truth, scene.found);
    expect(count).toEqual({ classification: 1, localisation: 1, both: 1, duplicate: 1, background: 1, missed: 2 });
    // cat: 1 of 3 found at the front; dog: none.
    expect(AP).toBeCloseTo((34 / 101 + 0) / 2, 12);
    // Object 2 found as a dog at the front of its category: dog AP 0 -> 51 of 101 recalls at precision 1.
    expect(cost.classification).toBeCloseTo(51 / 101 / 2, 12);
    for (const kind of errorKinds) expect(cost[kind]).toBeGreaterThanOrEqual(0);
  });

  it("its AP is COCO's, and mending all of it is perfection", () => {
    fc.assert(
      fc.property(smallCoco, ({ truth, found }) => {
        const { AP, falsePositives, count, cost } = errorBreakdown(truth, found);
        const plain = evaluateCoco(truth, found, { thresholds: [0.5] }).stats[0];
        // Matched detections of odd sizes and crowds agree; a category without objects is left out by both.
        expect(Math.abs(AP - Math.max(0, plain))).toBeLessThan(1e-9);
        expect(falsePositives).toBeGreaterThanOrEqual(-1e-12);
        for (const kind of ['both', 'duplicate', 'background'] as const) {
          expect(cost[kind]).toBeGreaterThanOrEqual(-1e-12);
          if (count[kind] === 0) expect(cost[kind]).toBeCloseTo(0, 12);
        }
      }),
    );
  });
});

describe('confusionMatrix', () => {
  it('counts who is taken for whom', () => {
    const { labels, counts } = confusionMatrix(scene.truth, scene.found);
    expect(labels).toEqual(['cat', 'dog', 'background']);
    expect(Array.from(counts)).toEqual([1, 0, 2, 1, 0, 1, 2, 2, 0]);
  });

  it('has every object in its row and every detection in its column, crowds aside', () => {
    fc.assert(
      fc.property(smallCoco, ({ truth, found }) => {
        const plain = { ...truth, annotations: truth.annotations.map((row) => ({ ...row, iscrowd: 0 })) };
        const { counts, labels } = confusionMatrix(plain, found, { score: 0.3 });
        const n = labels.length;
        const ids = [1, 2, 3];
        ids.forEach((id, k) => {
          const row = counts.slice(k * n, (k + 1) * n).reduce((a, b) => a + b, 0);
          const column = ids.concat(0).reduce((sum, _, r) => sum + counts[r * n + k], 0);
          expect(row).toBe(plain.annotations.filter((a) => a.category_id === id).length);
          expect(column).toBe(found.filter((d) => d.category_id === id && d.score >= 0.3).length);
        });
      }),
    );
  });
});

describe('bestF1 and calibration', () => {
  const truth = { images: [{ id: 1 }], categories, annotations: [object(1, 1, box(0)), object(2, 1, box(100))] };
  const found = [
    detection(1, box(0), 0.95),
    detection(1, box(100), 0.85),
    detection(1, box(500), 0.75),
    detection(1, box(600), 0.75),
  ];

  it('cuts where F1 is largest', () => {
    expect(bestF1(evaluateCoco(truth, found), { threshold: 0.5 })).toEqual([
      { category: 1, score: 0.85, f1: 1, precision: 1, recall: 1 },
    ]);
  });

  it('no cut is better, by trying all', () => {
    fc.assert(
      fc.property(smallCoco, (set) => {
        const result = evaluateCoco(set.truth, set.found);
        for (const row of bestF1(result, { threshold: 0.5 })) {
          const { recall, precision, score } = curveOf(result, row.category, { threshold: 0.5 });
          // A cut keeps all detections of equal score: the last of a run counts.
          const all = Array.from(recall, (r, i) =>
            score[i] === score[i + 1] || r === 0 ? 0 : (2 * r * precision[i]) / (r + precision[i]),
          );
          expect(row.f1).toBeCloseTo(Math.max(0, ...all), 12);
        }
      }),
    );
  });

  it('errors by hand', () => {
    const { bins, expected, largest, brier } = calibration(evaluateCoco(truth, found), { threshold: 0.5 });
    expect(bins[7]).toEqual({ low: 0.7, high: 0.8, count: 2, score: 0.75, precision: 0 });
    expect(expected).toBeCloseTo((0.05 + 0.15 + 2 * 0.75) / 4, 12);
    expect(largest).toBe(0.75);
    expect(brier).toBeCloseTo((0.05 ** 2 + 0.15 ** 2 + 2 * 0.75 ** 2) / 4, 12);
  });
});

describe('pairedBootstrap', () => {
  const images = Array.from({ length: 40 }, (_, i) => ({ id: i + 1 }));
  const truth = { images, categories, annotations: images.map(({ id }) => object(id, 1 + (id % 2), box(0), id)) };
  const run = (good: (id: number) => boolean): CocoDetection[] =>
    images.map(({ id }) => detection(1 + (id % 2), box(good(id) ? 0 : 500), 0.5 + id / 100, id));

  it('tells a real difference from none', () => {
    const [weak, strong] = [
      evaluateCoco(
        truth,
        run((id) => id % 3 === 0),
      ),
      evaluateCoco(
        truth,
        run(() => true),
      ),
    ];
    const better = pairedBootstrap(weak, strong, { samples: 200 });
    expect(better.difference).toBeCloseTo(strong.stats[0] - weak.stats[0], 12);
    expect(better.low).toBeGreaterThan(0);
    expect(better.ahead).toBe(1);
    expect(better.low).toBeLessThan(better.difference);
    expect(better.high).toBeGreaterThan(better.difference);
    expect(pairedBootstrap(weak, weak)).toEqual({ difference: 0, low: 0, high: 0, ahead: 0.5 });
    expect(pairedBootstrap(weak, strong, { samples: 200 })).toEqual(better);
  });

  it('equal weights are the plain evaluation, and other images are refused', () => {
    fc.assert(
      fc.property(smallCoco, (set) => {
        const [none, some] = [evaluateCoco(set.truth, []), evaluateCoco(set.truth, set.found)];
        expect(pairedBootstrap(none, some, { samples: 2 }).difference).toBeCloseTo(some.stats[0] - none.stats[0], 12);
      }),
    );
    const other = evaluateCoco({ ...truth, images: images.slice(1) }, []);
    expect(() => pairedBootstrap(other, evaluateCoco(truth, []))).toThrow(UnpairedRunsError);
  });

  it('compareCoco names what changed', () => {
    const result = compareCoco(
      truth,
      run((id) => id !== 2),
      run((id) => id !== 1),
      { samples: 50 },
    );
    expect(result.won).toEqual([2]);
    expect(result.lost).toEqual([1]);
    expect(result.perCategory.map((row) => row.name).sort()).toEqual(['cat', 'dog']);
    expect(result.difference[0]).toBeCloseTo(result.second[0] - result.first[0], 15);
  });
});

describe.skipIf(!shared)('boxRegression in compat is evaluate_bboxreg', () => {
  type Value = number | 'NaN';
  type Row = { fixture: string; metric: 'iou' | 'giou'; mean: Value; count: number; first: Value[] };
  const numberOf = (value: Value): number => (value === 'NaN' ? Number.NaN : value);
  const at = (fixture: string, file: string) => goldenPath('coco', fixture, file);
  const rows = shared ? readJson<{ results: Row[] }>(goldenPath('coco', 'bboxreg.json')).results : [];
  // Its figures for 03_ties_maxdets stand alone: the boxes they were made of are not among the goldens.
  const given = rows.filter(({ fixture }) => existsSync(at(fixture, 'gt.json')));

  it('has the boxes of four fixtures at least', () => {
    expect(new Set(given.map((row) => row.fixture)).size).toBeGreaterThanOrEqual(4);
  });

  for (const { fixture, metric, mean, count, first } of given) {
    it(`${fixture} by ${metric}`, () => {
      const truth = readJson<CocoInstances>(at(fixture, 'gt.json'));
      const found = readJson<CocoDetection[]>(at(fixture, 'dt.json'));
      const ours = boxRegression(truth, found, { overlap: metric, compat: true });
      expect(ours.values).toHaveLength(count);
      expect(Array.from(ours.values.slice(0, 40))).toEqual(first.map(numberOf));
      if (mean === 'NaN') expect(ours.mean).toBeNaN();
      else expect(Math.abs(ours.mean - mean)).toBeLessThan(1e-12);
    });
  }
});

describe('boxRegression', () => {
  it('counts the objects of an image without detections as missed, but not in compat', () => {
    const truth = {
      images: [{ id: 1 }, { id: 2 }],
      categories,
      annotations: [object(1, 1, box(0)), object(2, 1, box(0), 2)],
    };
    const found = [detection(1, box(0), 1)];
    expect(boxRegression(truth, found).mean).toBe(0.5);
    expect(boxRegression(truth, found, { overlap: 'giou' }).mean).toBe(0);
    expect(boxRegression(truth, found, { compat: true }).mean).toBe(1);
  });
});
