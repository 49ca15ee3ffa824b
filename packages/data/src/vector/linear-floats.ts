/** OpenCV's bilinear resize of interleaved floats (`../opencv/resize.ts`, `interpolateFloats`) in vectors, bit for bit. */
import { Func } from '@gdarknet/tensor/emitter';
import { eachRowPair, type LinearAxis } from '../raster/linear.ts';
import type { Raster } from '../raster/raster.ts';
import { kernelsOnDemand, layOut } from './arena.ts';
import { hasKernels, splat } from './words.ts';

/** A column's entry: where its two pixels begin in a row, and their weights. */
const columnBytes = 16;

/** stretch(row, columns, out, end): `end` ends the table. */
const stretch = (channels: number): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32']);
  const [row, at, out, end] = [0, 1, 2, 3];
  const weighed = (k: number): Func =>
    f
      .get(row, at)
      .memory('i32.load', 4 * k)
      .do('i32.add')
      .memory('v128.load')
      .get(at)
      .memory('v128.load32_splat', 8 + 4 * k)
      .do('f32x4.mul');
  f.get(at).range(at, end, columnBytes, () => {
    f.get(out);
    weighed(0);
    weighed(1)
      .do('f32x4.add')
      .memory('v128.store')
      .bump(out, 4 * channels);
  });
  return f;
};

/** blend(upper, lower, weights, out, end): `end` ends the upper row. */
const blend = (): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32']);
  const [upper, lower, weights, out, end] = [0, 1, 2, 3, 4];
  const [above, below] = [splat(f, weights, 0), splat(f, weights, 4)];
  f.get(upper).range(upper, end, 16, () => {
    f.get(out, upper).memory('v128.load').get(above).do('f32x4.mul');
    f.get(lower).memory('v128.load').get(below).do('f32x4.mul', 'f32x4.add').memory('v128.store');
    f.bump(lower, 16).bump(out, 16);
  });
  return f;
};

const kernels = kernelsOnDemand(() => ({ 1: stretch(1), 3: stretch(3), 4: stretch(4), blend: blend() }));

/** False where nothing was done: no SIMD, other numbers of channels, or too large for the memory. */
export const interpolateFloatVectors = (
  source: Raster<Float32Array>,
  out: Raster<Float32Array>,
  columns: LinearAxis,
  rows: LinearAxis,
): boolean => {
  const { channels, data } = source;
  if (!hasKernels(channels)) return false;
  const compiled = kernels();
  const [row, wide] = [4 * source.width * channels, 4 * out.width * channels];
  const layout = layOut([columnBytes * out.width, 8, wide, wide, data.byteLength, out.data.byteLength]);
  if (compiled === undefined || layout === undefined) return false;
  const { heap, at } = layout;
  const [tableAt, weightsAt, firstAt, secondAt, imageAt, outAt] = at;
  const [offsets, shares] = [new Int32Array(heap, tableAt), new Float32Array(heap, tableAt)];
  for (let i = 0; i < out.width; i++) {
    offsets[4 * i] = 4 * columns.first[i] * channels;
    offsets[4 * i + 1] = 4 * columns.second[i] * channels;
    shares[4 * i + 2] = 1 - columns.fraction[i];
    shares[4 * i + 3] = columns.fraction[i];
  }
  const weights = new Float32Array(heap, weightsAt, 2);
  new Float32Array(heap, imageAt).set(data);

  const stretchRow = (y: number, to: number): void =>
    compiled[channels](imageAt + y * row, tableAt, to, tableAt + columnBytes * out.width);
  eachRowPair(rows, [firstAt, secondAt], stretchRow, (y, upper, lower) => {
    weights.set([1 - rows.fraction[y], rows.fraction[y]]);
    compiled.blend(upper, lower, weightsAt, outAt + y * wide, upper + wide);
  });
  out.data.set(new Float32Array(heap, outAt, out.data.length));
  return true;
};
