/** From series to the columns that the plot draws: x by the chosen axis, values capped, smoothed in front of raw. */
import uPlot from 'uplot';
import type { App } from './app.ts';
import type { Chart } from './chart-list.ts';
import { applies, smoothed } from './smoothing.ts';
import type { RunView } from './source.ts';
import type { Axis, ChartSettings, State } from './state.ts';

export type Curve = {
  readonly run: RunView;
  readonly key: string;
  readonly label: string;
  readonly color: string;
  readonly dashed: boolean;
  /** Pale, behind its smoothed one. */
  readonly behind: boolean;
  readonly smooth: boolean;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
};

/** The same as in `runs/point.ts`: what is earlier is an order and no time. */
const clockless = 1e12;

/** Seconds, or steps; NaN where a point has no time. */
const place = (axis: Axis, run: RunView): ((step: number, time: number) => number) => {
  if (axis === 'step') return (step) => step;
  const from = axis === 'relative' ? run.started : 0;
  return (_, time) => (time < clockless ? Number.NaN : (time - from) / 1000);
};

type Points = {
  readonly steps: readonly number[];
  readonly times: readonly number[];
  readonly values: readonly number[];
};

const columns = (points: Points, at: (step: number, time: number) => number, settings: ChartSettings) => {
  const { maxX, maxY, log } = settings;
  const rows: (readonly [number, number | null])[] = [];
  for (const [i, step] of points.steps.entries()) {
    const x = at(step, points.times[i]);
    if (!Number.isFinite(x) || (maxX !== undefined && maxX >= 0 && step > maxX)) continue;
    const value = points.values[i];
    const capped = maxY !== undefined && value > maxY ? maxY : value;
    rows.push([x, Number.isFinite(capped) && !(log && capped <= 0) ? capped : null]);
  }
  // Times need not rise with steps: a run that went back to an earlier checkpoint, or a clock that was put right.
  if (rows.some(([x], i) => i > 0 && x < rows[i - 1][0])) rows.sort((a, b) => a[0] - b[0]);
  // Of several points at one place the last one counts.
  const kept = rows.filter(([x], i) => i === rows.length - 1 || rows[i + 1][0] !== x);
  return { x: kept.map(([x]) => x), y: kept.map(([, y]) => y) };
};

export const settingsOf = (state: State, chart: Chart): ChartSettings & { readonly smooth: number } => {
  const mine = state.settings[chart.id] ?? {};
  return { ...mine, smooth: mine.smooth ?? state.smooth };
};

/** Curves of a chart, and whether smoothing was asked for and a series is too short for it. */
export const curvesOf = (app: App, chart: Chart, runs: readonly RunView[]) => {
  const state = app.state();
  const settings = settingsOf(state, chart);
  const curves: Curve[] = [];
  let short = false;
  for (const run of runs) {
    const at = place(state.axis, run);
    for (const [i, key] of chart.keys.entries()) {
      const series = app.series.get(run.id, key);
      if (!series) continue;
      const name = chart.keys.length > 1 ? `${app.label(run)} ${key.slice(key.lastIndexOf('/') + 1)}` : app.label(run);
      const look = { run, key, label: name, color: app.color(run.id), dashed: i > 0 };
      const smooth = applies(settings.smooth, series.count, settings.maxX);
      short ||= settings.smooth > 1 && !smooth && series.count > 1;
      if (!smooth || state.raw)
        curves.push({ ...look, behind: smooth, smooth: false, ...columns(series, at, settings) });
      if (smooth) {
        const points = smoothed(series.means, settings.smooth);
        curves.push({ ...look, behind: false, smooth: true, ...columns(points, at, settings) });
      }
    }
  }
  // The pale ones are drawn first.
  curves.sort((a, b) => Number(b.behind) - Number(a.behind));
  return { curves, short };
};

export const aligned = (curves: readonly Curve[]): uPlot.AlignedData => {
  const tables = curves.filter(({ x }) => x.length > 0);
  if (tables.length === 0) return [[], ...curves.map(() => [])] as unknown as uPlot.AlignedData;
  const joined = uPlot.join(curves.map(({ x, y }) => [x, y] as unknown as uPlot.AlignedData));
  return joined;
};
