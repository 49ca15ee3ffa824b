/**
 * A picture's hash of 64 bits that survives re-encoding, another size and a change of brightness: the signs of its lowest
 * frequencies about their median (the "pHash" of Zauner, Implementation and Benchmarking of Perceptual Image Hash
 * Functions, 2010). Turned, mirrored or cropped pictures have other hashes.
 */
import type { Image } from '../image/image.ts';

/** The upper and the lower 32 bits. */
export type Likeness = readonly [high: number, low: number];

/** The picture is seen through so many cells each way, */
const cells = 32;
/** and described by so many cosines each way, of 0, 1, 2, ... half waves. */
const waves = 8;
/** Pictures whose strongest wave is weaker than so many of 255 grey levels are blank. */
const blank = 1;

const cosines: readonly Float64Array[] = Array.from({ length: waves }, (_, k) =>
  Float64Array.from({ length: cells }, (_, i) => (2 / cells) * Math.cos((Math.PI * (i + 0.5) * k) / cells)),
);

/** Mean brightness of the cells, 0..255 (Rec. 601). Cells share pixels where there are fewer pixels than cells. */
const greyCells = ({ width, height, data }: Image): Float64Array => {
  const from = (cell: number, size: number): number => Math.floor((cell * size) / cells);
  const to = (cell: number, size: number): number => Math.max(from(cell, size) + 1, from(cell + 1, size));
  return Float64Array.from({ length: cells * cells }, (_, i) => {
    const [cellX, cellY] = [i % cells, Math.trunc(i / cells)];
    const [left, right] = [from(cellX, width), to(cellX, width)];
    const [top, bottom] = [from(cellY, height), to(cellY, height)];
    let sum = 0;
    for (let y = top; y < bottom; y++) {
      const end = (y * width + right) * 3;
      for (let o = (y * width + left) * 3; o < end; o += 3) {
        sum += 299 * data[o] + 587 * data[o + 1] + 114 * data[o + 2];
      }
    }
    return sum / (1000 * (right - left) * (bottom - top));
  });
};

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

/** Undefined for a picture of one colour. */
export const likenessOf = (image: Image): Likeness | undefined => {
  const grey = greyCells(image);
  const across = Array.from({ length: cells }, (_, y) => {
    const row = grey.subarray(y * cells, (y + 1) * cells);
    return cosines.map((cosine) => dot(row, cosine));
  });
  const columns = cosines.map((_, k) => Float64Array.from(across, (row) => row[k]));
  const strengths = cosines.flatMap((cosine) => columns.map((column) => dot(column, cosine)));
  // The mean brightness says nothing.
  strengths[0] = 0;
  if (strengths.every((strength) => Math.abs(strength) < blank)) return undefined;
  const middle = strengths.toSorted((a, b) => a - b)[strengths.length / 2];
  const word = (part: readonly number[]): number =>
    part.reduce((bits, strength) => ((bits << 1) | (strength > middle ? 1 : 0)) >>> 0, 0);
  return [word(strengths.slice(0, 32)), word(strengths.slice(32))];
};

const onesOfBytes: Uint8Array = Uint8Array.from({ length: 256 }, (_, v) => v.toString(2).replaceAll('0', '').length);
/** Ones among 32 bits. */
export const ones = (v: number): number =>
  onesOfBytes[v & 255] + onesOfBytes[(v >>> 8) & 255] + onesOfBytes[(v >>> 16) & 255] + onesOfBytes[v >>> 24];

/** How many bits differ, 0..64. */
export const distanceOf = ([a, b]: Likeness, [c, d]: Likeness): number => ones(a ^ c) + ones(b ^ d);
