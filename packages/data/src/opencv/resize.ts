/**
 * OpenCV's `resize` for bytes and floats, any number of channels (SPEC-AUGMENT 3): in plain TypeScript, and the costly
 * steps in vectors where there are some.
 */
import { areaAxis, areaEnlargingAxis } from '../raster/area.ts';
import { blendRows, eachRowPair, type LinearAxis, linearAxis } from '../raster/linear.ts';
import { areBytes, areFloats, type Raster, rasterLike, roundHalfEven, type Samples } from '../raster/raster.ts';
import { coverVectors } from '../vector/area.ts';
import { interpolateVectors } from '../vector/linear.ts';
import { interpolateFloatVectors } from '../vector/linear-floats.ts';

export type Interpolation = 'nearest' | 'linear' | 'area';

/** Fill `out` from what each of its columns and rows reads. */
type Interpolate = (source: Raster, out: Raster, columns: LinearAxis, rows: LinearAxis) => void;
type Parts = ReturnType<typeof areaAxis>;
type Cover = (source: Raster, out: Raster, columns: Parts, rows: Parts) => void;

const nearest = <D extends Samples>(source: Raster<D>, width: number, height: number): Raster<D> => {
  const out = rasterLike(source, width, height);
  const { channels, data } = source;
  const positions = (from: number, to: number): Int32Array => {
    const scale = 1 / (to / from);
    return Int32Array.from({ length: to }, (_, i) => Math.min(Math.floor(i * scale), from - 1));
  };
  const columns = positions(source.width, width).map((x) => x * channels);
  const rows = positions(source.height, height);
  const samples = width * channels;
  for (let y = 0; y < height; y++) {
    if (y > 0 && rows[y] === rows[y - 1]) {
      out.data.copyWithin(y * samples, (y - 1) * samples, y * samples);
      continue;
    }
    const row = rows[y] * source.width * channels;
    for (let c = 0; c < channels; c++) {
      for (let x = 0, o = y * samples + c; x < width; x++, o += channels) out.data[o] = data[row + columns[x] + c];
    }
  }
  return out;
};

const interpolateBytes: Interpolate = (source, out, columns, rows) => {
  const { channels, data } = source;
  const stride = source.width * channels;
  const { first, second, weight0, weight1 } = columns;
  /** One source row stretched to the target's width: exact sums, each a byte times 2048. */
  const stretch = (y: number, sums: Int32Array): void => {
    for (let x = 0, o = 0; x < out.width; x++) {
      const left = y * stride + first[x] * channels;
      const right = y * stride + second[x] * channels;
      for (let c = 0; c < channels; c++, o++) sums[o] = data[left + c] * weight0[x] + data[right + c] * weight1[x];
    }
  };
  const samples = out.width * channels;
  eachRowPair(rows, [new Int32Array(samples), new Int32Array(samples)], stretch, (y, upper, lower) => {
    const [u, v] = [rows.weight0[y], rows.weight1[y]];
    for (let i = 0, o = y * samples; i < samples; i++) out.data[o + i] = blendRows(upper[i], lower[i], u, v);
  });
};

const interpolateFloats: Interpolate = (source, out, columns, rows) => {
  const { channels, data } = source;
  const blend = (a: number, b: number, f: number): number =>
    Math.fround(Math.fround(a * Math.fround(1 - f)) + Math.fround(b * f));
  const sum = (y: number, x: number, c: number): number => {
    const row = y * source.width;
    const left = data[(row + columns.first[x]) * channels + c];
    return blend(left, data[(row + columns.second[x]) * channels + c], columns.fraction[x]);
  };
  for (let y = 0, o = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++) {
      for (let c = 0; c < channels; c++) {
        out.data[o++] = blend(sum(rows.first[y], x, c), sum(rows.second[y], x, c), rows.fraction[y]);
      }
    }
  }
};

/** Bytes halved in both directions: the rounded mean of 2 x 2. */
const halve = <D extends Samples>(source: Raster<D>, width: number, height: number): Raster<D> => {
  const out = rasterLike(source, width, height);
  const { channels, data } = source;
  const row = source.width * channels;
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        const at = 2 * (y * row + x * channels) + c;
        out.data[o++] = (data[at] + data[at + channels] + data[at + row] + data[at + row + channels] + 2) >> 2;
      }
    }
  }
  return out;
};

const halves = (source: Raster, width: number, height: number): boolean =>
  areBytes(source) && source.width === 2 * width && source.height === 2 * height;

