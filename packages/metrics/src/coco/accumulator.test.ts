import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CocoDetection, CocoInstances, CocoPart, Id } from '../index.ts';
import { cocoAccumulator, DuplicateImageError, evaluateCoco, evaluateVoc, vocAccumulator } from '../index.ts';
import { smallCoco } from '../testing/arbitrary.ts';
import { numbers } from '../testing/peers/sets.ts';

const onImages = <A extends { readonly image_id: Id }>(rows: readonly A[], ids: ReadonlySet<Id>): readonly A[] =>
  rows.filter((row) => ids.has(row.image_id));

const partOf = (truth: CocoInstances, ids: readonly Id[]) => {
  const set = new Set(ids);
  return { images: truth.images.filter((i) => set.has(i.id)), annotations: onImages(truth.annotations, set), set };
};

const bits = (column: Float64Array): string => Buffer.from(column.buffer).toString('base64');

describe('cocoAccumulator', () => {
  it('shards merged in any order give the bits of the whole', () => {
    fc.assert(
      fc.property(smallCoco, fc.infiniteStream(fc.nat(3)), fc.boolean(), ({ truth, found }, shards, flip) => {
        const whole = evaluateCoco(truth, found, { overlap: 'giou' });
        const accumulator = cocoAccumulator(truth.categories, { overlap: 'giou' });
        const places = truth.images.map((image) => ({ id: image.id, shard: shards.next().value as number }));
        const parts = [0, 1, 2, 3].map((shard) => {
          const { set, ...part } = partOf(
            truth,
            places.filter((p) => p.shard === shard).map((p) => p.id),
          );
          return accumulator.shard(part, onImages(found, set));
        });
        const merged = (flip ? parts.reverse() : parts).reduce(accumulator.concat, accumulator.empty);
        const result = accumulator.finish(merged);
        expect(bits(result.precision)).toBe(bits(whole.precision));
        expect(bits(result.recall)).toBe(bits(whole.recall));
        expect(bits(result.scores)).toBe(bits(whole.scores));
        expect(result.stats).toEqual(whole.stats);
        expect(result.notes).toEqual(whole.notes);
      }),
    );
  });

  it('images one by one, in any order', () => {
    fc.assert(
      fc.property(smallCoco, ({ truth, found }) => {
        const accumulator = cocoAccumulator(truth.categories);
        const parts = [...truth.images].reverse().reduce((part, { id }) => {
          const of = <A extends { readonly image_id: Id }>(rows: readonly A[]) => rows.filter((r) => r.image_id === id);
          return accumulator.add(part, { image: id, objects: of(truth.annotations), detections: of(found) });
        }, accumulator.empty);
        expect(bits(accumulator.finish(parts).precision)).toBe(bits(evaluateCoco(truth, found).precision));
      }),
    );
  });

  it('a part survives the way to a worker and back', () => {
    const [{ truth, found }] = fc.sample(smallCoco, { numRuns: 1, seed: 7 }) as [
      { truth: CocoInstances; found: CocoDetection[] },
    ];
    const accumulator = cocoAccumulator(truth.categories);
    const part = accumulator.shard(truth, found);
    expect(accumulator.finish(structuredClone(part)).stats).toEqual(accumulator.finish(part).stats);
  });

  it('a stream of many images needs no stack, and an image twice is refused', () => {
    const accumulator = cocoAccumulator([{ id: 1 }]);
    const objects = [{ category_id: 1, bbox: [0, 0, 4, 4] }];
    let part = accumulator.empty;
    for (let image = 0; image < 20_000; image++) {
      part = accumulator.add(part, {
        image,
        objects,
        detections: [{ category_id: 1, bbox: [0, 0, 4, 4], score: 0.5 }],
      });
    }
    // Flat plain data: a clone of it needs no stack either.
    expect(part.tally.chunks.length).toBeLessThan(32);
    expect(accumulator.finish(structuredClone(part)).stats[0]).toBeCloseTo(1, 12);
    const twice = accumulator.merge(part, accumulator.add(accumulator.empty, { image: 5, objects, detections: [] }));
    expect(() => accumulator.finish(twice)).toThrow(DuplicateImageError);
  });
});

