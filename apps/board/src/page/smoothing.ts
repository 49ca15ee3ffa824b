/** The original's smoothing: a trailing moving average over so many steps (SPEC 10.4). */
import type { Parts } from './series.ts';

/** A series is smoothed when it is this many times longer than the window. */
const least = 10;

export const applies = (window: number, count: number, maxX: number | undefined): boolean =>
  window > 1 && count >= least * window && (maxX === undefined || maxX >= least * window);

/** The mean of all points within the last `window` steps; the first `window` points are dropped. NaN counts for nothing. */
export const smoothed = ({ steps, times, values, counts }: Parts, window: number) => {
  const out = { steps: [] as number[], times: [] as number[], values: [] as number[] };
  let [from, sum, weight, seen] = [0, 0, 0, 0];
  for (let i = 0; i < steps.length; i++) {
    seen += counts[i];
    if (Number.isFinite(values[i])) {
      sum += values[i] * counts[i];
      weight += counts[i];
    }
    for (; steps[from] <= steps[i] - window; from++) {
      if (Number.isFinite(values[from])) {
        sum -= values[from] * counts[from];
        weight -= counts[from];
      }
    }
    if (seen <= window) continue;
    out.steps.push(steps[i]);
    out.times.push(times[i]);
    out.values.push(weight > 0 ? sum / weight : Number.NaN);
  }
  return out;
};
