/** OpenCV's `GaussianBlur` with mirrored borders: columns of weights, horizontally then vertically. */
import { blurVectors } from '../vector/blur.ts';
import { borderPosition } from './geometry.ts';
import { areBytes, type Raster, rasterLike, type Samples, samplesLike, saturate } from './raster.ts';

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

/** Adds `weight` times the samples of `from`, starting at `start`, to `sums`. */
const addWeighted = (sums: Float64Array, from: Samples, start: number, weight: number): void => {
  for (let x = 0; x < sums.length; x++) sums[x] += weight * from[start + x];
};

/** `gaussianBlur` in plain TypeScript: the reference of the vectors. */
export const gaussianBlurPlain = <D extends Samples>(source: Raster<D>, size: number, sigma = 0): Raster<D> => {
  const { width, height, channels, data } = source;
  const weights = gaussianKernel(size, sigma);
  const reach = (size - 1) / 2;
  const row = width * channels;
  const across = new Float32Array(data.length);
  const sums = new Float64Array(row);
  const padded = samplesLike(data, (width + 2 * reach) * channels);
  for (let y = 0; y < height; y++) {
    padded.set(data.subarray(y * row, (y + 1) * row), reach * channels);
    for (let i = 0; i < reach; i++) {
      const [before, after] = [i - reach, width + i].map((x) => borderPosition(x, width, 'reflect101') * channels);
      for (let c = 0; c < channels; c++) {
        padded[i * channels + c] = data[y * row + before + c];
        padded[(width + reach + i) * channels + c] = data[y * row + after + c];
      }
    }
    sums.fill(0);
    for (let i = 0; i < size; i++) addWeighted(sums, padded, i * channels, weights[i]);
    across.set(sums, y * row);
  }
  const out = rasterLike(source, width, height);
  const bytes = data instanceof Uint8Array;
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let i = 0; i < size; i++) {
      addWeighted(sums, across, borderPosition(y + i - reach, height, 'reflect101') * row, weights[i]);
    }
    if (!bytes) out.data.set(sums, y * row);
    else for (let x = 0; x < row; x++) out.data[y * row + x] = saturate(Math.floor(sums[x] + 0.5));
  }
  return out;
};

const mirrored = (i: number, n: number): number => borderPosition(i, n, 'reflect101');

/** Bytes are exact without a sigma and differ by at most 1 with one (OpenCV rounds its weights to 8 bits); floats by 2e-6. */
export const gaussianBlur = <D extends Samples>(source: Raster<D>, size: number, sigma = 0): Raster<D> => {
  const out = rasterLike(source, source.width, source.height);
  const done = sigma <= 0 && areBytes(source) && areBytes(out) && blurVectors(source, out.data, size, mirrored);
  return done ? out : gaussianBlurPlain(source, size, sigma);
};
