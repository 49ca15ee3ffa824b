import { describe, expect, it } from 'vitest';
import type { CocoDetection, CocoInstances, CocoOptions } from '../index.ts';
import {
  bestF1,
  CocoInputError,
  calibration,
  cocoAccumulator,
  cocoMatches,
  confusionMatrix,
  curveOf,
  diouOf,
  errorBreakdown,
  evaluateCoco,
  evaluateCocoEach,
  iou,
  iouOf,
  OptionError,
} from '../index.ts';

const box = [0, 0, 10, 10];
const truth: CocoInstances = {
  images: [{ id: 1 }],
  categories: [{ id: 1, name: 'a' }],
  annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: box, area: 100 }],
};
const row = { image_id: 1, category_id: 1, bbox: box, score: 0.9 };
const wrong = { ...row, bbox: [50, 50, 5, 5] };

/** What the evaluators throw, whatever is given to them. */
const thrown = (run: () => unknown): Error => {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
};

describe('rows in memory', () => {
  const bad: readonly (readonly [string, unknown])[] = [
    ['score', Number.NaN],
    ['score', undefined],
    ['score', 'high'],
    ['score', Number.POSITIVE_INFINITY],
    ['bbox', [1, 2, 3]],
    ['bbox', [0, 0, Number.NaN, 1]],
    ['bbox', ['0', 0, 1, 1]],
    ['bbox', undefined],
    ['image_id', null],
    ['image_id', 1.5],
    ['category_id', 'a'],
  ];
  it.each(bad)('a detection whose %s is %s is named, wherever it stands in the list', (key, value) => {
    for (const [rows, place] of [
      [[{ ...row, [key]: value }, wrong], 0],
      [[wrong, { ...row, [key]: value }], 1],
    ] as const) {
      const found = rows as readonly CocoDetection[];
      for (const run of [
        () => evaluateCoco(truth, found),
        () => cocoMatches(truth, found),
        () => confusionMatrix(truth, found),
        () => errorBreakdown(truth, found),
        () => cocoAccumulator(truth.categories).shard(truth, found),
      ]) {
        const error = thrown(run);
        expect(error).toBeInstanceOf(CocoInputError);
        expect(error.message).toMatch(new RegExp(`^detections\\[${place}\\]\\.${key}: found .*, expected `));
        expect(error).toMatchObject({ list: 'detections', row: place, key });
      }
    }
  });

  it('objects, images and categories are looked at alike', () => {
    const annotation = truth.annotations[0];
    const twice = [annotation, annotation];
    const lists: readonly (readonly [Partial<Record<keyof CocoInstances, unknown>>, RegExp])[] = [
      [{ annotations: [{ ...annotation, bbox: [0, 0, -1, 5] }] }, /^annotations\[0\]\.bbox: .*sizes not below 0/],
      [
        { annotations: [{ ...annotation, iscrowd: 'yes' }] },
        /^annotations\[0\]\.iscrowd: found "yes", expected 0 or 1/,
      ],
      [{ annotations: [{ ...annotation, area: -1 }] }, /^annotations\[0\]\.area/],
      [{ annotations: twice }, /^annotations\[1\]\.id: found 1, expected an id of its own; annotations\[0\]/],
      [{ annotations: undefined }, /^annotations: found nothing, expected a list/],
      [{ annotations: [null] }, /^annotations\[0\]: found null/],
      [{ images: [{ id: 1 }, { id: 1 }] }, /^images\[1\]\.id/],
      [{ categories: [{ id: 'a' }] }, /^categories\[0\]\.id/],
    ];
    for (const [change, message] of lists) {
      const error = thrown(() => evaluateCoco({ ...truth, ...change } as CocoInstances, [row]));
      expect(error).toBeInstanceOf(CocoInputError);
      expect(error.message).toMatch(message);
    }
    expect(thrown(() => evaluateCoco(undefined as never, [])).message).toMatch(/^groundTruth: found nothing/);
    expect(thrown(() => evaluateCoco(truth, {} as never)).message).toMatch(/^detections: found \{\}, expected a list/);
  });

  it('an image that is added names itself in the error', () => {
    const accumulator = cocoAccumulator(truth.categories);
    const add = () =>
      accumulator.add(accumulator.empty, {
        image: 'b/7.jpg',
        objects: [{ category_id: 1, bbox: box }],
        detections: [row, { ...row, score: Number.NaN }],
      });
    expect(add).toThrow('image "b/7.jpg": detections[1].score: found NaN, expected a number.');
  });

  it('masks without boxes are told once', () => {
    const masks = [1, 2].map((id) => ({ image_id: 1, category_id: 1, score: 1, id, segmentation: {} }));
    expect(thrown(() => evaluateCoco(truth, masks as never)).message).toMatch(/^detections: found 2 rows with masks/);
  });
});

