import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenPath, readJson, shared } from '../../../../test/shared.ts';
import type { CocoDetection, CocoInstances, CocoResult } from '../index.ts';
import { CocoInputError, curveOf, evaluateCoco, evaluateCocoEach } from '../index.ts';
import { smallCoco } from '../testing/arbitrary.ts';
import type { CocoThreads } from './index.ts';
import { cocoThreads } from './index.ts';

const bits = (column: Float64Array): string => Buffer.from(column.slice().buffer).toString('base64');

const expectSame = (ours: CocoResult, plain: CocoResult): void => {
  for (const column of ['precision', 'scores', 'recall'] as const) expect(bits(ours[column])).toBe(bits(plain[column]));
  const { precision, scores, recall, tally, ...figures } = ours;
  const { precision: _p, scores: _s, recall: _r, tally: whole, ...expected } = plain;
  expect(figures).toEqual(expected);
  expect(tally).toEqual(whole);
};

describe('cocoThreads', () => {
  let threads: CocoThreads;
  beforeAll(() => {
    threads = cocoThreads(3);
  });
  afterAll(() => threads.close());

  it('gives everything that one thread gives, to the bit', async () => {
    await fc.assert(
      fc.asyncProperty(smallCoco, fc.boolean(), async ({ truth, found }, compat) => {
        const ours = await threads.evaluateEach(truth, found, ['iou', 'giou'], { compat });
        const plain = evaluateCocoEach(truth, found, ['iou', 'giou'], { compat });
        ours.forEach((result, i) => {
          expectSame(result, plain[i]);
        });
      }),
    );
  });

  it('several evaluations at once, and none of anything', async () => {
    const sets = fc.sample(smallCoco, { numRuns: 8, seed: 3 });
    const results = await Promise.all(sets.map(({ truth, found }) => threads.evaluate(truth, found)));
    results.forEach((result, i) => {
      expectSame(result, evaluateCoco(sets[i].truth, sets[i].found));
    });
    const nothing = { images: [], annotations: [], categories: [] };
    expect((await threads.evaluate(nothing, [])).stats).toEqual(Array(12).fill(-1));
    expect(await threads.evaluateEach(nothing, [], [])).toEqual([]);
  });

  it('any number of threads, more than there are categories too', async () => {
    const [{ truth, found }] = fc.sample(smallCoco, { numRuns: 1, seed: 5 }) as [
      { truth: CocoInstances; found: CocoDetection[] },
    ];
    for (const count of [1, 2, 8]) {
      const some = cocoThreads(count);
      expect(some.threads).toBe(count);
      expectSame(
        await some.evaluate(truth, found, { overlap: 'giou' }),
        evaluateCoco(truth, found, { overlap: 'giou' }),
      );
      await some.close();
      if (count > 1) await expect(some.evaluate(truth, found)).rejects.toThrow(/ended/);
    }
  });

  it('refuses what one thread refuses', async () => {
    const categories = Array.from({ length: 200_000 }, (_, id) => ({ id }));
    await expect(threads.evaluate({ images: [], annotations: [], categories }, [])).rejects.toThrow(CocoInputError);
  });

  it.skipIf(!shared)('5,000 images, both metrics', async () => {
    const at = (file: string) => goldenPath('coco', '07_large', file);
    const truth = readJson<CocoInstances>(at('gt.json.gz'));
    const found = readJson<CocoDetection[]>(at('dt.json.gz'));
    const ours = await threads.evaluateEach(truth, found, ['iou', 'giou'], { compat: true });
    evaluateCocoEach(truth, found, ['iou', 'giou'], { compat: true }).forEach((plain, i) => {
      for (const column of ['precision', 'scores', 'recall'] as const) {
        expect(bits(ours[i][column])).toBe(bits(plain[column]));
      }
      expect(ours[i].stats).toEqual(plain.stats);
      const category = truth.categories[0].id;
      expect(curveOf(ours[i], category, { threshold: 0.5 })).toEqual(curveOf(plain, category, { threshold: 0.5 }));
    });
  });
});
