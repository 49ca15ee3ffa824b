/** Blurring by any weights (`../opencv/blur.ts`) in vectors of floats, bit for bit: along the rows, then down them. */
import { Func } from '@gdarknet/tensor/emitter';
import type { Raster } from '../raster/raster.ts';
import { kernelsOnDemand, layOut } from './arena.ts';
import { narrow, widen } from './floats.ts';
import { vectors } from './words.ts';

/**
 * weigh(from, out, end, weights, weightsEnd, stride): sums of the weights times the floats from there on, each `stride`
 * bytes further; `end` ends the first.
 */
const weigh = (): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [from, out, end, weights, weightsEnd, stride] = [0, 1, 2, 3, 4, 5];
  const [at, weight] = f.locals(2);
  const sums = vectors(f, 4);
  const [factor] = vectors(f, 1);
  f.get(from).range(from, end, 64, () => {
    for (const sum of sums) f.constant(0).set(sum);
    f.get(from).set(at).get(weights);
    f.range(weight, weightsEnd, 4, () => {
      f.get(weight).memory('v128.load32_splat').set(factor);
      for (const [k, sum] of sums.entries()) {
        f.get(sum, at)
          .memory('v128.load', 16 * k)
          .get(factor)
          .do('f32x4.mul', 'f32x4.add')
          .set(sum);
      }
      f.get(at, stride).do('i32.add').set(at);
    });
    for (const [k, sum] of sums.entries()) f.get(out, sum).memory('v128.store', 16 * k);
    f.bump(out, 64);
  });
  return f;
};

const kernels = kernelsOnDemand(() => ({ weigh: weigh(), widen: widen(), narrow: narrow('up') }));

/** `place(i, n)`: the position that stands at i of 0..n-1. False where nothing was done: no SIMD, or too large for the memory. */
export const weighVectors = (
  source: Raster,
  out: Raster,
  weights: Float32Array,
  place: (i: number, n: number) => number,
): boolean => {
  const { width, height, channels, data } = source;
  const reach = (weights.length - 1) / 2;
  const bytes = data instanceof Uint8Array;
  const [row, paddedRow] = [width * channels, (width + 2 * reach) * channels];
  const tall = height + 2 * reach;
  const compiled = kernels();
  const layout = layOut([weights.byteLength, 4 * paddedRow, 4 * tall * row, 4 * row, data.byteLength, data.byteLength]);
  if (compiled === undefined || layout === undefined) return false;
  const { heap, at } = layout;
  const [weightsAt, paddedAt, acrossAt, sumsAt, imageAt, outAt] = at;
  const weightsEnd = weightsAt + weights.byteLength;
  new Float32Array(heap, weightsAt, weights.length).set(weights);
  new Uint8Array(heap, imageAt).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const padded = new Float32Array(heap, paddedAt, paddedRow);
  const across = new Float32Array(heap, acrossAt, tall * row);
  const insideAt = paddedAt + 4 * reach * channels;
  const size = data.BYTES_PER_ELEMENT;

  for (let y = 0; y < height; y++) {
    const from = imageAt + y * row * size;
    if (bytes) compiled.widen(from, insideAt, from + row);
    else padded.set(new Float32Array(heap, from, row), reach * channels);
    for (let i = 0; i < reach; i++) {
      for (const x of [i - reach, width + i]) {
        const mirrored = (reach + place(x, width)) * channels;
        padded.copyWithin((reach + x) * channels, mirrored, mirrored + channels);
      }
    }
    const to = acrossAt + 4 * (reach + y) * row;
    compiled.weigh(paddedAt, to, paddedAt + 4 * row, weightsAt, weightsEnd, 4 * channels);
  }
  for (let i = 0; i < reach; i++) {
    for (const y of [i - reach, height + i]) {
      const mirrored = (reach + place(y, height)) * row;
      across.copyWithin((reach + y) * row, mirrored, mirrored + row);
    }
  }
  for (let y = 0; y < height; y++) {
    const from = acrossAt + 4 * y * row;
    const to = outAt + y * row * size;
    compiled.weigh(from, bytes ? sumsAt : to, from + 4 * row, weightsAt, weightsEnd, 4 * row);
    if (bytes) compiled.narrow(sumsAt, to, sumsAt + 4 * row);
  }
  new Uint8Array(out.data.buffer, out.data.byteOffset, out.data.byteLength).set(
    new Uint8Array(heap, outAt, data.byteLength),
  );
  return true;
};