/** Means over blocks of whole pixels. */
const blockMeans = <D extends Samples>(source: Raster<D>, width: number, height: number): Raster<D> => {
  const out = rasterLike(source, width, height);
  const { channels, data } = source;
  const [across, down] = [source.width / width, source.height / height];
  const share = Math.fround(1 / (across * down));
  const bytes = data instanceof Uint8Array;
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let j = 0; j < down; j++) {
          for (let i = 0; i < across; i++) {
            sum = Math.fround(sum + data[((y * down + j) * source.width + x * across + i) * channels + c]);
          }
        }
        out.data[o++] = bytes ? roundHalfEven(Math.fround(sum * share)) : sum * share;
      }
    }
  }
  return out;
};

/** Means over cells that cut pixels: covered lengths as weights, rows first, float32 all along. */
const coverageMeans: Cover = (source, out, columns, rows) => {
  const { width, height } = out;
  const { channels, data } = source;
  const bytes = data instanceof Uint8Array;
  const sums = new Float32Array(width * channels);
  const row = new Float32Array(width * channels);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (const [j, rowWeight] of rows[y]) {
      row.fill(0);
      for (let x = 0; x < width; x++) {
        for (const [i, weight] of columns[x]) {
          for (let c = 0; c < channels; c++) {
            row[x * channels + c] += Math.fround(data[(j * source.width + i) * channels + c] * weight);
          }
        }
      }
      for (let k = 0; k < sums.length; k++) sums[k] += Math.fround(row[k] * rowWeight);
    }
    for (let k = 0; k < sums.length; k++) {
      out.data[y * sums.length + k] = bytes ? Math.min(255, roundHalfEven(sums[k])) : sums[k];
    }
  }
};

/** The steps that have a form in vectors. */
type Steps = { readonly bytes: Interpolate; readonly floats: Interpolate; readonly cover: Cover };

const inPlainCode: Steps = { bytes: interpolateBytes, floats: interpolateFloats, cover: coverageMeans };
const inVectors: Steps = {
  bytes: (source, out, columns, rows) =>
    areBytes(source) && areBytes(out) && interpolateVectors(source, out, columns, rows)
      ? undefined
      : interpolateBytes(source, out, columns, rows),
  floats: (source, out, columns, rows) =>
    areFloats(source) && areFloats(out) && interpolateFloatVectors(source, out, columns, rows)
      ? undefined
      : interpolateFloats(source, out, columns, rows),
  cover: (source, out, columns, rows) =>
    coverVectors(source, out, columns, rows) ? undefined : coverageMeans(source, out, columns, rows),
};

const methodsBy = ({ bytes, floats, cover }: Steps) => {
  const interpolate = <D extends Samples>(
    source: Raster<D>,
    width: number,
    height: number,
    columns: LinearAxis,
    rows: LinearAxis,
  ): Raster<D> => {
    const out = rasterLike(source, width, height);
    (areBytes(source) ? bytes : floats)(source, out, columns, rows);
    return out;
  };
  const linear = <D extends Samples>(source: Raster<D>, width: number, height: number): Raster<D> => {
    if (halves(source, width, height)) return halve(source, width, height);
    const columns = linearAxis(source.width, width, true);
    return interpolate(source, width, height, columns, linearAxis(source.height, height, false));
  };
  const area = <D extends Samples>(source: Raster<D>, width: number, height: number): Raster<D> => {
    if (width > source.width || height > source.height) {
      const columns = areaEnlargingAxis(source.width, width, true);
      return interpolate(source, width, height, columns, areaEnlargingAxis(source.height, height, false));
    }
    if (halves(source, width, height)) return halve(source, width, height);
    if (source.width % width === 0 && source.height % height === 0) return blockMeans(source, width, height);
    const out = rasterLike(source, width, height);
    cover(source, out, areaAxis(source.width, width), areaAxis(source.height, height));
    return out;
  };
  return { nearest, linear, area } as const;
};

const resizeBy =
  (steps: Steps) =>
  <D extends Samples>(
    source: Raster<D>,
    width: number,
    height: number,
    interpolation: Interpolation = 'linear',
  ): Raster<D> =>
    methodsBy(steps)[interpolation](source, width, height);

/** `resize` in plain TypeScript: the reference of the vectors. */
export const resizePlain = resizeBy(inPlainCode);

/** Resizes to exactly `width` x `height`; the aspect ratio is not kept. Bytes are exact, floats to 3e-7. */
export const resize = resizeBy(inVectors);
