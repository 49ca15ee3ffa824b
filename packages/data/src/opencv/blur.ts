/** OpenCV's `GaussianBlur` with mirrored borders: columns of weights, horizontally then vertically. */
import { areBytes, type Raster, rasterLike, type Samples, saturate } from '../raster/raster.ts';
import { blurVectors } from '../vector/blur.ts';
import { weighVectors } from '../vector/weigh.ts';
import { borderPosition, pad } from './geometry.ts';

/** Without a sigma, small kernels have these weights instead of sampled ones. */
const fixedKernels: Readonly<Record<number, readonly number[]>> = {
  1: [1],
  3: [0.25, 0.5, 0.25],
  5: [0.0625, 0.25, 0.375, 0.25, 0.0625],
  7: [0.03125, 0.109375, 0.21875, 0.28125, 0.21875, 0.109375, 0.03125],
};

/** Weights of a kernel of odd `size`; `sigma` 0 means one fitted to the size. */
export const gaussianKernel = (size: number, sigma: number): readonly number[] => {
  if (!Number.isInteger(size) || size < 1 || size % 2 === 0) {
    throw new RangeError(`kernel size is ${size}, expected an odd number of at least 1`);
  }
  const fixed = sigma <= 0 ? fixedKernels[size] : undefined;
  if (fixed) return fixed;
  const spread = sigma > 0 ? sigma : 0.3 * ((size - 1) * 0.5 - 1) + 0.8;
  const weights = Array.from({ length: size }, (_, i) =>
    Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * spread * spread)),
  );
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / sum);
};

/** Sums of `weights` times the samples from `start` on and each `stride` further, in float32, the first first. */
const weigh = (
  sums: Float32Array,
  from: Samples,
  start: number,
  stride: number,
  weights: Float32Array,
  length: number,
): void => {
  sums.fill(0);
  for (let i = 0; i < weights.length; i++) {
    for (let x = 0; x < length; x++) sums[x] += Math.fround(weights[i] * from[start + i * stride + x]);
  }
};

/** `gaussianBlur` in plain TypeScript: the reference of the vectors. */
export const gaussianBlurPlain = <D extends Samples>(source: Raster<D>, size: number, sigma = 0): Raster<D> => {
  const { width, height, channels } = source;
  const weights = Float32Array.from(gaussianKernel(size, sigma));
  const reach = (size - 1) / 2;
  const padded = pad(source, { top: reach, bottom: reach, left: reach, right: reach }, 'reflect101');
  const [row, paddedRow] = [width * channels, padded.width * channels];
  const across = new Float32Array(padded.height * row);
  for (let y = 0; y < padded.height; y++) {
    weigh(across.subarray(y * row, (y + 1) * row), padded.data, y * paddedRow, channels, weights, row);
  }
  const out = rasterLike(source, width, height);
  const sums = new Float32Array(row);
  const bytes = areBytes(out);
  for (let y = 0; y < height; y++) {
    weigh(sums, across, y * row, row, weights, row);
    if (!bytes) out.data.set(sums, y * row);
    else for (let x = 0; x < row; x++) out.data[y * row + x] = saturate(Math.floor(Math.fround(sums[x] + 0.5)));
  }
  return out;
};

const mirrored = (i: number, n: number): number => borderPosition(i, n, 'reflect101');

/** Bytes are exact without a sigma and differ by at most 1 with one (OpenCV rounds its weights to 8 bits); floats by 2e-6. */
export const gaussianBlur = <D extends Samples>(source: Raster<D>, size: number, sigma = 0): Raster<D> => {
  const out = rasterLike(source, source.width, source.height);
  const weights = Float32Array.from(gaussianKernel(size, sigma));
  const done =
    (sigma <= 0 && areBytes(source) && areBytes(out) && blurVectors(source, out.data, size, mirrored)) ||
    weighVectors(source, out, weights, mirrored);
  return done ? out : gaussianBlurPlain(source, size, sigma);
};
