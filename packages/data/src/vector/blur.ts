/**
 * Blurring of bytes with the weights 1 2 1 and 1 4 6 4 1 (`../opencv/blur.ts`) in vectors. All sums are whole and below
 * 2^16, so eight of them go in a vector, two to a 32-bit lane, and any order of adding gives the same.
 */
import { Func, type Local } from '@gdarknet/tensor/emitter';
import type { Raster } from '../raster/raster.ts';
import { kernelsOnDemand, layOut } from './arena.ts';
import { evenSamples, hasKernels, oddSamples, vectors } from './words.ts';

const weightsOf = { 3: [1, 2, 1], 5: [1, 4, 6, 4, 1] } as const;
type Size = keyof typeof weightsOf;
const sumOf = (size: Size): number => 4 ** ((size - 1) / 2);

/** Loads by `load(tap)`, which leaves samples of 16 bits; their weighted sum stays on the stack. */
const weigh = (f: Func, weights: readonly number[], load: (tap: number) => void): void => {
  for (let near = 0; 2 * near < weights.length; near++) {
    const far = weights.length - 1 - near;
    load(near);
    if (far !== near) {
      load(far);
      f.do('i32x4.add');
    }
    if (weights[near] !== 1) f.fixed(weights[near], 'i32').do('i32x4.mul');
    if (near > 0) f.do('i32x4.add');
  }
};

/** down(row, row, ..., out, end): rows of bytes to one of sums; `end` ends the last row. */
const down = (size: Size): Func => {
  const f = new Func(Array.from({ length: size + 2 }, () => 'i32' as const));
  const [last, out, end] = [size - 1, size, size + 1];
  f.get(last).range(last, end, 8, () => {
    f.get(out);
    weigh(f, weightsOf[size], (tap) => f.get(tap).memory('v128.load8x8_u'));
    f.memory('v128.store').bump(out, 16);
    for (let row = 0; row < last; row++) f.bump(row, 8);
  });
  return f;
};

/** across(sums, out, end): a padded row of sums to bytes; `end` ends the part without the padding behind. */
const across = (size: Size, channels: number): Func => {
  const f = new Func(['i32', 'i32', 'i32']);
  const [sums, out, end] = [0, 1, 2];
  const [low, high] = vectors(f, 2);
  // So that all weights together are 2^8, and a byte is the upper half of a sum.
  const weights = weightsOf[size].map((weight) => (weight * 256) / sumOf(size) ** 2);
  const samples = (offset: number, to: Local): void => {
    weigh(f, weights, (tap) => f.get(sums).memory('v128.load', offset + 2 * channels * tap));
    f.fixed(0x00800080, 'i32').do('i32x4.add').set(to);
  };
  f.get(sums).range(sums, end, 32, () => {
    samples(0, low);
    samples(16, high);
    f.get(out);
    f.get(low, high)
      .shuffle16(...evenSamples)
      .shift('i32x4.shr_u', 8)
      .fixed(0x00ff00ff, 'i32')
      .do('v128.and');
    f.get(low, high)
      .shuffle16(...oddSamples)
      .fixed(0xff00ff00, 'i32')
      .do('v128.and', 'v128.or');
    f.memory('v128.store').bump(out, 16);
  });
  return f;
};

const kernels = kernelsOnDemand(() => ({
  'down 3': down(3),
  'down 5': down(5),
  '3 across 1': across(3, 1),
  '3 across 3': across(3, 3),
  '3 across 4': across(3, 4),
  '5 across 1': across(5, 1),
  '5 across 3': across(5, 3),
  '5 across 4': across(5, 4),
}));

/** `place(i, n)`: the position that stands at i of 0..n-1. False where nothing was done. */
export const blurVectors = (
  source: Raster<Uint8Array>,
  out: Uint8Array,
  size: number,
  place: (i: number, n: number) => number,
): boolean => {
  const { width, height, channels, data } = source;
  if (!(size === 3 || size === 5) || !hasKernels(channels)) return false;
  const reach = (size - 1) / 2;
  const row = width * channels;
  const compiled = kernels();
  const layout = layOut([2 * (row + 2 * reach * channels), data.length, data.length]);
  if (compiled === undefined || layout === undefined) return false;
  const [sumsAt, imageAt, outAt] = layout.at;
  new Uint8Array(layout.heap, imageAt).set(data);
  const sums = new Uint16Array(layout.heap, sumsAt, row + 2 * reach * channels);
  const inside = sumsAt + 2 * reach * channels;
  /** Where the sums come from that stand before and behind the row. */
  const padding = Array.from({ length: reach }, (_, i) => [
    [i, reach + place(i - reach, width)],
    [reach + width + i, reach + place(width + i, width)],
  ]).flat();
  for (let y = 0; y < height; y++) {
    const rows = Array.from({ length: size }, (_, i) => imageAt + place(y + i - reach, height) * row);
    compiled[`down ${size}`](...rows, inside, rows[size - 1] + row);
    for (const [to, from] of padding) sums.copyWithin(to * channels, from * channels, (from + 1) * channels);
    compiled[`${size} across ${channels}`](sumsAt, outAt + y * row, sumsAt + 2 * row);
  }
  out.set(new Uint8Array(layout.heap, outAt, data.length));
  return true;
};
