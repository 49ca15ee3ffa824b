/**
 * A polygon as a mask, to the pixel as pycocotools fills it: corners on a grid five times finer, the boundary walked
 * densely there, and a column's runs begin and end where the boundary crosses the middle of the column.
 */
import type { Rle } from './rle.ts';

const fine = 5;

/** The boundary on the fine grid, from corner to corner, both ends of each edge included. */
const boundaryOf = (corners: ArrayLike<number>): { readonly x: Int32Array; readonly y: Int32Array } => {
  const n = corners.length / 2;
  const px = new Int32Array(n + 1);
  const py = new Int32Array(n + 1);
  // Numbers are cut towards zero, as C converts them.
  for (let k = 0; k < n; k++) {
    px[k] = Math.trunc(fine * corners[2 * k] + 0.5);
    py[k] = Math.trunc(fine * corners[2 * k + 1] + 0.5);
  }
  px[n] = px[0];
  py[n] = py[0];
  let length = 0;
  for (let k = 0; k < n; k++) length += Math.max(Math.abs(px[k] - px[k + 1]), Math.abs(py[k] - py[k + 1])) + 1;
  const x = new Int32Array(length);
  const y = new Int32Array(length);
  let at = 0;
  for (let k = 0; k < n; k++) {
    const across = Math.abs(px[k + 1] - px[k]);
    const down = Math.abs(py[k + 1] - py[k]);
    const flat = across >= down;
    const steps = flat ? across : down;
    // An edge is drawn from its smaller end, so that it has the same points in both directions.
    const turned = flat ? px[k] > px[k + 1] : py[k] > py[k + 1];
    const [from, to] = turned ? [k + 1, k] : [k, k + 1];
    const slope = steps === 0 ? 0 : flat ? (py[to] - py[from]) / across : (px[to] - px[from]) / down;
    for (let step = 0; step <= steps; step++) {
      const t = turned ? steps - step : step;
      x[at] = flat ? t + px[from] : Math.trunc(px[from] + slope * t + 0.5);
      y[at++] = flat ? Math.trunc(py[from] + slope * t + 0.5) : t + py[from];
    }
  }
  return { x, y };
};

/** Places (column * height + row) where the boundary crosses the middle of a column. */
const crossingsOf = (corners: ArrayLike<number>, height: number, width: number): Float64Array => {
  const { x, y } = boundaryOf(corners);
  const places: number[] = [];
  for (let i = 1; i < x.length; i++) {
    if (x[i] === x[i - 1]) continue;
    const column = ((x[i] < x[i - 1] ? x[i] : x[i] - 1) + 0.5) / fine - 0.5;
    if (Math.floor(column) !== column || column < 0 || column > width - 1) continue;
    const row = (Math.min(y[i], y[i - 1]) + 0.5) / fine - 0.5;
    places.push(column * height + Math.ceil(Math.min(Math.max(row, 0), height)));
  }
  return Float64Array.from(places).sort();
};

/** @param corners `x1 y1 x2 y2 ...`, three corners at least, in pixels from 0. */
export const maskOfPolygon = (corners: ArrayLike<number>, height: number, width: number): Rle => {
  const places = crossingsOf(corners, height, width);
  const gaps = new Float64Array(places.length + 1);
  let before = 0;
  for (let i = 0; i < places.length; i++) {
    gaps[i] = places[i] - before;
    before = places[i];
  }
  gaps[places.length] = height * width - before;
  // Two crossings at one place are no run: the runs at their sides are one.
  const runs = new Uint32Array(gaps.length);
  runs[0] = gaps[0];
  let count = 1;
  for (let i = 1; i < gaps.length; ) {
    if (gaps[i] > 0) runs[count++] = gaps[i++];
    else {
      i++;
      if (i < gaps.length) runs[count - 1] += gaps[i++];
    }
  }
  return { height, width, counts: runs.slice(0, count) };
};
