/** OpenCV's `warpPerspective`, bilinear, black outside. */
import { type Raster, rasterLike, roundHalfEven, type Samples } from '../raster/raster.ts';
import { fastSampler, type OpenSampler, steps } from './remap.ts';

type Row = readonly [number, number, number];
/** Three rows: `(x', y')` are the first two, applied to `(x, y, 1)`, over the third. */
export type Homography = readonly [Row, Row, Row];

/** Where a point comes to lie. */
export const mapPoint = ([p, q, r]: Homography, x: number, y: number): readonly [number, number] => {
  const w = r[0] * x + r[1] * y + r[2];
  return [(p[0] * x + p[1] * y + p[2]) / w, (q[0] * x + q[1] * y + q[2]) / w];
};

/** By cofactors; a matrix that flattens the plane gives zeros, as OpenCV. */
export const invertHomography = ([[a, b, c], [d, e, f], [g, h, i]]: Homography): Homography => {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const s = determinant === 0 ? 0 : 1 / determinant;
  return [
    [(e * i - f * h) * s, (c * h - b * i) * s, (b * f - c * e) * s],
    [(f * g - d * i) * s, (a * i - c * g) * s, (c * d - a * f) * s],
    [(d * h - e * g) * s, (b * g - a * h) * s, (a * e - b * d) * s],
  ];
};

const least = -(2 ** 31);
const most = 2 ** 31 - 1;
/** OpenCV keeps whole source positions in 16 bits. */
const outside = (v: number): number => Math.max(-(2 ** 15) * steps, Math.min((2 ** 15 - 1) * steps, v));

export const warpPerspectiveBy = <D extends Samples>(
  open: OpenSampler,
  source: Raster<D>,
  matrix: Homography,
  width: number,
  height: number,
): Raster<D> => {
  const [p, q, r] = invertHomography(matrix);
  const out = rasterLike(source, width, height);
  const { xs, ys, row, finish } = open(source, out);
  const position = (v: number): number => outside(roundHalfEven(Math.max(least, Math.min(most, v))));
  for (let y = 0; y < height; y++) {
    const [px, qx, rx] = [p[1] * y + p[2], q[1] * y + q[2], r[1] * y + r[2]];
    for (let x = 0; x < width; x++) {
      const w = rx + r[0] * x;
      const scale = w === 0 ? 0 : steps / w;
      xs[x] = position((px + p[0] * x) * scale);
      ys[x] = position((qx + q[0] * x) * scale);
    }
    row(y);
  }
  finish();
  return out;
};

/** `matrix` takes source pixels to target pixels, as OpenCV's does. */
export const warpPerspective = <D extends Samples>(
  source: Raster<D>,
  matrix: Homography,
  width: number,
  height: number,
): Raster<D> => warpPerspectiveBy(fastSampler, source, matrix, width, height);
