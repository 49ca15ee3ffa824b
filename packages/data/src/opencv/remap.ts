/**
 * The sampling that OpenCV's warps share: source positions in steps of 1/32 pixel, bilinear weights of 15 bits, black
 * outside. In plain TypeScript, and in vectors where there are some.
 */
import { areBytes, type Raster, type Samples } from '../raster/raster.ts';
import { vectorRemap } from '../vector/remap.ts';

export const stepBits = 5;
export const steps = 1 << stepBits;
const stepMask = steps - 1;
const unit = steps * steps;
const unitBits = 2 * stepBits;

/**
 * Writes a target pixel from its source position in 1/32 pixel. The weights are whole numbers out of 1024, so that OpenCV's
 * 15-bit sums are these, halves up.
 */
const samplePixel = (source: Raster, x: number, y: number, out: Samples, o: number): void => {
  const { width, height, channels, data } = source;
  const stride = width * channels;
  const left = x >> stepBits;
  const top = y >> stepBits;
  if (left < -1 || left >= width || top < -1 || top >= height) return;
  const u = x & stepMask;
  const v = y & stepMask;
  const inLeft = left >= 0 ? 1 : 0;
  const inRight = left + 1 < width ? 1 : 0;
  const inTop = top >= 0 ? 1 : 0;
  const inBottom = top + 1 < height ? 1 : 0;
  const w00 = (steps - u) * (steps - v) * (inLeft & inTop);
  const w01 = u * (steps - v) * (inRight & inTop);
  const w10 = (steps - u) * v * (inLeft & inBottom);
  const w11 = u * v * (inRight & inBottom);
  // Positions outside weigh nothing; they are read at the nearest pixel inside.
  const upper = (top + 1 - inTop) * stride;
  const lower = (top + inBottom) * stride;
  const near = (left + 1 - inLeft) * channels;
  const far = (left + inRight) * channels;
  const bytes = data instanceof Uint8Array;
  for (let c = 0; c < channels; c++) {
    const sum =
      data[upper + near + c] * w00 +
      data[upper + far + c] * w01 +
      data[lower + near + c] * w10 +
      data[lower + far + c] * w11;
    out[o + c] = bytes ? (sum + (unit >> 1)) >> unitBits : sum / unit;
  }
};

/** Samples a target picture row by row. */
export type Sampler = {
  /** Source positions of a row's pixels in 1/32 pixel, to be written before it is sampled. */
  readonly xs: Int32Array;
  readonly ys: Int32Array;
  readonly row: (y: number) => void;
  /** To be called when all rows are there. */
  readonly finish: () => void;
};

export type OpenSampler = (source: Raster, out: Raster) => Sampler;

/** In plain TypeScript: the reference of the vectors. */
export const plainSampler: OpenSampler = (source, out) => {
  const [xs, ys] = [new Int32Array(out.width), new Int32Array(out.width)];
  const { channels } = source;
  return {
    xs,
    ys,
    row: (y) => {
      for (let i = 0, o = y * out.width * channels; i < xs.length; i++, o += channels) {
        samplePixel(source, xs[i], ys[i], out.data, o);
      }
    },
    finish: () => {},
  };
};

export const fastSampler: OpenSampler = (source, out) => {
  const vectors = areBytes(source) && areBytes(out) ? vectorRemap(source, out) : undefined;
  if (vectors === undefined) return plainSampler(source, out);
  const { xs, ys, sampleRow, pixels } = vectors;
  const { width, height, channels } = source;
  return {
    xs,
    ys,
    row: (y) => {
      sampleRow(y);
      for (let i = 0; i < xs.length; i++) {
        // Below 0 is far above as an unsigned number.
        const inside = xs[i] >>> stepBits < width - 1 && ys[i] >>> stepBits < height - 1;
        if (!inside) samplePixel(source, xs[i], ys[i], pixels, (y * out.width + i) * channels);
      }
    },
    finish: () => out.data.set(pixels),
  };
};
