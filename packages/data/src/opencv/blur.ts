/** OpenCV's `GaussianBlur` with mirrored borders: columns of weights, horizontally then vertically. */
import { borderPosition } from './geometry.ts';
import { type Raster, rasterLike, type Samples, saturate } from './raster.ts';

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

/** Bytes are exact without a sigma and differ by at most 1 with one (OpenCV rounds its weights to 8 bits); floats by 2e-6. */
export const gaussianBlur = <D extends Samples>(source: Raster<D>, size: number, sigma = 0): Raster<D> => {
  const { width, height, channels, data } = source;
  const weights = gaussianKernel(size, sigma);
  const reach = (size - 1) / 2;
  const across = new Float32Array(data.length);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++, o++) {
        let sum = 0;
        for (let i = 0; i < size; i++) {
          const at = y * width + borderPosition(x + i - reach, width, 'reflect101');
          sum += weights[i] * data[at * channels + c];
        }
        across[o] = sum;
      }
    }
  }
  const out = rasterLike(source, width, height);
  const bytes = data instanceof Uint8Array;
  const row = width * channels;
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < row; x++, o++) {
      let sum = 0;
      for (let i = 0; i < size; i++)
        sum += weights[i] * across[borderPosition(y + i - reach, height, 'reflect101') * row + x];
      out.data[o] = bytes ? saturate(Math.floor(sum + 0.5)) : sum;
    }
  }
  return out;
};
