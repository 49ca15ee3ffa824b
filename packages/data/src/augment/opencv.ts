/**
 * The original's detection augmentation on OpenCV's arithmetic, in one pass (SPEC 7.4, SPEC-AUGMENT 1): crop with
 * black outside, 8-bit bilinear resize to the network's size, mirror, 8-bit HSV changes, floats. Row by row, so that
 * nothing larger than a few rows is held between the steps. `opencv/` has each step on its own; the test holds this
 * pass to them, byte for byte.
 */
import type { Image } from '../image/image.ts';
import { unitOf } from '../image/image.ts';
import { addTable, multiplyTable, turnTable } from '../opencv/arithmetic.ts';
import { byteShare, hueDivisor, hueFraction, hueSector, saturationDivisor } from '../opencv/hsv.ts';
import { eachRowPair, type LinearAxis, linearAxis } from '../raster/linear.ts';
import { roundingMagic } from '../raster/raster.ts';
import { augmentVectors } from './kernel/arena.ts';
import type { AugmentParameters } from './parameters.ts';

export type PixelOptions = {
  /** `wrap` (the default) turns hue round the circle; `saturate` stops at 0 as the original (D-10). */
  readonly hueOverflow?: 'wrap' | 'saturate';
};

const fullHue = 179;

/**
 * One row of the crop, stretched to the target's width: each sample a byte times 128, which is OpenCV's sum of 11-bit
 * weights with the four bits already shifted out that its vertical pass drops first.
 */
const stretchRow = (row: Uint8Array, axis: LinearAxis, out: Int16Array): void => {
  const { first, second, weight0, weight1 } = axis;
  const width = first.length;
  for (let x = 0, o = 0; x < width; x++, o += 3) {
    const a = first[x] * 3;
    const b = second[x] * 3;
    const u = weight0[x];
    const v = weight1[x];
    out[o] = (row[a] * u + row[b] * v) >> 4;
    out[o + 1] = (row[a + 1] * u + row[b + 1] * v) >> 4;
    out[o + 2] = (row[a + 2] * u + row[b + 2] * v) >> 4;
  }
};

/** Two stretched rows to one of bytes. */
const blendRows = (upper: Int16Array, lower: Int16Array, u: number, v: number, out: Uint8Array): void => {
  for (let i = 0; i < out.length; i++) {
    out[i] = (((upper[i] * u) >> 16) + ((lower[i] * v) >> 16) + 2) >> 2;
  }
};

/** Reads rows of the crop: `read(y, out)` fills `width` pixels, black where the picture ends. */
const cropReader = (image: Image, p: AugmentParameters): ((y: number, out: Uint8Array) => void) => {
  const from = Math.max(0, p.left);
  const to = Math.min(image.width, p.left + p.width);
  const at = (from - p.left) * 3;
  return (y, out) => {
    const sourceY = p.top + y;
    if (sourceY < 0 || sourceY >= image.height || to <= from) {
      out.fill(0);
      return;
    }
    const row = sourceY * image.width;
    // Only the picture's own columns are ever written, so the black ones stay black from row to row.
    if (out.length > (to - from) * 3) {
      out.fill(0, 0, at);
      out.fill(0, at + (to - from) * 3);
    }
    out.set(image.data.subarray((row + from) * 3, (row + to) * 3), at);
  };
};

/** Calls `emit(y, row)` with every row of the crop resized to `width` x `height`, as 8-bit RGB. */
const eachResizedRow = (
  image: Image,
  p: AugmentParameters,
  width: number,
  height: number,
  emit: (y: number, row: Uint8Array) => void,
): void => {
  const read = cropReader(image, p);
  const samples = width * 3;
  const out = new Uint8Array(samples);
  if (p.width === 2 * width && p.height === 2 * height) {
    // OpenCV's special case: the rounded mean of 2 x 2.
    const [upper, lower] = [new Uint8Array(p.width * 3), new Uint8Array(p.width * 3)];
    for (let y = 0; y < height; y++) {
      read(2 * y, upper);
      read(2 * y + 1, lower);
      for (let x = 0, o = 0, a = 0; x < width; x++, a += 6) {
        for (let c = 0; c < 3; c++, o++) {
          out[o] = (upper[a + c] + upper[a + c + 3] + lower[a + c] + lower[a + c + 3] + 2) >> 2;
        }
      }
      emit(y, out);
    }
    return;
  }
  const columns = linearAxis(p.width, width, true);
  const rows = linearAxis(p.height, height, false);
  const crop = new Uint8Array(p.width * 3);
  const stretch = (y: number, to: Int16Array): void => {
    read(y, crop);
    stretchRow(crop, columns, to);
  };
  eachRowPair(rows, [new Int16Array(samples), new Int16Array(samples)], stretch, (y, upper, lower) => {
    blendRows(upper, lower, rows.weight0[y], rows.weight1[y], out);
    emit(y, out);
  });
};