describe('options', () => {
  const bad: readonly (readonly [string, unknown, RegExp])[] = [
    ['iouThrs', [0.5], /Unknown option "iouThrs"\. Did you mean thresholds\?/],
    ['treshold', [0.5], /Did you mean thresholds\?/],
    ['maxDet', [100], /Did you mean maxDets\?/],
    ['__proto__x', 1, /The options are overlap, thresholds/],
    ['maxDets', [], /^maxDets: found \[\], expected a list/],
    ['maxDets', [0], /^maxDets/],
    ['maxDets', [1.5], /^maxDets/],
    ['thresholds', [], /^thresholds/],
    ['thresholds', [0], /above 0 and at most 1/],
    ['thresholds', [50], /^thresholds/],
    ['thresholds', [Number.NaN], /^thresholds/],
    ['overlap', 'IOU', /^overlap: found "IOU", expected 'iou', 'giou', 'diou', 'ciou' or a function/],
    ['overlap', 7, /^overlap/],
    ['areas', [{ name: 'small', low: 0, high: 9 }], /^areas: .*one of them named 'all'/],
    ['areas', [{ name: 'all', low: 9, high: 0 }], /^areas/],
    ['recalls', [2], /^recalls/],
    ['compat', 'yes', /^compat: found "yes", expected true or false/],
    ['imgIds', [77], /^imgIds: the ground truth has no 77/],
    ['imgIds', ['1'], /its ids are numbers/],
    ['catIds', [77], /^catIds: the ground truth has no 77/],
  ];
  it.each(bad)('%s: %j is refused', (name, value, message) => {
    const options = { [name]: value } as CocoOptions;
    const error = thrown(() => evaluateCoco(truth, [row], options));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toMatch(message);
    if (name !== 'overlap') expect(() => evaluateCocoEach(truth, [row], ['iou', 'giou'], options)).toThrow(OptionError);
    if (name !== 'imgIds') expect(() => cocoAccumulator(truth.categories, options)).toThrow(OptionError);
  });

  it('thresholds below 0 belong to GIoU', () => {
    expect(evaluateCoco(truth, [wrong], { overlap: 'giou', thresholds: [-0.99] }).stats[0]).toBeCloseTo(1, 12);
  });

  it("an overlap of one's own sees two boxes, and must give a number", () => {
    const found = [{ ...row, bbox: [0, 0, 8, 10] }];
    const own = evaluateCoco(truth, found, { overlap: (a, b) => diouOf(a, b) });
    const named = evaluateCoco(truth, found, { overlap: 'diou' });
    expect(own.precision).toEqual(named.precision);
    const overlap = (() => 'much') as never;
    expect(() => evaluateCoco(truth, found, { overlap })).toThrow(/gave "much" for the boxes \[0,0,8,10\] and/);
  });

  it('columns have the defaults of single boxes', () => {
    expect(iou([0, 0, 2, 2], [1, 1, 3, 3])[0]).toBe(iouOf([0, 0, 2, 2], [1, 1, 3, 3]));
  });
});

describe('thresholds and areas by value', () => {
  const result = evaluateCoco(truth, [{ ...row, bbox: [0, 0, 6, 10] }]);
  it('0.75 is an IoU of 0.75 for all that take a threshold', () => {
    expect(curveOf(result, 1, { threshold: 0.5 }).precision[0]).toBe(1);
    expect(curveOf(result, 1, { threshold: 0.75 }).precision[0]).toBe(0);
    expect(curveOf(result, 1, { threshold: 0.9 }).precision[0]).toBe(0);
    expect(bestF1(result, { threshold: 0.75 })[0].f1).toBe(0);
    expect(calibration(result, { threshold: 0.75 }).expected).toBeCloseTo(0.9, 12);
    expect(curveOf(result, 1, { threshold: 0.5, area: 'large' }).positives).toBe(0);
  });
  it('what was not evaluated is refused, with what was', () => {
    const none = { threshold: 0.8 + 1e-3 };
    for (const run of [() => curveOf(result, 1, none), () => bestF1(result, none), () => calibration(result, none)]) {
      expect(run).toThrow(/IoU 0\.801 was not evaluated; the thresholds are 0\.5, 0\.55, .* and 0\.95/);
    }
    expect(() => curveOf(result, 1, { threshold: 0 })).toThrow(OptionError);
    expect(() => curveOf(result, 1, { threshold: 5 })).toThrow(OptionError);
    expect(() => curveOf(result, 1, { threshold: 0.5, area: 'tiny' })).toThrow(
      /the areas are all, small, medium and large/,
    );
    expect(() => curveOf(result, 9, { threshold: 0.5 })).toThrow(/the categories are 1/);
  });
});
