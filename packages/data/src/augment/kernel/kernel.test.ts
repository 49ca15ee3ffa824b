import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hueDivisor, saturationDivisor } from '../../opencv/hsv.ts';
import { roundHalfEven } from '../../raster/raster.ts';
import { augmentPlain } from '../opencv.ts';
import type { AugmentParameters } from '../parameters.ts';
import { augmentVectors } from './arena.ts';
import { shareHigh, shareLow } from './code.ts';

const f32 = Math.fround;

/** Bytes without a pattern, the same for the same seed. */
const noise = (length: number, seed: number): Uint8Array => {
  let state = seed >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
};

const both = (w: number, h: number, seed: number, p: AugmentParameters, tw: number, th: number, wrap: boolean) => {
  const image = { width: w, height: h, data: noise(w * h * 3, seed) };
  // A guard before and behind: nothing else is written.
  const [plain, vectors] = [0, 1].map(() => new Float32Array(tw * th * 3 + 8).fill(7));
  augmentPlain(image, p, tw, th, plain, 3, { hueOverflow: wrap ? 'wrap' : 'saturate' });
  expect(augmentVectors(image, p, tw, th, f32(179 * p.hue), wrap, vectors, 3)).toBe(true);
  return { plain, vectors };
};

describe('the vector kernels', () => {
  it('give the plain form, bit for bit, at odd sizes, crops over every edge and both hue rules', () => {
    const side = fc.integer({ min: 1, max: 67 });
    const span = fc.integer({ min: -40, max: 70 });
    const factor = fc.float({ min: 0, max: 3, noNaN: true });
    fc.assert(
      fc.property(
        fc.tuple(side, side, side, side, fc.nat(), fc.boolean()),
        fc.record({
          left: span,
          top: span,
          width: side,
          height: side,
          flip: fc.boolean(),
          hue: fc.float({ min: -2, max: 2, noNaN: true }),
          saturation: factor,
          exposure: factor,
        }),
        ([w, h, tw, th, seed, wrap], p) => {
          fc.pre(p.width !== 2 * tw || p.height !== 2 * th);
          const { plain, vectors } = both(w, h, seed, p, tw, th, wrap);
          expect(Buffer.compare(Buffer.from(vectors.buffer), Buffer.from(plain.buffer))).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('give it for half a million colours, in an arena that grows', () => {
    const p = { left: 0, top: 0, width: 801, height: 653, flip: false, hue: 0.07, saturation: 1.3, exposure: 0.8 };
    const { plain, vectors } = both(801, 653, 5, p, 801, 653, true);
    expect(Buffer.compare(Buffer.from(vectors.buffer), Buffer.from(plain.buffer))).toBe(0);
  });

  it('stand on divisions and products that round as the tables do', () => {
    for (let b = 0; b < 256; b++) {
      expect(f32(f32(b * shareHigh) + f32(b * shareLow))).toBe(f32(b / 255));
      expect(b * shareHigh).toBe(f32(b * shareHigh));
      if (b > 0) expect(roundHalfEven(f32(122880 / b))).toBe(hueDivisor[b]);
      if (b > 0) expect(roundHalfEven(f32(1044480 / b))).toBe(saturationDivisor[b]);
    }
  });
});