/** A set of many images with an object and up to two detections each. */
const manyImages = (count: number): { readonly truth: CocoInstances; readonly found: readonly CocoDetection[] } => {
  const draw = numbers(22);
  const images = Array.from({ length: count }, (_, id) => ({ id }));
  const categories = [1, 2, 3].map((id) => ({ id }));
  const annotations = images.map(({ id }) => ({
    id: id + 1,
    image_id: id,
    category_id: 1 + draw(3),
    bbox: [draw(50), draw(50), 10 + draw(90), 10 + draw(90)],
  }));
  const found = annotations.flatMap(({ image_id, category_id, bbox }) =>
    Array.from({ length: draw(3) }, () => ({
      image_id,
      category_id: draw(5) === 0 ? 1 + draw(3) : category_id,
      bbox: bbox.map((value) => value + draw(9)),
      score: draw(1_000_000_000) / 1_000_000_000,
    })),
  );
  return { truth: { images, categories, annotations }, found };
};

/** What a worker sends back of what it was sent. */
const throughWorker = async (part: CocoPart): Promise<CocoPart> => {
  const code = "const { parentPort: p } = require('node:worker_threads'); p.once('message', (m) => p.postMessage(m));";
  const worker = new Worker(code, { eval: true });
  try {
    return await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.postMessage(part);
    });
  } finally {
    await worker.terminate();
  }
};

it('200,000 images, each added by itself, sent to a worker and merged: the bits of the batch', async () => {
  const { truth, found } = manyImages(200_000);
  const coco = cocoAccumulator(truth.categories);
  const halves: [CocoPart, CocoPart] = [coco.empty, coco.empty];
  let next = 0;
  truth.images.forEach(({ id }, i) => {
    const from = next;
    while (found[next]?.image_id === id) next++;
    const half = i % 2;
    const evidence = { image: id, objects: [truth.annotations[i]], detections: found.slice(from, next) };
    halves[half] = coco.add(halves[half], evidence);
  });
  const sent = await throughWorker(halves[0]);
  const merged = coco.finish(coco.merge(structuredClone(halves[1]), sent));
  const batch = evaluateCoco(truth, found);
  for (const column of ['precision', 'recall', 'scores'] as const) {
    expect(bits(merged[column]) === bits(batch[column]), column).toBe(true);
  }
  expect(merged.stats).toEqual(batch.stats);
  expect(merged.notes).toEqual(batch.notes);
  expect(batch.stats[0]).toBeGreaterThan(0.05);
});

describe('vocAccumulator', () => {
  it('image by image gives the figures of the whole', () => {
    fc.assert(
      fc.property(smallCoco, ({ truth, found }) => {
        const corners = ([x, y, w, h]: readonly number[]) => [x, y, x + w, y + h];
        const annotations = truth.images.map(({ id }) => ({
          image: String(id),
          objects: truth.annotations
            .filter((row) => row.image_id === id)
            .map((row) => ({ name: `c${row.category_id}`, box: corners(row.bbox), difficult: row.iscrowd === 1 })),
        }));
        const detections = found.map((row) => ({
          image: String(row.image_id),
          name: `c${row.category_id}`,
          score: row.score,
          box: corners(row.bbox),
        }));
        const classes = truth.categories.map(({ id }) => `c${id}`);
        const whole = evaluateVoc(annotations, detections, { classes, rule: 'area' });
        const accumulator = vocAccumulator(classes, { rule: 'area' });
        const part = [...annotations].reverse().reduce(
          (sum, row) =>
            accumulator.add(
              sum,
              row,
              detections.filter((d) => d.image === row.image),
            ),
          accumulator.empty,
        );
        expect(accumulator.finish(part).perThreshold).toEqual(whole.perThreshold);
      }),
    );
  });
});
