/**
 * The original's built-in bilinear resize (SPEC 7.7, SPEC-AUGMENT 6): corner-aligned, float32, horizontally first.
 * Its defect D-9 (the last row comes out nearly black for some size pairs) is corrected unless asked for.
 */
import type { FloatImage, Image } from './image.ts';
import { unitOf } from './image.ts';

export type ResizeOptions = {
  /** Keep the original's dark last row (D-9). Off unless told. */
  readonly darkLastRow?: boolean;
};

/** A rectangle to write into: rows of `stride` floats, starting at float `offset` of `data`. */
export type Target = {
  readonly data: Float32Array;
  readonly offset: number;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
};

type Axis = { readonly index: Int32Array; readonly weight: Float32Array };

/** For every target position: the left source position and the weight of its right neighbour, in float32 as in C. */
const axisOf = (source: number, target: number): Axis => {
  const step = target > 1 ? Math.fround((source - 1) / (target - 1)) : 0;
  const index = new Int32Array(target);
  const weight = new Float32Array(target);
  for (let i = 0; i < target; i++) {
    const at = Math.fround(i * step);
    index[i] = Math.min(Math.trunc(at), source - 1);
    weight[i] = at - index[i];
  }
  return { index, weight };
};

/** One source row as floats, stretched to the target's width; the last column is the last source column, exactly. */
const stretchRow = (row: Float32Array, axis: Axis, out: Float32Array): void => {
  const last = axis.index.length - 1;
  const { index, weight } = axis;
  // A source of one column has no right neighbour: it fills the row.
  const lone = row.length === 3;
  for (let x = 0; x < last; x++) {
    if (lone) {
      out.set(row, x * 3);
      continue;
    }
    const at = index[x] * 3;
    const right = weight[x];
    const left = 1 - right;
    out[x * 3] = left * row[at] + right * row[at + 3];
    out[x * 3 + 1] = left * row[at + 1] + right * row[at + 4];
    out[x * 3 + 2] = left * row[at + 2] + right * row[at + 5];
  }
  out.set(row.subarray(row.length - 3), last * 3);
};

const rowReader = (image: Image | FloatImage): ((y: number, out: Float32Array) => void) => {
  const { width, data } = image;
  const length = width * 3;
  if (data instanceof Float32Array) return (y, out) => out.set(data.subarray(y * length, (y + 1) * length));
  return (y, out) => {
    const start = y * length;
    for (let i = 0; i < length; i++) out[i] = unitOf[data[start + i]];
  };
};

/** Resizes into a rectangle of a larger picture. Only two stretched rows are held at a time. */
export const resizeInto = (image: Image | FloatImage, target: Target, options: ResizeOptions = {}): void => {
  const { width, height } = target;
  const read = rowReader(image);
  const columns = axisOf(image.width, width);
  const rows = axisOf(image.height, height);
  const row = new Float32Array(image.width * 3);
  // Rows are asked for in rising order, so the lower of one pair is often the upper of the next.
  let held = [-1, -1];
  let stretched = [new Float32Array(width * 3), new Float32Array(width * 3)];
  const fetch = (y: number, slot: 0 | 1): Float32Array => {
    if (held[slot] !== y) {
      read(y, row);
      stretchRow(row, columns, stretched[slot]);
      held[slot] = y;
    }
    return stretched[slot];
  };
  for (let y = 0; y < height; y++) {
    const isLast = y === height - 1;
    const guarded = isLast && options.darkLastRow !== true;
    const index = guarded ? image.height - 1 : rows.index[y];
    const weight = guarded ? 0 : rows.weight[y];
    if (held[1] === index) {
      held = [held[1], held[0]];
      stretched = [stretched[1], stretched[0]];
    }
    const upper = fetch(index, 0);
    const start = target.offset + y * target.stride;
    const out = target.data;
    const keep = 1 - weight;
    if (weight === 0) {
      out.set(upper, start);
    } else if (isLast || image.height === 1) {
      for (let i = 0; i < upper.length; i++) out[start + i] = keep * upper[i];
    } else {
      const lower = fetch(index + 1, 1);
      for (let i = 0; i < upper.length; i++) out[start + i] = keep * upper[i] + weight * lower[i];
    }
  }
};

/** Resizes without keeping the aspect ratio. An 8-bit picture is divided by 255 first. */
export const resizeFloat = (
  image: Image | FloatImage,
  width: number,
  height: number,
  options: ResizeOptions = {},
): FloatImage => {
  const data = new Float32Array(width * height * 3);
  resizeInto(image, { data, offset: 0, stride: width * 3, width, height }, options);
  return { width, height, data };
};