type Tables = { readonly hue: Uint8Array; readonly saturation: Uint8Array; readonly exposure: Uint8Array };

const f32 = Math.fround;
const divisorShift = 12;
const half = 1 << (divisorShift - 1);

/** What the channel between the strongest and the weakest is of the value, by 8-bit saturation and hue. */
const slopes: Float32Array = Float32Array.from({ length: 256 * 256 }, (_, i) => {
  const s = byteShare[i >> 8];
  const f = hueFraction[i & 255];
  // Falling in odd sectors (q), rising in even ones (t).
  return (hueSector[i & 255] & 1) === 1 ? 1 - f32(s * f) : 1 - f32(s * f32(1 - f));
});
/** And what the weakest is, by saturation. */
const floors: Float32Array = Float32Array.from({ length: 256 }, (_, v) => 1 - byteShare[v]);

/**
 * One row through HSV and back, as 0..1 floats. `start` is where the row's first pixel goes and `step` the distance
 * to the next: -3 mirrors.
 */
const distortRow = (row: Uint8Array, tables: Tables, out: Float32Array, start: number, step: number): void => {
  const { hue, saturation, exposure } = tables;
  for (let i = 0, o = start; i < row.length; i += 3, o += step) {
    const r = row[i];
    const g = row[i + 1];
    const b = row[i + 2];
    const value = Math.max(r, g, b);
    const d = value - Math.min(r, g, b);
    const x = value === r ? g - b : value === g ? b - r + 2 * d : r - g + 4 * d;
    let h = (x * hueDivisor[d] + half) >> divisorShift;
    if (h < 0) h += 180;
    const turned = hue[h];
    const s = saturation[(d * saturationDivisor[value] + half) >> divisorShift];
    const exposed = exposure[value];
    const v = byteShare[exposed];
    const top = unitOf[exposed];
    const low = unitOf[(f32(f32(v * floors[s]) * 255) + roundingMagic - roundingMagic) | 0];
    const middle = unitOf[(f32(f32(v * slopes[(s << 8) | turned]) * 255) + roundingMagic - roundingMagic) | 0];
    const sector = hueSector[turned];
    if (sector < 2) {
      out[o] = sector === 0 ? top : middle;
      out[o + 1] = sector === 0 ? middle : top;
      out[o + 2] = low;
    } else if (sector < 4) {
      out[o] = low;
      out[o + 1] = sector === 2 ? top : middle;
      out[o + 2] = sector === 2 ? middle : top;
    } else {
      out[o] = sector === 4 ? middle : top;
      out[o + 1] = low;
      out[o + 2] = sector === 4 ? top : middle;
    }
  }
};

const tablesOf = (p: AugmentParameters, { hueOverflow = 'wrap' }: PixelOptions): Tables => ({
  hue: (hueOverflow === 'wrap' ? turnTable : addTable)(f32(fullHue * p.hue)),
  saturation: multiplyTable(p.saturation),
  exposure: multiplyTable(p.exposure),
});

/** `augmentInto` in plain TypeScript: the reference of the vector kernels, and what runs where SIMD is missing. */
export const augmentPlain = (
  image: Image,
  p: AugmentParameters,
  width: number,
  height: number,
  out: Float32Array,
  offset = 0,
  options: PixelOptions = {},
): void => {
  const tables = tablesOf(p, options);
  const step = p.flip ? -3 : 3;
  const first = p.flip ? (width - 1) * 3 : 0;
  eachResizedRow(image, p, width, height, (y, row) => {
    distortRow(row, tables, out, offset + y * width * 3 + first, step);
  });
};

/** Writes the augmented picture as `[height, width, 3]` floats 0..1 into `out` from `offset`. */
export const augmentInto: typeof augmentPlain = (image, p, width, height, out, offset = 0, options = {}) => {
  // The mean of 2 x 2 and factors below 0 have no kernel.
  const fits = !(p.width === 2 * width && p.height === 2 * height) && p.saturation >= 0 && p.exposure >= 0;
  const around = (options.hueOverflow ?? 'wrap') === 'wrap';
  if (fits && augmentVectors(image, p, width, height, f32(fullHue * p.hue), around, out, offset)) return;
  augmentPlain(image, p, width, height, out, offset, options);
};
