/** OpenCV's `warpAffine`, bilinear, black outside. */
import { type Raster, rasterLike, roundHalfEven, type Samples } from '../raster/raster.ts';
import { fastSampler, type OpenSampler, stepBits, steps } from './remap.ts';

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
const positionUnit = 1 << positionBits;
const halfStep = positionUnit / steps / 2;
const shift = positionBits - stepBits;

export const warpAffineBy = <D extends Samples>(
  open: OpenSampler,
  source: Raster<D>,
  matrix: Affine,
  width: number,
  height: number,
): Raster<D> => {
  const [[a, b, c], [d, e, f]] = invertAffine(matrix);
  const out = rasterLike(source, width, height);
  const fixed = (v: number): number => roundHalfEven(v * positionUnit);
  const alongX = Int32Array.from({ length: width }, (_, x) => fixed(a * x));
  const alongY = Int32Array.from({ length: width }, (_, x) => fixed(d * x));
  const { xs, ys, row, finish } = open(source, out);
  for (let y = 0; y < height; y++) {
    const startX = fixed(b * y + c) + halfStep;
    const startY = fixed(e * y + f) + halfStep;
    for (let x = 0; x < width; x++) {
      xs[x] = (startX + alongX[x]) >> shift;
      ys[x] = (startY + alongY[x]) >> shift;
    }
    row(y);
  }
  finish();
  return out;
};

/** `matrix` takes source pixels to target pixels, as OpenCV's does. */
export const warpAffine = <D extends Samples>(
  source: Raster<D>,
  matrix: Affine,
  width: number,
  height: number,
): Raster<D> => warpAffineBy(fastSampler, source, matrix, width, height);
