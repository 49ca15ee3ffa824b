import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cocoSummary, evaluateCoco } from '../index.ts';
import { smallCoco } from '../testing/arbitrary.ts';
import { slowPrecision } from '../testing/slow-coco.ts';
import { cocoAreas, cocoRecalls } from './params.ts';

const options = {
  thresholds: [0.25, 0.5, 0.75],
  recalls: cocoRecalls.filter((_, i) => i % 10 === 0),
  maxDets: [1, 3, 100],
};

describe('the rules of COCO', () => {
  it('a plain transcription of them agrees to the bit: ties, crowds, areas on the boundaries', () => {
    fc.assert(
      fc.property(smallCoco, ({ truth, found }) => {
        const areas = cocoAreas.map(({ low, high }) => [low, high] as const);
        const slow = slowPrecision(truth, found, { ...options, areas });
        expect(Array.from(evaluateCoco(truth, found, { ...options, compat: true }).precision)).toEqual(slow);
        expect(Array.from(evaluateCoco(truth, found, options).precision)).toEqual(slow);
      }),
      { numRuns: 1000 },
    );
  });

  it('the order of the images and categories in the file changes nothing', () => {
    fc.assert(
      fc.property(smallCoco, ({ truth, found }) => {
        const turned = { ...truth, images: [...truth.images].reverse(), categories: [...truth.categories].reverse() };
        const [a, b] = [evaluateCoco(truth, found), evaluateCoco(turned, found)];
        expect(b.precision).toEqual(a.precision);
        expect(b.perCategory).toEqual(a.perCategory);
      }),
    );
  });

  it("by an overlap of one's own", () => {
    const truth = {
      images: [{ id: 1 }],
      categories: [{ id: 1, name: 'dot' }],
      annotations: [{ image_id: 1, category_id: 1, bbox: [0, 0, 2, 2] }],
    };
    const found = [{ image_id: 1, category_id: 1, bbox: [5, 0, 2, 2], score: 1 }];
    const near = evaluateCoco(truth, found, {
      overlap: (a, b) => 1 - Math.abs(a[0] - b[0]) / 10,
      thresholds: [0.5],
    });
    expect(near.perCategory[0]).toMatchObject({ name: 'dot' });
    expect(near.stats[0]).toBeCloseTo(1, 12);
    expect(evaluateCoco(truth, found, { overlap: () => Number.NaN }).stats[0]).toBe(0);
  });

  it('more thresholds than bits in a word', () => {
    const thresholds = Array.from({ length: 70 }, (_, i) => 0.3 + i / 100);
    fc.assert(
      fc.property(smallCoco, ({ truth, found }) => {
        const many = evaluateCoco(truth, found, { thresholds });
        for (const t of [0, 31, 32, 33, 63, 64, 69]) {
          const one = evaluateCoco(truth, found, { thresholds: [thresholds[t]] });
          expect(many.perThreshold[t].AP).toBe(one.perThreshold[0].AP);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('the defects of the original, corrected by default', () => {
  const images = [{ id: 1 }];
  const categories = [{ id: 1 }];
  const row = { image_id: 1, category_id: 1 };
  const small = { ...row, id: 1, bbox: [0, 0, 10, 10] };

  it('a crowd absorbs the detections inside, by GIoU too', () => {
    const crowd = { ...row, id: 2, bbox: [100, 100, 400, 400], iscrowd: 1 };
    const truth = { images, categories, annotations: [small, crowd] };
    const found = [
      { ...row, bbox: [120, 120, 10, 10], score: 0.9 },
      { ...row, bbox: [0, 0, 10, 10], score: 0.8 },
    ];
    const result = evaluateCoco(truth, found, { overlap: 'giou' });
    expect(result.stats[0]).toBeCloseTo(1, 12);
    expect(result.notes).toMatchObject([
      { tag: 'crowd-giou', count: 1 },
      { tag: 'no-area', count: 2 },
    ]);
    expect(evaluateCoco(truth, found, { overlap: 'giou', compat: true }).stats[0]).toBeCloseTo(0.5, 12);
  });

  it('a box without area matches nothing', () => {
    const truth = { images, categories, annotations: [{ ...small, bbox: [5, 5, 0, 0], area: 0 }] };
    const found = [{ ...row, bbox: [5, 5, 0, 0], score: 1 }];
    expect(evaluateCoco(truth, found, { overlap: 'giou' }).stats[0]).toBe(0);
    expect(evaluateCoco(truth, found, { overlap: 'giou', compat: true }).stats[0]).toBeCloseTo(1, 12);
  });

  it('an annotation with id 0 can be found', () => {
    const truth = { images, categories, annotations: [{ ...small, id: 0, area: 100 }] };
    const found = [{ ...row, bbox: [0, 0, 10, 10], score: 1 }];
    expect(evaluateCoco(truth, found).stats[0]).toBeCloseTo(1, 12);
    expect(evaluateCoco(truth, found).notes).toMatchObject([{ tag: 'id-zero', count: 1 }]);
    expect(evaluateCoco(truth, found, { compat: true }).stats[0]).toBe(0);
  });

  it('no detections are a score of 0, no objects one of -1', () => {
    const truth = { images, categories, annotations: [small] };
    expect(evaluateCoco(truth, []).stats.slice(0, 3)).toEqual([0, 0, 0]);
    expect(evaluateCoco({ images, categories, annotations: [] }, []).stats).toEqual(Array(12).fill(-1));
    expect(evaluateCoco({ images: [], categories: [], annotations: [] }, []).stats).toEqual(Array(12).fill(-1));
  });

  it('"ignore" in the file counts only when asked for', () => {
    const ignored = { ...small, id: 2, bbox: [50, 50, 10, 10], ignore: 1 };
    const truth = { images, categories, annotations: [small, ignored] };
    const found = [{ ...row, bbox: [0, 0, 10, 10], score: 1 }];
    expect(evaluateCoco(truth, found).stats[8]).toBe(0.5);
    expect(evaluateCoco(truth, found, { ignoreKey: true }).stats[8]).toBe(1);
  });
});

describe('input beyond reason', () => {
  it('a million categories are refused with the reason', () => {
    const categories = Array.from({ length: 1e6 }, (_, id) => ({ id }));
    const bbox = [0, 0, 10, 10];
    const truth = {
      images: [{ id: 1 }],
      categories,
      annotations: [{ id: 1, image_id: 1, category_id: 999_999, bbox }],
    };
    const found = [{ image_id: 1, category_id: 999_999, bbox, score: 1 }];
    expect(() => evaluateCoco(truth, found)).toThrow(/1000000 categories.*fewer/);
  });

  it('a box that is not four numbers is named', () => {
    const truth = { images: [{ id: 1 }], categories: [{ id: 1 }], annotations: [] };
    const found = [{ image_id: 1, category_id: 1, bbox: [1, 2, 3], score: 1 }];
    expect(() => evaluateCoco(truth, found)).toThrow('detections[0].bbox');
  });
});

describe('cocoSummary', () => {
  it('twelve lines, with the limits and thresholds of the evaluation', () => {
    const lines = cocoSummary(Array(12).fill(0.12345), { thresholds: [0.3, 0.7], maxDets: [5, 50, 500] }).split('\n');
    expect(lines).toHaveLength(12);
    expect(lines[0]).toBe(' Average Precision  (AP) @[ IoU=0.30:0.70 | area=   all | maxDets=500 ] = 0.123');
    expect(lines[6]).toBe(' Average Recall     (AR) @[ IoU=0.30:0.70 | area=   all | maxDets=  5 ] = 0.123');
  });
});
