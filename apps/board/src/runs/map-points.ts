/** The validation series of map.txt (SPEC 10.3). */
import type { MapRow } from '@gdarknet/data/runs';
import { apKeys, isKey } from './metric-keys.ts';
import type { Point } from './point.ts';

/** Where the final weights stand when nothing else says so: the original's first checkpoint and its spacing. */
const firstId = 700;
const spacing = 100;

/** The batch of each row: that of `final` is the last one before it and the last spacing. */
const batchOf = ({ id }: MapRow, ids: readonly number[]): number => {
  if (id !== 'final') return id;
  const [before, last] = ids.slice(-2);
  if (last === undefined) return before === undefined ? firstId : before + spacing;
  return last + (last - before);
};

/** `from`: batches of each metric from which on the run's events are the source. */
export const mapPoints = (rows: readonly MapRow[], from: Readonly<Record<string, number>> = {}): readonly Point[] =>
  [...new Set(rows.map(({ metric }) => metric))].flatMap((metric) => {
    const mine = rows.filter((row) => row.metric === metric);
    const ids = mine.flatMap(({ id }) => (id === 'final' ? [] : [id]));
    const keys = apKeys(metric);
    if (!isKey(keys.mean)) return [];
    return mine.flatMap((row): readonly Point[] => {
      const step = batchOf(row, ids);
      if (!Number.isSafeInteger(step) || step >= (from[metric] ?? Number.POSITIVE_INFINITY)) return [];
      const at = (key: string, value: number): Point => ({ key, step, time: 0, value });
      return [at(keys.mean, row.mean), at(keys.at50, row.perThreshold[0]), at(keys.at75, row.perThreshold[5])];
    });
  });
