/** OpenCV's bilinear resize of interleaved bytes (`../opencv/resize.ts`, `interpolateBytes`) in vectors, bit for bit. */
import { Func } from '@gdarknet/tensor/emitter';
import { eachRowPair, type LinearAxis } from '../raster/linear.ts';
import type { Raster } from '../raster/raster.ts';
import { kernelsOnDemand, layOut } from './arena.ts';
import { hasKernels, splat, toBytes, vectors } from './words.ts';

/** A column's entry: where its left pixel begins in a row, then two weights of 16 bits. */
const columnBytes = 8;

/** stretch(row, columns, out, end): a row of bytes to samples of 16 bits, each a byte times 128. `end` ends the table. */
const stretch = (channels: number): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32']);
  const [row, at, out, end] = [0, 1, 2, 3];
  const [pair] = vectors(f, 1);
  const lane = (k: number): number => Math.min(k, 7);
  f.get(at).range(at, end, columnBytes, () => {
    f.get(out, row, at).memory('i32.load').do('i32.add').memory('v128.load8x8_u').tee(pair).get(pair);
    // Channel by channel the left sample and the right one, times their weights.
    f.shuffle16(0, lane(channels), 1, lane(channels + 1), 2, lane(channels + 2), 3, lane(channels + 3));
    f.get(at).memory('v128.load32_splat', 4).do('i32x4.dot_i16x8_s').shift('i32x4.shr_s', 4).tee(pair).get(pair);
    f.do('i16x8.narrow_i32x4_s')
      .memory('v128.store')
      .bump(out, 2 * channels);
  });
  return f;
};

/** blend(upper, lower, weights, out, end): two stretched rows to one of bytes; `end` ends the upper one. */
const blend = (): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32']);
  const [upper, lower, weights, out, end] = [0, 1, 2, 3, 4];
  const [above, below] = [splat(f, weights, 0), splat(f, weights, 4)];
  const [a, b, c, d, low, high] = vectors(f, 6);
  f.get(upper).range(upper, end, 32, () => {
    for (const [k, part] of [a, b, c, d].entries()) {
      f.get(upper)
        .memory('v128.load16x4_u', 8 * k)
        .get(above)
        .do('i32x4.dot_i16x8_s')
        .shift('i32x4.shr_s', 16);
      f.get(lower)
        .memory('v128.load16x4_u', 8 * k)
        .get(below)
        .do('i32x4.dot_i16x8_s')
        .shift('i32x4.shr_s', 16);
      f.do('i32x4.add').fixed(2, 'i32').do('i32x4.add').shift('i32x4.shr_s', 2).set(part);
    }
    f.get(out);
    toBytes(f, [a, b, c, d], [low, high]);
    f.memory('v128.store').bump(out, 16).bump(lower, 32);
  });
  return f;
};

const kernels = kernelsOnDemand(() => ({ 1: stretch(1), 3: stretch(3), 4: stretch(4), blend: blend() }));

/** Both pixels of a pair are loaded together: one that hangs over the edge moves in, its weights with it. */
const writeColumns = (width: number, channels: number, axis: LinearAxis, table: Int32Array): void => {
  const last = Math.max(0, width - 2);
  for (let i = 0; i < axis.first.length; i++) {
    const start = Math.min(axis.first[i], last);
    const weights = [0, 0];
    weights[axis.first[i] - start] += axis.weight0[i];
    weights[axis.second[i] - start] += axis.weight1[i];
    table[2 * i] = start * channels;
    table[2 * i + 1] = weights[0] | (weights[1] << 16);
  }
};

/** False where nothing was done: no SIMD, other numbers of channels, or too large for the memory. */
export const interpolateVectors = (
  source: Raster<Uint8Array>,
  out: Raster<Uint8Array>,
  columns: LinearAxis,
  rows: LinearAxis,
): boolean => {
  const { channels, data } = source;
  if (!hasKernels(channels)) return false;
  const compiled = kernels();
  const samples = out.width * channels;
  const stretched = 2 * samples;
  const layout = layOut([columnBytes * out.width, 8 * out.height, stretched, stretched, data.length, out.data.length]);
  if (compiled === undefined || layout === undefined) return false;
  const { heap, at } = layout;
  const [tableAt, weightsAt, firstAt, secondAt, imageAt, outAt] = at;
  writeColumns(source.width, channels, columns, new Int32Array(heap, tableAt, 2 * out.width));
  const weights = new Int32Array(heap, weightsAt, 2 * out.height);
  for (let y = 0; y < out.height; y++) weights.set([rows.weight0[y], rows.weight1[y]], 2 * y);
  new Uint8Array(heap, imageAt).set(data);

  const stretchRow = (y: number, to: number): void =>
    compiled[channels](imageAt + y * source.width * channels, tableAt, to, tableAt + columnBytes * out.width);
  // A row's last vector may reach into the next row, which comes later.
  eachRowPair(rows, [firstAt, secondAt], stretchRow, (y, upper, lower) =>
    compiled.blend(upper, lower, weightsAt + 8 * y, outAt + y * samples, upper + stretched),
  );
  out.data.set(new Uint8Array(heap, outAt, out.data.length));
  return true;
};
