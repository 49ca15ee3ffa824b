/** Series of several runs and metrics at once, thinned for a chart. */
import type { Core } from '../core.ts';
import { metricNamed } from '../store/points.ts';
import { findRun } from '../store/runs.ts';
import { readSeries, type SeriesRange } from '../store/series.ts';

export type SeriesView = {
  readonly steps: readonly number[];
  readonly times: readonly number[];
  /** NaN and the infinities come as texts in JSON. */
  readonly values: readonly (number | string)[];
  readonly count: number;
  readonly means?: {
    readonly steps: readonly number[];
    readonly times: readonly number[];
    readonly values: readonly (number | string)[];
    readonly counts: readonly number[];
  };
};

/** By run, then by key. */
export type SeriesViews = Readonly<Record<string, Readonly<Record<string, SeriesView>>>>;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs and metrics that are not there are left out. Other requests get their turn between two series. */
export const seriesViews = async (
  { db }: Core,
  runs: readonly string[],
  keys: readonly string[],
  range: SeriesRange,
): Promise<SeriesViews> => {
  const views: Record<string, Record<string, SeriesView>> = {};
  for (const uuid of runs) {
    const run = findRun(db, uuid);
    if (!run) continue;
    const mine: Record<string, SeriesView> = {};
    for (const key of keys) {
      const metric = metricNamed(db, run.id, key);
      if (!metric) continue;
      mine[key] = readSeries(db, metric.id, range);
      await turn();
    }
    views[uuid] = mine;
  }
  return views;
};
