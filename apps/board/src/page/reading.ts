/** What a chart says of its curves: the figures of its legend at a place, and the words for people who cannot see it. */
import type uPlot from 'uplot';
import { date, duration, figure } from './format.ts';
import type { Curve } from './plot-data.ts';
import type { Axis } from './state.ts';

/** A curve's values in the plot: none where only other curves have one. */
type Column = ArrayLike<number | null | undefined>;

/** Curves as they are drawn: `columns[i + 1]` belongs to `curves[i]`. */
export type Drawing = {
  readonly axis: Axis;
  readonly curves: readonly Curve[];
  readonly columns: uPlot.AlignedData;
};

export const nothingDrawn: Drawing = { axis: 'step', curves: [], columns: [[]] };

export type Readings = {
  /** Where the pointer is; empty when it is elsewhere. */
  readonly place: string;
  /** One text for each of the front curves, in their order. */
  readonly values: readonly string[];
};

/** How far from a place a value is looked for, in columns. */
const reach = 400;
/** A sentence names this many curves. */
const spokenCurves = 5;

export const placeText = (axis: Axis, x: number): string =>
  axis === 'step' ? `step ${Math.round(x)}` : axis === 'relative' ? duration(x) : date(x * 1000);

/** Curves that count: the pale ones behind them are the same runs without smoothing. */
export const frontCurves = ({ curves }: Drawing): readonly Curve[] => curves.filter(({ behind }) => !behind);

const frontColumns = ({ curves, columns }: Drawing): readonly (readonly [Curve, Column])[] =>
  curves.flatMap((curve, i) => (curve.behind ? [] : [[curve, columns[i + 1] ?? []] as const]));

/** The value of a curve nearest to a place in the joined columns. */
const near = (column: Column, at: number): number | undefined => {
  for (let by = 0; by < reach; by++) {
    for (const i of [at - by, at + by]) {
      const value = column[i];
      if (value !== null && value !== undefined) return value;
    }
  }
  return undefined;
};

const lastText = (axis: Axis, { x, y }: Curve): string => {
  const last = y.findLastIndex((value) => value !== null);
  const value = y[last];
  return value === undefined || value === null ? '' : `${figure(value)} at ${placeText(axis, x[last])}`;
};

/** At the pointer's column, or the last value of each curve when it points nowhere. */
export const readingsAt = (drawing: Drawing, at: number | null | undefined): Readings => {
  const { axis, columns } = drawing;
  if (at === null || at === undefined) {
    return { place: '', values: frontCurves(drawing).map((curve) => lastText(axis, curve)) };
  }
  return {
    place: placeText(axis, columns[0][at] ?? Number.NaN),
    values: frontColumns(drawing).map(([, column]) => {
      const value = near(column, at);
      return value === undefined ? '' : figure(value);
    }),
  };
};

/** The same as a sentence. */
export const spokenAt = (drawing: Drawing, at: number): string => {
  const values = frontColumns(drawing)
    .slice(0, spokenCurves)
    .map(([{ label }, column]) => `${label} ${figure(near(column, at) ?? Number.NaN)}`);
  return `${placeText(drawing.axis, drawing.columns[0][at])}: ${values.join(', ')}`;
};

/** Changes when more than points has: then a plot is built anew. */
export const lookOf = ({ axis, curves }: Drawing, log: boolean | undefined, theme: string | undefined): string => {
  const looks = curves.map(({ run, key, label, color, behind, dashed, x }) => [
    run.id,
    key,
    label,
    color,
    behind,
    dashed,
    x.length === 1,
  ]);
  return JSON.stringify([looks, axis, log, theme]);
};
