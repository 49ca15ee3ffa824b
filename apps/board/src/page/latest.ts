/** Last values of runs, brought up to date by points that have just come. */
import type { FreshPoints, RunView } from './source.ts';

type Metric = RunView['metrics'][string];

const advanced = (metric: Metric, points: FreshPoints[string][string]): Metric => {
  let next = metric;
  for (const [step, time, value] of points) {
    if (step > next.step || (step === next.step && time >= next.time)) next = { ...next, step, time, value };
  }
  return { ...next, count: next.count + points.length };
};

/** Undefined when a run or a metric is new: then the whole list is to be read. */
export const latest = (runs: readonly RunView[], fresh: FreshPoints, now: number): readonly RunView[] | undefined => {
  const known = new Map(runs.map((run) => [run.id, run]));
  for (const [id, byKey] of Object.entries(fresh)) {
    const run = known.get(id);
    if (!run || Object.keys(byKey).some((key) => !run.metrics[key])) return undefined;
    const metrics = Object.entries(byKey).map(([key, points]) => [key, advanced(run.metrics[key], points)] as const);
    known.set(id, { ...run, updated: now, metrics: { ...run.metrics, ...Object.fromEntries(metrics) } });
  }
  return runs.map((run) => known.get(run.id) ?? run);
};
