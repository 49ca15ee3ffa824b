/** LVIS against the figures of lvis-api, and both federations against what their rules say of small sets. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readJson, shared, sharedPath } from '../../../../test/shared.ts';
import type { CocoDetection } from '../index.ts';
import { CocoInputError, OptionError } from '../index.ts';
import type { SegmAnnotation, SegmDetection } from '../segm/index.ts';
import { lvisSet } from '../testing/peers/sets.ts';
import type { LvisInstances, LvisResult, OpenImagesInstances } from './index.ts';
import {
  evaluateLvis,
  evaluateLvisSegm,
  evaluateOpenImages,
  lvisAccumulator,
  lvisSegmAccumulator,
  lvisSummary,
  openImagesAccumulator,
} from './index.ts';

interface Figures {
  readonly precision: string;
  readonly recall: string;
  readonly stats: readonly number[];
}
const recorded = (name: string): readonly Figures[] =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8')).cases;
const sha = (column: Float64Array): string =>
  createHash('sha256').update(new Uint8Array(column.buffer)).digest('hex').slice(0, 16);

const on = <A extends { readonly image_id: unknown }>(rows: readonly A[], id: unknown): A[] =>
  rows.filter((row) => row.image_id === id);

describe.each(['bbox', 'segm'] as const)('lvis-api, %s', (type) => {
  const cases = recorded(`lvis-${type}`);
  const evaluate = (seed: number, compat: boolean): LvisResult => {
    const { detections, ...truth } = lvisSet(seed, type);
    return type === 'bbox'
      ? evaluateLvis(truth as LvisInstances, detections as CocoDetection[], { compat })
      : evaluateLvisSegm({ ...truth, annotations: truth.annotations as SegmAnnotation[] }, detections, { compat });
  };

  it('has the bits of its precision and recall in compat, and its thirteen numbers', () => {
    expect(cases.length).toBe(100);
    cases.forEach((theirs, seed) => {
      const ours = evaluate(seed, true);
      ours.stats.forEach((value, i) => {
        expect(value, `seed ${seed}, ${ours.names[i]}`).toBeCloseTo(theirs.stats[i], 12);
      });
      expect([sha(ours.precision), sha(ours.recall)], `seed ${seed}`).toEqual([theirs.precision, theirs.recall]);
    });
    expect(cases.filter(({ stats }) => stats[6] > 0 && stats[7] > 0).length).toBeGreaterThan(5);
  });

  it('image by image gives the same', () => {
    for (let seed = 0; seed < 30; seed++) {
      const { images, categories, annotations, detections } = lvisSet(seed, type);
      const accumulator = (type === 'bbox' ? lvisAccumulator : lvisSegmAccumulator)(categories) as ReturnType<
        typeof lvisSegmAccumulator
      >;
      const part = images.reduce((before, image) => {
        const objects = on(annotations as SegmAnnotation[], image.id);
        const found = on(detections as SegmDetection[], image.id);
        return structuredClone(accumulator.add(before, { image, objects, detections: found }));
      }, accumulator.empty);
      const [ours, whole] = [accumulator.finish(part), evaluate(seed, false)];
      expect(ours.stats, `seed ${seed}`).toEqual(whole.stats);
      expect(ours.notes, `seed ${seed}`).toEqual(whole.notes);
    }
  });
});

const box = [0, 0, 10, 10];
const images = [{ id: 1, neg_category_ids: [2], not_exhaustive_category_ids: [3] }];
const categories = [
  { id: 1, name: 'cup', frequency: 'r' },
  { id: 2, name: 'mug', frequency: 'c' },
  { id: 3, name: 'jar', frequency: 'f' },
  { id: 4, name: 'urn', frequency: 'f' },
] as const;
const object = { id: 1, image_id: 1, category_id: 1, bbox: box, area: 100 };
const truth: LvisInstances = { images, categories, annotations: [object, { ...object, id: 2, category_id: 3 }] };
const at = (category_id: number, score: number, bbox = box): CocoDetection => ({
  image_id: 1,
  category_id,
  bbox,
  score,
});

describe('LVIS', () => {
  it.skipIf(!shared)("the shared case is 1.000 by LVIS's rules", () => {
    const file = (name: string) => sharedPath('cases', 'metrics', name);
    const result = evaluateLvis(readJson(file('lvis.gt.json')), readJson(file('lvis.dt.json')));
    expect(result.stats[0]).toBeCloseTo(1, 12);
    // The detection of class 1 on image 2, which is labelled for class 1 in part and holds none.
    expect(result.notes.map(({ tag, count }) => [tag, count])).toEqual([['not-labelled', 1]]);
  });

  it('leaves out what was not labelled, and says how much', () => {
    const far = [50, 50, 5, 5];
    const { stats, names, notes, perCategory } = evaluateLvis(truth, [
      at(1, 0.9),
      at(3, 0.8),
      // Not labelled for urns: says nothing. Some jars are not labelled: not wrong. No mugs are there: wrong.
      at(4, 0.99, far),
      at(3, 0.95, far),
      at(2, 0.5, far),
    ]);
    const named = Object.fromEntries(names.map((name, i) => [name, stats[i]]));
    expect([named.AP, named.APr, named.APc, named.APf].map((value) => +value.toFixed(9))).toEqual([1, 1, -1, 1]);
    expect(notes.map(({ tag, count }) => [tag, count])).toEqual([['not-labelled', 1]]);
    expect(perCategory.map(({ name, APf }) => [name, +APf.toFixed(9)])).toEqual([
      ['cup', -1],
      ['mug', -1],
      ['jar', 1],
      ['urn', -1],
    ]);
  });

  it('looks at the 300 best of an image, whatever their categories', () => {
    const wrong = Array.from({ length: 300 }, (_, i) => at(2, 0.5 + i / 1000, [50, 50, 5, 5]));
    const { stats, notes } = evaluateLvis(truth, [at(1, 0.9), at(3, 0.4), ...wrong]);
    expect(stats[0]).toBeCloseTo(0.5, 12);
    expect(notes.find(({ tag }) => tag === 'image-limit')?.count).toBe(2);
  });

  it('refuses what does not say how it is labelled', () => {
    const bare = { ...truth, images: [{ id: 1 }] };
    expect(() => evaluateLvis(bare, [])).toThrow(/images\[0\]\.neg_category_ids: found nothing/);
    expect(() => evaluateLvis({ ...truth, categories: [{ id: 1 }] }, [])).toThrow(/categories\[0\]\.frequency/);
    expect(() => evaluateLvis(truth, [], { maxDets: [100] } as object)).toThrow(OptionError);
    expect(() => evaluateLvis(null as never, [])).toThrow(CocoInputError);
    expect(() => evaluateLvis(truth, null as never)).toThrow(CocoInputError);
  });

  it('prints thirteen lines', () => {
    const lines = lvisSummary(evaluateLvis(truth, [at(1, 0.9)])).split('\n');
    expect(lines).toHaveLength(13);
    expect(lines[6]).toMatch(/area= {3}all \| maxDets=300 \| rare \] = 1\.000$/);
  });
});

describe('Open Images', () => {
  const kinds = [
    { id: 1, name: 'animal' },
    { id: 2, name: 'dog', supercategory: 'animal' },
    { id: 3, name: 'puppy', supercategory: 'dog' },
    { id: 4, name: 'car', supercategory: 'vehicle' },
  ];
  const set = (more: Partial<OpenImagesInstances> = {}): OpenImagesInstances => ({
    images: [{ id: 1 }],
    categories: kinds,
    annotations: [{ id: 1, image_id: 1, category_id: 3, bbox: box, area: 100 }],
    ...more,
  });
  const ap50 = (result: ReturnType<typeof evaluateOpenImages>) =>
    result.perCategory.map(({ name, AP50 }) => [name, +AP50.toFixed(6)]);

  it('an object counts for all that it is a kind of', () => {
    const result = evaluateOpenImages(set(), [at(3, 0.9), at(1, 0.8)]);
    expect(ap50(result)).toEqual([
      ['animal', 1],
      ['dog', 0],
      ['puppy', 1],
      ['car', -1],
    ]);
  });

  it('a group takes every detection inside and need not be found', () => {
    const group = { id: 2, image_id: 1, category_id: 4, bbox: [100, 100, 100, 100], area: 10_000, is_group_of: 1 };
    const car = { id: 3, image_id: 1, category_id: 4, bbox: [300, 300, 20, 20], area: 400 };
    const truthWith = set({ annotations: [group, car] });
    const inside = [at(4, 0.9, [110, 110, 20, 20]), at(4, 0.8, [150, 150, 20, 20]), at(4, 0.7, [300, 300, 20, 20])];
    const result = evaluateOpenImages(truthWith, inside);
    expect(result.perCategory.at(-1)!.AP50).toBeCloseTo(1, 12);
    expect(result.notes).toEqual([]);
    expect(evaluateOpenImages(truthWith, inside.slice(2)).perCategory.at(-1)!.AP50).toBeCloseTo(1, 12);
  });

  it('what an image was not looked through for is left out; no animal means no dog', () => {
    const labelled = (labels: object) => set({ images: [{ id: 1, ...labels }], annotations: [] });
    const told = (labels: object) =>
      evaluateOpenImages(labelled(labels), [at(2, 0.9), at(4, 0.8)]).notes.map(({ tag, count }) => [tag, count]);
    expect(told({ neg_category_ids: [1] })).toEqual([['not-labelled', 1]]);
    expect(told({ neg_category_ids: [], pos_category_ids: [3] })).toEqual([['not-labelled', 1]]);
    expect(told({ neg_category_ids: [] })).toEqual([['not-labelled', 2]]);
    expect(told({})).toEqual([]);
  });

  it('image by image gives the same; a circle of kinds is refused', () => {
    const { add, empty, finish } = openImagesAccumulator(kinds);
    const { image_id: _, ...objects } = set().annotations[0];
    const { image_id: __, ...found } = at(3, 0.9);
    const part = add(empty, { image: { id: 1 }, objects: [objects], detections: [found] });
    expect(finish(part).stats).toEqual(evaluateOpenImages(set(), [at(3, 0.9)]).stats);
    const circle = [
      { id: 1, name: 'a', supercategory: 'b' },
      { id: 2, name: 'b', supercategory: 'a' },
    ];
    expect(() => evaluateOpenImages(set({ categories: circle }), [])).toThrow(/a kind of itself/);
    expect(() => evaluateOpenImages(set({ annotations: [null as never] }), [])).toThrow(CocoInputError);
    expect(() => evaluateOpenImages(set(), 5 as never)).toThrow(CocoInputError);
  });
});
