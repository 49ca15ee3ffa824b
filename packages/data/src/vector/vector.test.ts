import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Raster, Samples } from '../opencv/raster.ts';
import { type Interpolation, resize, resizePlain } from '../opencv/resize.ts';

/** Samples without a pattern, the same for the same seed; bytes, or floats -1..2. */
const noise = (width: number, height: number, channels: number, seed: number, floats = false): Raster => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  const length = width * height * channels;
  const data = floats
    ? Float32Array.from({ length }, () => (next() / 255) * 3 - 1)
    : Uint8Array.from({ length }, () => next());
  return { width, height, channels, data };
};

const bytesOf = (data: Samples): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

const expectSame = (found: Raster, expected: Raster): void => {
  expect([found.width, found.height, found.channels]).toEqual([expected.width, expected.height, expected.channels]);
  expect(found.data.constructor).toBe(expected.data.constructor);
  expect(Buffer.compare(bytesOf(found.data), bytesOf(expected.data))).toBe(0);
};

const side = fc.integer({ min: 1, max: 70 });
const channels = fc.constantFrom(1, 2, 3, 4);

describe('vectors give what plain code gives, bit for bit', () => {
  it('resize', () => {
    const methods: readonly Interpolation[] = ['linear', 'area', 'nearest'];
    fc.assert(
      fc.property(
        fc.tuple(side, side, side, side, channels, fc.nat(), fc.boolean(), fc.constantFrom(...methods)),
        ([w, h, tw, th, n, seed, floats, method]) => {
          const source = noise(w, h, n, seed, floats);
          expectSame(resize(source, tw, th, method), resizePlain(source, tw, th, method));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('resize of larger pictures', () => {
    const source = noise(643, 481, 3, 7);
    for (const method of ['linear', 'area'] as const) {
      expectSame(resize(source, 416, 312, method), resizePlain(source, 416, 312, method));
      expectSame(resize(source, 801, 700, method), resizePlain(source, 801, 700, method));
    }
  });
});
