/** OpenCV's saturating arithmetic on bytes with a number, as 256-entry tables (SPEC-AUGMENT 4). */
import { roundHalfEven, saturate } from '../raster/raster.ts';

const table = (f: (v: number) => number): Uint8Array => Uint8Array.from({ length: 256 }, (_, v) => saturate(f(v)));

/** `v * s` in float32, halves to even, clamped to 0..255. */
export const multiplyTable = (s: number): Uint8Array => {
  const factor = Math.fround(s);
  return table((v) => roundHalfEven(Math.fround(v * factor)));
};

/** `v + s` with s rounded first, halves to even, clamped to 0..255. */
export const addTable = (s: number): Uint8Array => {
  const shift = roundHalfEven(s);
  return table((v) => v + shift);
};

const hueValues = 180;

/** A shift of 8-bit hue that goes round the circle of 180 (the original saturates at 0, D-10: `addTable`). */
export const turnTable = (s: number): Uint8Array => {
  const shift = roundHalfEven(s);
  return table((v) => (((v + shift) % hueValues) + hueValues) % hueValues);
};
