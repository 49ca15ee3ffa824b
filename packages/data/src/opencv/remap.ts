/**
 * The sampling that OpenCV's warps share: source positions in steps of 1/32 pixel, bilinear weights of 15 bits, black
 * outside.
 */
import type { Raster, Samples } from './raster.ts';

export const stepBits = 5;
export const steps = 1 << stepBits;
const stepMask = steps - 1;
const unit = steps * steps;
const unitBits = 2 * stepBits;

/**
 * Writes the pixels of one target row: `xs` and `ys` hold their source positions in 1/32 pixel. The weights are whole
 * numbers out of 1024, so that OpenCV's 15-bit sums are these, halves up.
 */
export const remapRow = <D extends Samples>(
  source: Raster<D>,
  xs: Int32Array,
  ys: Int32Array,
  out: D,
  offset: number,
): void => {
  const { width, height, channels, data } = source;
  const bytes = data instanceof Uint8Array;
  const stride = width * channels;
  for (let i = 0, o = offset; i < xs.length; i++, o += channels) {
    const left = xs[i] >> stepBits;
    const top = ys[i] >> stepBits;
    if (left < -1 || left >= width || top < -1 || top >= height) continue;
    const u = xs[i] & stepMask;
    const v = ys[i] & stepMask;
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
    for (let c = 0; c < channels; c++) {
      const sum =
        data[upper + near + c] * w00 +
        data[upper + far + c] * w01 +
        data[lower + near + c] * w10 +
        data[lower + far + c] * w11;
      out[o + c] = bytes ? (sum + (unit >> 1)) >> unitBits : sum / unit;
    }
  }
};
