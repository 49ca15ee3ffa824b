/**
 * The rules of COCO's evaluation written down once more, as plainly as they read and without a thought for speed: the
 * second opinion of the evaluator's property tests. Own overlaps, own order, own sums; nothing is shared.
 */

import type { CocoDetection, CocoInstances } from '../coco/input.ts';
import type { Id } from '../core/tally.ts';
import { compareIds } from '../core/tally.ts';

type Box = readonly number[];
interface Found extends CocoDetection {
  readonly rank: number;
  readonly outcome: 'hit' | 'wrong' | 'ignored';
}

const iou = ([x, y, w, h]: Box, [u, v, p, q]: Box, crowd: boolean): number => {
  const across = Math.min(x + w, u + p) - Math.max(x, u);
  const down = Math.min(y + h, v + q) - Math.max(y, v);
  if (across <= 0 || down <= 0) return 0;
  const shared = across * down;
  return shared / (crowd ? w * h : w * h + p * q - shared);
};

export interface SlowOptions {
  readonly thresholds: readonly number[];
  readonly recalls: readonly number[];
  readonly areas: readonly (readonly [number, number])[];
  readonly maxDets: readonly number[];
}

/** `[threshold, recall, category, area, limit]`, as a plain list. */
export const slowPrecision = (
  truth: CocoInstances,
  found: readonly CocoDetection[],
  options: SlowOptions,
): number[] => {
  const { thresholds, recalls, areas, maxDets } = options;
  const categories = [...new Set(truth.categories.map((c) => c.id))].sort(compareIds);
  const images = [...new Set(truth.images.map((i) => i.id))].sort(compareIds);
  const cell = (
    threshold: number,
    category: number,
    [low, high]: readonly [number, number],
    limit: number,
  ): number[] => {
    let positives = 0;
    const all: Found[] = [];
    for (const image of images) {
      const here = (row: { image_id: Id; category_id: number }) =>
        row.image_id === image && row.category_id === category;
      const objects = truth.annotations.filter(here).map((row) => {
        const area = row.area ?? row.bbox[2] * row.bbox[3];
        return { ...row, ignored: row.iscrowd === 1 || area < low || area > high, taken: false };
      });
      positives += objects.filter((object) => !object.ignored).length;
      const offered = [...objects.filter((o) => !o.ignored), ...objects.filter((o) => o.ignored)];
      const ranked = found
        .filter(here)
        .sort((a, b) => b.score - a.score)
        .slice(0, Math.max(...maxDets));
      ranked.forEach((row, rank) => {
        let best = threshold;
        let chosen: (typeof objects)[number] | undefined;
        for (const object of offered) {
          if (object.taken && object.iscrowd !== 1) continue;
          if (chosen && !chosen.ignored && object.ignored) break;
          const overlap = iou(row.bbox, object.bbox, object.iscrowd === 1);
          if (overlap < best) continue;
          best = overlap;
          chosen = object;
        }
        if (chosen) chosen.taken = true;
        const size = row.bbox[2] * row.bbox[3];
        const ignored = chosen ? chosen.ignored : size < low || size > high;
        all.push({ ...row, rank, outcome: ignored ? 'ignored' : chosen ? 'hit' : 'wrong' });
      });
    }
    if (positives === 0) return recalls.map(() => -1);
    const counted = all.filter((row) => row.rank < limit).sort((a, b) => b.score - a.score);
    const points = counted.map((_, i) => {
      const upTo = counted.slice(0, i + 1);
      const hits = upTo.filter((row) => row.outcome === 'hit').length;
      const wrong = upTo.filter((row) => row.outcome === 'wrong').length;
      return { recall: hits / positives, precision: hits / (hits + wrong + 2 ** -52) };
    });
    return recalls.map((recall) => Math.max(0, ...points.filter((p) => p.recall >= recall).map((p) => p.precision)));
  };
  const cells = thresholds.map((t) => categories.map((k) => areas.map((a) => maxDets.map((m) => cell(t, k, a, m)))));
  return cells.flatMap((byCategory) =>
    recalls.flatMap((_, r) => byCategory.flatMap((byArea) => byArea.flatMap((byLimit) => byLimit.map((p) => p[r])))),
  );
};
