/** What a chart says, without drawing it. */
import { expect, it } from 'vitest';
import { type ChartAct, chartAct, type Seen } from './chart-keys.ts';
import { rangeShown } from './detail.ts';
import type { Curve } from './plot-data.ts';
import { type Drawing, frontCurves, lookOf, readingsAt, spokenAt } from './reading.ts';
import type { RunView } from './source.ts';

const curve = (label: string, x: readonly number[], y: readonly (number | null)[], behind = false): Curve => ({
  run: { id: label } as RunView,
  key: 'loss/total',
  label,
  color: '#123456',
  dashed: false,
  behind,
  smooth: false,
  x,
  y,
});

/** The pale curve first; `b` has no value at 20, and none at the end. */
const drawing: Drawing = {
  axis: 'step',
  curves: [curve('a', [10, 20, 30], [9, 9, 9], true), curve('a', [20, 30], [2, 3]), curve('b', [10, 30], [5, null])],
  columns: [
    [10, 20, 30],
    [9, 9, 9],
    [undefined, 2, 3],
    [5, undefined, null],
  ],
};

it('reads the front curves at the pointer, the nearest value where a curve has none', () => {
  expect(frontCurves(drawing).map(({ label }) => label)).toEqual(['a', 'b']);
  expect(readingsAt(drawing, 1)).toEqual({ place: 'step 20', values: ['2', '5'] });
  expect(readingsAt(drawing, 0)).toEqual({ place: 'step 10', values: ['2', '5'] });
  expect(spokenAt(drawing, 2)).toBe('step 30: a 3, b 5');
});

it('reads the last values when the pointer is elsewhere', () => {
  expect(readingsAt(drawing, null)).toEqual({ place: '', values: ['3 at step 30', '5 at step 10'] });
  const empty = { ...drawing, curves: [curve('c', [10], [null])] };
  expect(readingsAt(empty, undefined)).toEqual({ place: '', values: [''] });
});

it('looks the same while only points come', () => {
  const look = lookOf(drawing, false, 'dark');
  const grown = { ...drawing, curves: drawing.curves.map((one) => ({ ...one, x: [...one.x, 40], y: [...one.y, 1] })) };
  expect(lookOf(grown, false, 'dark')).toBe(look);
  expect(lookOf(drawing, true, 'dark')).not.toBe(look);
  expect(lookOf({ ...drawing, axis: 'time' }, false, 'dark')).not.toBe(look);
});

it('keys move the line inside the columns, and zoom about it', () => {
  const seen: Seen = { x: [0, 10, 20, 30], at: 1, min: 0, max: 40 };
  const read = (at: number): ChartAct => ({ tag: 'read', at });
  const zoom = (...span: readonly [number, number]): ChartAct => ({ tag: 'zoom', zoom: span });
  expect(['ArrowLeft', 'ArrowRight', 'Home', 'End'].map((key) => chartAct(key, false, seen))).toEqual(
    [0, 2, 0, 3].map(read),
  );
  expect(chartAct('ArrowRight', true, seen)).toEqual(read(3));
  expect(chartAct('ArrowLeft', false, { ...seen, at: null })).toEqual(read(2));
  expect(chartAct('+', false, seen)).toEqual(zoom(0, 20));
  expect(chartAct('-', false, { ...seen, at: undefined })).toEqual(zoom(-20, 60));
  expect(chartAct('Escape', false, seen)).toEqual({ tag: 'zoom', zoom: undefined });
  expect(['x', 'constructor', 'Tab'].map((key) => chartAct(key, false, seen))).toEqual(new Array(3).fill(undefined));
});

it('a zoomed part is read finer, with a tenth more at each side, on the axis of steps alone', () => {
  expect(rangeShown({ axis: 'step', zoom: [100, 200] })).toEqual({ from: 90, to: 210, points: 1000 });
  expect(rangeShown({ axis: 'time', zoom: [100, 200] })).toEqual({ points: 600 });
  expect(rangeShown({ axis: 'step', zoom: undefined })).toEqual({ points: 600 });
});
