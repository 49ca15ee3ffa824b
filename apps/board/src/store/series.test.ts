/** Thinned series: every extreme of every part, the ends, and means over all points. */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Point } from '../runs/point.ts';
import { tempFolder } from '../testing/board.ts';
import { seeded } from '../testing/random.ts';
import { openDatabase } from './database.ts';
import { addPoints, metricNamed } from './points.ts';
import { readSeries, type SeriesRange } from './series.ts';

const stored = async (...batches: readonly (readonly Point[])[]) => {
  const db = openDatabase(join(await tempFolder(), 'x.db'));
  for (const batch of batches) await db.change(() => addPoints(db, 1, batch));
  return {
    read: (range: SeriesRange) => readSeries(db, metricNamed(db, 1, 'k')?.id ?? 0, range),
    metric: () => metricNamed(db, 1, 'k'),
    close: db.close,
  };
};

const point = (step: number, value: number, time = 1.6e12 + step): Point => ({ key: 'k', step, time, value });

it('100,000 points: extremes, ends, and the mean of all', async () => {
  const random = seeded(1);
  const values = Array.from({ length: 100_000 }, (_, i) => (i === 77_777 ? 50 : i === 12_345 ? -50 : random()));
  const { read, close } = await stored(values.map((value, step) => point(step, value)));
  for (const points of [100, 600, 5000]) {
    const series = read({ points });
    expect(series.count).toBe(100_000);
    expect(series.steps.length).toBeLessThanOrEqual(points);
    expect(series.values).toContain(50);
    expect(series.values).toContain(-50);
    expect([series.steps[0], series.steps.at(-1)]).toEqual([0, 99_999]);
    // Each is a point that was logged.
    for (const [i, step] of series.steps.entries()) expect(series.values[i]).toBe(values[step]);
    const { counts = [], values: means = [] } = series.means ?? {};
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100_000);
    const mean = means.reduce((sum, value, i) => sum + value * counts[i], 0) / 100_000;
    expect(mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 100_000, 9);
  }
  // Near enough they are all there.
  const part = read({ from: 70_000, to: 70_400, points: 600 });
  expect(part.steps).toEqual(Array.from({ length: 401 }, (_, i) => 70_000 + i));
  expect(part.means).toBeUndefined();
  await close();
});

it('keeps the least and the greatest of whatever was stored, in whatever order, however often', async () => {
  const points = fc.array(
    fc.tuple(
      fc.integer({ min: -5000, max: 5000 }),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -3, 0.5, 7, 1e300),
    ),
    { minLength: 1, maxLength: 400 },
  );
  await fc.assert(
    fc.asyncProperty(points, fc.integer({ min: 4, max: 50 }), async (pairs, wanted) => {
      const all = pairs.map(([step, value]) => point(step, value));
      const half = all.length >> 1;
      const { read, metric, close } = await stored(all.slice(half), all, all.slice(0, half));
      const unique = new Set(pairs.map(([step, value]) => `${step} ${value}`));
      const series = read({ points: wanted });
      const numbers = pairs.map(([, value]) => value).filter((value) => !Number.isNaN(value));
      const kept = series.values.filter((value) => !Number.isNaN(value));
      expect(metric()?.count).toBe(unique.size);
      expect(series.count).toBe(unique.size);
      expect([Math.min(...kept), Math.max(...kept)]).toEqual([Math.min(...numbers), Math.max(...numbers)]);
      expect(metric()).toMatchObject({ low: numbers.length > 0 ? Math.min(...numbers) : undefined });
      for (const [i, step] of series.steps.entries()) expect(unique).toContain(`${step} ${series.values[i]}`);
      expect([...series.steps].sort((a, b) => a - b)).toEqual(series.steps);
      const all2 = read({});
      expect(all2.steps).toHaveLength(unique.size);
      await close();
    }),
    { numRuns: 40 },
  );
});
