/**
 * The augmentation in WebAssembly memory: the crop's rows are copied in once, the floats out once; nothing is allocated in
 * between.
 */
import type { Image } from '../../image/image.ts';
import { eachRowPair, linearAxis } from '../../raster/linear.ts';
import { roundHalfEven } from '../../raster/raster.ts';
import { layOut } from '../../vector/arena.ts';
import type { AugmentParameters } from '../parameters.ts';
import { type Change, changeNames, columnBytes, kernels, pixelBytes } from './code.ts';

const lanes = 8;

/**
 * Where each column's pair of pixels lies in a row of the picture and what they weigh. Pixels outside the picture are
 * black, so they weigh nothing; a pair that hangs over an edge moves in, its weights with it. Mirrored, the table runs
 * backwards.
 */
const writeColumns = (image: Image, p: AugmentParameters, width: number, table: Int32Array): void => {
  const { first, second, weight0, weight1 } = linearAxis(p.width, width, true);
  const last = Math.max(0, image.width - 2);
  table.fill(0);
  for (let i = 0; i < width; i++) {
    const left = p.left + first[i];
    const start = Math.min(Math.max(left, 0), last);
    const weights = [0, 0];
    const give = (x: number, weight: number): void => {
      if (x >= 0 && x < image.width && weight !== 0) weights[x - start] += weight;
    };
    give(left, weight0[i]);
    give(p.left + second[i], weight1[i]);
    const o = 2 * (p.flip ? width - 1 - i : i);
    table[o] = start * 3;
    table[o + 1] = weights[0] | (weights[1] << 16);
  }
};

/** What `augmentInto` writes, or false where there is no SIMD, or the picture is too large for the memory. */
export const augmentVectors = (
  image: Image,
  p: AugmentParameters,
  width: number,
  height: number,
  hueShift: number,
  around: boolean,
  out: Float32Array,
  offset: number,
): boolean => {
  const compiled = kernels();
  if (compiled === undefined) return false;
  const columns = Math.ceil(width / lanes) * lanes;
  const plane = 2 * columns;
  const top = Math.max(0, Math.min(image.height, p.top));
  const bottom = Math.max(top, Math.min(image.height, p.top + p.height));
  const rowBytes = image.width * 3;
  const samples = width * height * 3;
  const layout = layOut([
    4 * changeNames.length,
    8 * height,
    columnBytes * columns,
    3 * plane,
    3 * plane,
    (bottom - top) * rowBytes,
    4 * samples + pixelBytes * lanes,
  ]);
  if (layout === undefined) return false;
  const { heap, at } = layout;
  const [numbersAt, weightsAt, tableAt, upperAt, lowerAt, imageAt, outAt] = at;

  const shift = roundHalfEven(hueShift);
  const numbers: Change = {
    shift: around ? ((shift % 180) + 180) % 180 : shift,
    saturation: p.saturation,
    exposure: p.exposure,
  };
  new Float32Array(heap, numbersAt, changeNames.length).set(changeNames.map((name) => numbers[name]));
  writeColumns(image, p, width, new Int32Array(heap, tableAt, 2 * columns));
  const rows = linearAxis(p.height, height, false);
  const weights = new Int32Array(heap, weightsAt, 2 * height);
  for (let y = 0; y < height; y++) {
    weights[2 * y] = rows.weight0[y];
    weights[2 * y + 1] = rows.weight1[y];
  }
  new Uint8Array(heap, imageAt).set(image.data.subarray(top * rowBytes, bottom * rowBytes));

  const stretch = (y: number, to: number): void => {
    const source = p.top + y;
    if (source < top || source >= bottom) new Uint8Array(heap, to, 3 * plane).fill(0);
    else compiled.stretch(imageAt + (source - top) * rowBytes, tableAt, to, tableAt + columnBytes * columns, plane);
  };
  const change = around ? compiled.wrap : compiled.saturate;
  eachRowPair(rows, [upperAt, lowerAt], stretch, (y, upper, lower) => {
    // A row's last vectors may reach into the next one's, which comes later.
    const row = outAt + pixelBytes * width * y;
    const end = row + pixelBytes * columns;
    compiled.blend(upper, lower, weightsAt + 8 * y, row, upper + plane, plane);
    change(row, end, numbersAt);
    compiled.paint(row, end);
  });
  out.set(new Float32Array(heap, outAt, samples), offset);
  return true;
};
