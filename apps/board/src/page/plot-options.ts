/** How a chart's curves look, in uPlot's terms. */
import uPlot from 'uplot';
import { duration, figure } from './format.ts';
import type { Curve } from './plot-data.ts';
import type { Drawing } from './reading.ts';
import type { Axis } from './state.ts';

const syncKey = 'board';
/** A line of evaluations with fewer points than this shows each of them. */
const dotted = 60;

const axisLabels: Readonly<Record<Axis, string>> = {
  step: 'batch',
  relative: 'time since the start',
  time: 'time (UTC)',
};

const ink = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const faint = (color: string): string => `${color}55`;

/** A little room above and below; a flat curve lies in the middle of its own neighbourhood. */
const spread = (_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax => {
  if (low === null || high === null) return [0, 1];
  if (low < high) return uPlot.rangeNum(low, high, 0.1, true);
  const by = low === 0 ? 1 : Math.abs(low) / 10;
  return low === 0 ? [0, by] : [low - by, low + by];
};

const axesOf = (axis: Axis): uPlot.Axis[] => {
  const grid = { stroke: ink('--grid'), width: 1 };
  const common: uPlot.Axis = { stroke: ink('--ink'), grid, ticks: { stroke: ink('--grid') } };
  return [
    {
      ...common,
      label: axisLabels[axis],
      labelSize: 20,
      size: axis === 'time' ? 54 : 40,
      ...(axis === 'relative' && {
        values: (_: uPlot, ticks: readonly number[]) => ticks.map(duration),
        space: 90,
      }),
    },
    {
      ...common,
      size: 72,
      values: (_: uPlot, ticks: readonly (number | null)[]) => ticks.map((tick) => (tick === null ? '' : figure(tick))),
    },
  ];
};

const seriesOf = ({ label, color, behind, dashed, key, x }: Curve): uPlot.Series => ({
  label,
  stroke: behind ? faint(color) : color,
  width: behind ? 1 : 1.8,
  points: { show: x.length === 1 || (key.startsWith('ap') && x.length < dotted), size: 5 },
  ...(dashed && { dash: [6, 4] }),
});

export type PlotSize = { readonly width: number; readonly height: number };

export const plotOptions = (
  { axis, curves }: Drawing,
  log: boolean | undefined,
  size: PlotSize,
  hooks: uPlot.Hooks.Arrays,
): uPlot.Options => ({
  ...size,
  legend: { show: false },
  cursor: {
    sync: { key: syncKey, setSeries: false },
    drag: { x: true, y: false, setScale: false },
    points: { size: 7 },
  },
  scales: { x: { time: axis === 'time' }, y: log ? { distr: 3 } : { range: spread } },
  axes: axesOf(axis),
  series: [{}, ...curves.map(seriesOf)],
  hooks,
});
