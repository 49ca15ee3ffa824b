import { describe, expect, it } from 'vitest';
import type { CocoDetection, CocoInstances, CocoOptions } from '../index.ts';
import { cocoAccumulator, evaluateCoco } from '../index.ts';

const row = { image_id: 1, category_id: 1, bbox: [30, 40, 20, 20], score: 0.9 };
const truth = {
  images: [{ id: 1, width: 640, height: 480 }],
  categories: [{ id: 1, name: 'a' }],
  annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [30, 40, 20, 20], area: 400 }],
} satisfies CocoInstances;

/** The notes of the library, which those of the accumulator must equal. */
const notes = (gt: CocoInstances, dt: readonly CocoDetection[], options: CocoOptions = {}) => {
  const { notes: told } = evaluateCoco(gt, dt, options);
  const accumulator = cocoAccumulator(gt.categories, options);
  const [none, all] = [accumulator.shard({ images: [], annotations: [] }, []), accumulator.shard(gt, dt)];
  expect(accumulator.finish(accumulator.merge(none, all)).notes).toEqual(told);
  return told;
};
const annotation = truth.annotations[0];

describe('notes', () => {
  it('a clean input has none', () => {
    expect(notes(truth, [row])).toEqual([]);
  });

  it('objects and detections on unknown images and of unknown categories are counted and named', () => {
    const lost = [
      { ...annotation, id: 2, image_id: 77 },
      { ...annotation, id: 3, category_id: 9 },
      { ...annotation, id: 4, image_id: 78 },
    ];
    const dropped = [
      { ...row, image_id: 5 },
      { ...row, category_id: 6 },
    ];
    expect(notes({ ...truth, annotations: [annotation, ...lost] }, [row, ...dropped])).toEqual([
      {
        tag: 'object-unknown-image',
        count: 2,
        text: '2 objects of the ground truth name image 77 and 78, which images lacks: left out',
      },
      {
        tag: 'object-unknown-category',
        count: 1,
        text: '1 object of the ground truth names category 9, which categories lacks: left out',
      },
      {
        tag: 'unknown-image',
        count: 1,
        text: '1 detection on image 5, which the ground truth lacks: left out (pycocotools refuses them)',
      },
      {
        tag: 'unknown-category',
        count: 1,
        text: '1 detection of category 6, which the ground truth lacks: left out',
      },
    ]);
  });

  it('subsets that are asked for leave out without a note', () => {
    const two = { ...truth, images: [...truth.images, { id: 2 }], categories: [...truth.categories, { id: 2 }] };
    const found = [row, { ...row, image_id: 2 }, { ...row, category_id: 2 }];
    const { notes: told, stats } = evaluateCoco(two, found, { imgIds: [1], catIds: [1] });
    expect(told).toEqual([]);
    expect(stats[0]).toBeCloseTo(1, 12);
  });

  it('more objects than detections that are looked at', () => {
    const annotations = Array.from({ length: 150 }, (_, i) => ({
      ...annotation,
      id: i + 1,
      bbox: [(i % 15) * 30, 40 + 30 * Math.floor(i / 15), 20, 20],
    }));
    const found = annotations.map(({ bbox }) => ({ ...row, bbox }));
    const told = notes({ ...truth, annotations }, found);
    expect(told.map(({ tag }) => tag)).toEqual(['over-limit']);
    expect(told[0].text).toMatch(/^image 1 has more than 100 objects of a category/);
    expect(notes({ ...truth, annotations }, found, { maxDets: [1, 10, 500] }).map(({ tag }) => tag)).toEqual([
      'max-dets',
    ]);
  });

  it('fields of LVIS and Open Images', () => {
    const images = truth.images.map((image) => ({ ...image, neg_category_ids: [], not_exhaustive_category_ids: [1] }));
    expect(notes({ ...truth, images }, [row])).toMatchObject([{ tag: 'lvis-fields', count: 1 }]);
    const annotations = [{ ...annotation, isgroupof: 1 }];
    expect(notes({ ...truth, annotations }, [row])).toMatchObject([{ tag: 'group-of', count: 1 }]);
  });

  it('boxes in 0..1, and corners in place of sizes', () => {
    expect(notes(truth, [{ ...row, bbox: [0.1, 0.1, 0.2, 0.3] }])).toMatchObject([{ tag: 'relative-detections' }]);
    const corners = [
      [300, 200, 600, 400],
      [100, 100, 250, 300],
    ].map((bbox) => ({ ...row, bbox }));
    expect(notes(truth, corners)).toMatchObject([{ tag: 'corner-detections', count: 2 }]);
    expect(notes(truth, [...corners, row]).map(({ tag }) => tag)).not.toContain('corner-detections');
  });

  it('equal scores of right and wrong detections', () => {
    const wrong = { ...row, bbox: [300, 300, 20, 20] };
    expect(notes(truth, [row, wrong])).toMatchObject([{ tag: 'ties', count: 2 }]);
    expect(notes(truth, [row, { ...wrong, score: 0.5 }])).toEqual([]);
  });

  it('limits that pycocotools takes otherwise', () => {
    const compat = evaluateCoco(truth, [row], { maxDets: [1, 10, 50], compat: true });
    expect(compat.stats[0]).toBe(-1);
    expect(compat.stats[1]).toBeCloseTo(1, 12);
    expect(compat.notes).toMatchObject([{ tag: 'max-dets' }]);
    expect(evaluateCoco(truth, [row], { maxDets: [1, 10, 50] }).stats[0]).toBeCloseTo(1, 12);
  });
});

describe('class-agnostic and string ids', () => {
  it('all categories as one', () => {
    const two = { ...truth, categories: [{ id: 1 }, { id: 2 }] };
    const found = [{ ...row, category_id: 2 }];
    expect(evaluateCoco(two, found).stats[0]).toBe(0);
    const { stats, perCategory } = evaluateCoco(two, found, { useCats: false });
    expect(stats[0]).toBeCloseTo(1, 12);
    expect(perCategory).toMatchObject([{ id: -1, name: 'all' }]);
  });

  it('images with names', () => {
    const named = {
      ...truth,
      images: [{ id: 'b' }, { id: 'a' }],
      annotations: [{ ...annotation, image_id: 'a' }],
    };
    expect(evaluateCoco(named, [{ ...row, image_id: 'a' }]).stats[0]).toBeCloseTo(1, 12);
    expect(evaluateCoco(named, [row]).notes).toMatchObject([{ tag: 'unknown-image', count: 1 }]);
  });
});
