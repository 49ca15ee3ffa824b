/** Masks and keypoints in parts, on threads and streamed give what they give at once, to the bit. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CocoInputError } from '../index.ts';
import type { KeypointResult } from '../keypoints/index.ts';
import { evaluateKeypoints, KeypointMetric, keypointAccumulator } from '../keypoints/index.ts';
import type { CocoThreads } from '../node/index.ts';
import { cocoThreads } from '../node/index.ts';
import { keypointSet, segmSet } from '../testing/peers/sets.ts';
import { evaluateSegm, SegmMetric, segmAccumulator } from './index.ts';

const seeds = Array.from({ length: 60 }, (_, seed) => seed);
const on = <A extends { readonly image_id: unknown }>(rows: readonly A[], id: number): A[] =>
  rows.filter((row) => row.image_id === id);

type Figures = Pick<KeypointResult, 'precision' | 'recall' | 'scores' | 'stats'> & {
  readonly notes: readonly unknown[];
};
const expectSame = (ours: Figures, whole: Figures, what: string): void => {
  for (const column of ['precision', 'recall', 'scores'] as const) {
    expect(Buffer.from(ours[column].buffer).equals(Buffer.from(whole[column].buffer)), `${what}, ${column}`).toBe(true);
  }
  expect(ours.stats, what).toEqual(whole.stats);
  expect(ours.notes, what).toEqual(whole.notes);
};

let threads: CocoThreads;
beforeAll(() => {
  threads = cocoThreads(2);
});
afterAll(() => threads.close());

describe('masks', () => {
  it('image by image, each part sent', () => {
    for (const seed of seeds) {
      const { images, categories, annotations, detections } = segmSet(seed);
      const options = { compat: seed % 2 === 0, overlap: seed % 3 === 0 ? 'giou' : 'iou' } as const;
      const { add, empty, finish } = segmAccumulator(categories, options);
      const part = [...images].reverse().reduce((before, image) => {
        const evidence = { image, objects: on(annotations, image.id), detections: on(detections, image.id) };
        return structuredClone(add(before, evidence));
      }, empty);
      const whole = evaluateSegm({ images, categories, annotations }, detections, options);
      expectSame(finish(part), whole, `seed ${seed}`);
    }
  });

  it('on threads', async () => {
    for (const seed of seeds) {
      const { detections, ...truth } = segmSet(seed);
      const options = { compat: seed % 2 === 0, overlap: seed % 3 === 0 ? 'giou' : 'iou' } as const;
      const ours = await threads.evaluateSegm(truth, detections, options);
      expectSame(ours, evaluateSegm(truth, detections, options), `seed ${seed}`);
    }
  });

  it('streamed in batches and merged', () => {
    for (const seed of seeds) {
      const { images, categories, annotations, detections } = segmSet(seed);
      const halves = [new SegmMetric({ categories }), new SegmMetric({ categories })] as const;
      images.forEach(({ id, width, height }, i) => {
        const [there, found] = [on(annotations, id), on(detections, id)];
        const prediction = {
          masks: found.map((row) => row.segmentation!),
          scores: found.map((row) => row.score),
          labels: found.map((row) => row.category_id),
        };
        const target = {
          width,
          height,
          masks: there.map((row) => row.segmentation),
          labels: there.map((row) => row.category_id),
          area: there.map((row) => row.area!),
          iscrowd: there.map((row) => Number(row.iscrowd)),
        };
        halves[i < images.length / 2 ? 0 : 1].update([prediction], [target]);
      });
      const merged = halves[0].merge(structuredClone(halves[1].state)).compute();
      expectSame(merged, evaluateSegm({ images, categories, annotations }, detections), `seed ${seed}`);
    }
  });

  it('errors name the image and the row', () => {
    const { add, empty } = segmAccumulator([{ id: 1 }]);
    const objects = [{ category_id: 1, segmentation: { size: [4, 4], counts: [3] } }];
    expect(() => add(empty, { image: 'street', objects, detections: [] })).toThrow(CocoInputError);
    expect(() => add(empty, { image: 'street', objects, detections: [] })).toThrow(
      /image "street": objects\[0\]\.segmentation: .*counts sum to 3 pixels/,
    );
    const metric = new SegmMetric();
    expect(() => metric.update([{ masks: [], scores: [1], labels: [] }], [{ masks: [], labels: [] }])).toThrow(
      /predictions\[0\]\.scores/,
    );
    expect(() => metric.update([{ masks: 5 as never, scores: [], labels: [] }], [{ masks: [], labels: [] }])).toThrow(
      /predictions\[0\]\.masks: found 5, expected a list/,
    );
  });
});

describe('keypoints', () => {
  it('image by image, each part sent', () => {
    for (const seed of seeds) {
      const { images, categories, annotations, detections } = keypointSet(seed);
      const { add, empty, finish } = keypointAccumulator(categories);
      const part = images.reduce((before, image) => {
        const evidence = { image: image.id, objects: on(annotations, image.id), detections: on(detections, image.id) };
        return structuredClone(add(before, evidence));
      }, empty);
      expectSame(finish(part), evaluateKeypoints({ images, categories, annotations }, detections), `seed ${seed}`);
    }
  });

  it('on threads', async () => {
    for (const seed of seeds) {
      const { detections, ...truth } = keypointSet(seed);
      const options = { compat: seed % 2 === 0 };
      const ours = await threads.evaluateKeypoints(truth, detections, options);
      expectSame(ours, evaluateKeypoints(truth, detections, options), `seed ${seed}`);
    }
  });

  it('streamed', () => {
    for (const seed of seeds) {
      const { images, categories, annotations, detections } = keypointSet(seed);
      const metric = new KeypointMetric({ categories });
      for (const { id } of images) {
        const [there, found] = [on(annotations, id), on(detections, id)];
        const prediction = {
          keypoints: found.map((row) => row.keypoints),
          scores: found.map((row) => row.score),
          labels: found.map((row) => row.category_id),
        };
        const target = {
          keypoints: there.map((row) => row.keypoints),
          labels: there.map((row) => row.category_id),
          area: there.map((row) => row.area!),
          iscrowd: there.map((row) => Number(row.iscrowd)),
          boxes: there.map((row) => row.bbox!),
        };
        metric.update([prediction], [target]);
      }
      expectSame(metric.compute(), evaluateKeypoints({ images, categories, annotations }, detections), `seed ${seed}`);
    }
  });
});
