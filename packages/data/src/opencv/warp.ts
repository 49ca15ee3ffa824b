/** OpenCV's `warpAffine`, bilinear, black outside: source positions in steps of 1/32 pixel. */
import { type Raster, rasterLike, roundHalfEven, type Samples } from './raster.ts';

/** Two rows: `x' = a x + b y + c`, `y' = d x + e y + f`. */
export type Affine = readonly [readonly [number, number, number], readonly [number, number, number]];

export const invertAffine = ([[a, b, c], [d, e, f]]: Affine): Affine => {
  const determinant = a * e - b * d;
  const scale = determinant === 0 ? 0 : 1 / determinant;
  const [ia, ib, id, ie] = [e * scale, -b * scale, -d * scale, a * scale];
  return [
    [ia, ib, -ia * c - ib * f],
    [id, ie, -id * c - ie * f],
  ];
};

const positionBits = 10;
const stepBits = 5;
const steps = 1 << stepBits;
const positionUnit = 1 << positionBits;
const halfStep = positionUnit / steps / 2;
const weightBits = 15;

/** `matrix` takes source pixels to target pixels, as OpenCV's does. */
export const warpAffine = <D extends Samples>(
  source: Raster<D>,
  matrix: Affine,
  width: number,
  height: number,
): Raster<D> => {
  const [[a, b, c], [d, e, f]] = invertAffine(matrix);
  const out = rasterLike(source, width, height);
  const { channels, data } = source;
  const bytes = data instanceof Uint8Array;
  const sample = (x: number, y: number, channel: number): number =>
    x >= 0 && x < source.width && y >= 0 && y < source.height ? data[(y * source.width + x) * channels + channel] : 0;
  const fixed = (v: number): number => roundHalfEven(v * positionUnit);
  const shift = positionBits - stepBits;
  for (let y = 0, o = 0; y < height; y++) {
    const startX = fixed(b * y + c) + halfStep;
    const startY = fixed(e * y + f) + halfStep;
    for (let x = 0; x < width; x++) {
      const atX = (startX + fixed(a * x)) >> shift;
      const atY = (startY + fixed(d * x)) >> shift;
      const [left, top] = [atX >> stepBits, atY >> stepBits];
      const [u, v] = [(atX & (steps - 1)) / steps, (atY & (steps - 1)) / steps];
      for (let channel = 0; channel < channels; channel++) {
        const sum =
          sample(left, top, channel) * (1 - u) * (1 - v) +
          sample(left + 1, top, channel) * u * (1 - v) +
          sample(left, top + 1, channel) * (1 - u) * v +
          sample(left + 1, top + 1, channel) * u * v;
        // The weights are multiples of 1/1024, so OpenCV's 15-bit sums are these, halves up.
        out.data[o++] = bytes ? (sum * (1 << weightBits) + (1 << (weightBits - 1))) >> weightBits : sum;
      }
    }
  }
  return out;
};
