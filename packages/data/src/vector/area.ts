/** OpenCV's area interpolation by covered shares (`../opencv/resize.ts`, `coverageMeans`) in vectors, bit for bit. */
import { Func } from '@gdarknet/tensor/emitter';
import type { Part } from '../raster/area.ts';
import type { Raster } from '../raster/raster.ts';
import { kernelsOnDemand, layOut } from './arena.ts';
import { narrow, widen } from './floats.ts';
import { hasKernels, splat, vectors } from './words.ts';

/** A column's entry: where its first pixel begins in a row of floats, and how many follow one another. */
const columnBytes = 8;

/** cover(row, columns, shares, out, end): a row of pixels to the sums of what each column covers; `end` ends the table. */
const cover = (channels: number): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32']);
  const [row, at, share, out, end] = [0, 1, 2, 3, 4];
  const [from, left] = f.locals(2);
  const [sum] = vectors(f, 1);
  f.get(at).range(at, end, columnBytes, () => {
    f.get(row, at).memory('i32.load').do('i32.add').set(from).get(at).memory('i32.load', 4).set(left);
    f.constant(0).set(sum);
    f.repeat(() => {
      f.get(sum, from).memory('v128.load').get(share).memory('v128.load32_splat').do('f32x4.mul', 'f32x4.add').set(sum);
      f.bump(from, 4 * channels)
        .bump(share, 4)
        .add(left, -1)
        .tee(left);
    });
    f.get(out, sum)
      .memory('v128.store')
      .bump(out, 4 * channels);
  });
  return f;
};

/** gather(sums, row, weight, end): adds a row, weighted, to the sums; `end` ends these. */
const gather = (): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32']);
  const [sums, row, weights, end] = [0, 1, 2, 3];
  const weight = splat(f, weights, 0);
  f.get(sums).range(sums, end, 16, () => {
    f.get(sums, sums).memory('v128.load').get(row).memory('v128.load').get(weight);
    f.do('f32x4.mul', 'f32x4.add').memory('v128.store').bump(row, 16);
  });
  return f;
};

const kernels = kernelsOnDemand(() => ({
  1: cover(1),
  3: cover(3),
  4: cover(4),
  widen: widen(),
  gather: gather(),
  round: narrow('even'),
}));

/** False where nothing was done: no SIMD, other numbers of channels, or too large for the memory. */
export const coverVectors = (
  source: Raster,
  out: Raster,
  columns: readonly (readonly Part[])[],
  rows: readonly (readonly Part[])[],
): boolean => {
  const { channels, data } = source;
  if (!hasKernels(channels)) return false;
  const compiled = kernels();
  const [row, samples] = [source.width * channels, out.width * channels];
  const bytes = data instanceof Uint8Array;
  const shares = columns.flatMap((parts) => parts.map(([, weight]) => weight));
  const layout = layOut([
    columnBytes * out.width,
    4 * shares.length,
    4,
    4 * row,
    4 * samples,
    4 * samples,
    data.byteLength,
    out.data.byteLength,
  ]);
  if (compiled === undefined || layout === undefined) return false;
  const { heap, at } = layout;
  const [tableAt, sharesAt, weightAt, floatsAt, coveredAt, sumsAt, imageAt, outAt] = at;
  const table = new Int32Array(heap, tableAt, 2 * out.width);
  for (const [i, parts] of columns.entries()) table.set([parts[0][0] * channels * 4, parts.length], 2 * i);
  new Float32Array(heap, sharesAt, shares.length).set(shares);
  const weight = new Float32Array(heap, weightAt, 1);
  const sums = new Float32Array(heap, sumsAt, samples);
  new Uint8Array(heap, imageAt).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));

  let covered = -1;
  for (let y = 0; y < out.height; y++) {
    sums.fill(0);
    for (const [j, share] of rows[y]) {
      // The row that two targets share is covered once.
      if (j !== covered) {
        const from = imageAt + j * row * data.BYTES_PER_ELEMENT;
        if (bytes) compiled.widen(from, floatsAt, from + row);
        compiled[channels](bytes ? floatsAt : from, tableAt, sharesAt, coveredAt, tableAt + columnBytes * out.width);
        covered = j;
      }
      weight[0] = share;
      compiled.gather(sumsAt, coveredAt, weightAt, sumsAt + 4 * samples);
    }
    const to = outAt + y * samples * data.BYTES_PER_ELEMENT;
    if (bytes) compiled.round(sumsAt, to, sumsAt + 4 * samples);
    else new Float32Array(heap, to, samples).set(sums);
  }
  new Uint8Array(out.data.buffer, out.data.byteOffset, out.data.byteLength).set(
    new Uint8Array(heap, outAt, out.data.byteLength),
  );
  return true;
};
