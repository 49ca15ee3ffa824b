/**
 * Orders of weights. Darknet keeps `[filter, channel, row, column]`; activations here are NHWC, so kernels are wanted as
 * `[filter, row, column, channel]`. The same holds for a connected layer, whose kernel covers its whole input.
 */
import type { KernelShape } from '../layers/common/weights.ts';

/** `[filter, channel, row, column]` to `[filter, row, column, channel]`. */
export const toChannelsLast = (weights: Float32Array, [filters, channels, rows, columns]: KernelShape): Float32Array =>
  swapInner(weights, filters, channels, rows * columns);

/** `[filter, row, column, channel]` to `[filter, channel, row, column]`. */
export const toChannelsFirst = (weights: Float32Array, [filters, channels, rows, columns]: KernelShape): Float32Array =>
  swapInner(weights, filters, rows * columns, channels);

/** `[rows, columns]` to `[columns, rows]`. */
export const transposeMatrix = (matrix: Float32Array, rows: number, columns: number): Float32Array =>
  swapInner(matrix, 1, rows, columns);

const swapInner = (source: Float32Array, outer: number, a: number, b: number): Float32Array => {
  const target = new Float32Array(source.length);
  for (let o = 0; o < outer; o++) {
    const base = o * a * b;
    for (let i = 0; i < a; i++) {
      for (let j = 0; j < b; j++) target[base + j * a + i] = source[base + i * b + j];
    }
  }
  return target;
};
