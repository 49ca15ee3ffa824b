/** The original board's chart data (SPEC 10.3) of a run: `{max_batch, mtime, by_type}`, for those who read its API. */
import type { Core } from '../core.ts';
import { apKeys, keyOfLetter } from '../runs/metric-keys.ts';
import { clockless } from '../runs/point.ts';
import { metricNamed } from '../store/points.ts';
import type { StoredRun } from '../store/runs.ts';
import { readSeries } from '../store/series.ts';

export type ChartData = {
  readonly max_batch: number;
  readonly mtime: number;
  readonly by_type: Readonly<Record<string, readonly (readonly [x: number, y: number])[]>>;
};

const sets = ['iou', 'giou', 'val2017-iou', 'val2017-giou'];
export const chartTypes: readonly (readonly [type: string, key: string])[] = [
  ...Object.entries(keyOfLetter),
  ...sets.map((set) => [set, apKeys(set).mean] as const),
];

/** The original thins longer series by taking every n-th point; here the extremes stay (D-25). */
const longest = 10_000;

export const chartData = ({ db }: Core, run: StoredRun): ChartData => {
  const series = chartTypes.map(([type, key]) => {
    const metric = metricNamed(db, run.id, key);
    const { steps, times, values } = metric
      ? readSeries(db, metric.id, { points: longest })
      : { steps: [], times: [], values: [] };
    const byTime = steps.map((_, i) => i);
    // As in the file: a repeated run goes on in it, its batches begin anew.
    if (steps.length > 0 && times.every((time) => time < clockless))
      byTime.sort((a, b) => times[a] - times[b] || a - b);
    return [type, byTime.map((i) => [steps[i], values[i]] as const)] as const;
  });
  return {
    max_batch: series.reduce((most, [, points]) => Math.max(most, points.at(-1)?.[0] ?? 0), 0),
    mtime: Math.round(run.updated / 1000),
    by_type: Object.fromEntries(series),
  };
};
