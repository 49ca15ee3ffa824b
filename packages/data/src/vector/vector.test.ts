import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gaussianBlur, gaussianBlurPlain } from '../opencv/blur.ts';
import { type Border, borderPosition, cropZeroPad, flip, pad } from '../opencv/geometry.ts';
import {
  fromHsvBytes,
  fromHsvBytesPlain,
  fromHsvFloats,
  fromHsvFloatsPlain,
  toHsvBytes,
  toHsvBytesPlain,
} from '../opencv/hsv.ts';
import { warpPerspective, warpPerspectiveBy } from '../opencv/perspective.ts';
import { plainSampler } from '../opencv/remap.ts';
import { type Interpolation, resize, resizePlain } from '../opencv/resize.ts';
import { warpAffine, warpAffineBy } from '../opencv/warp.ts';
import { areaAxis } from '../raster/area.ts';
import { linearAxis } from '../raster/linear.ts';
import type { Raster, Samples } from '../raster/raster.ts';
import { coverVectors } from './area.ts';
import { blurVectors } from './blur.ts';
import { convertVectors } from './colour.ts';
import { convertFloatVectors } from './colour-floats.ts';
import { interpolateVectors } from './linear.ts';
import { interpolateFloatVectors } from './linear-floats.ts';
import { vectorRemap } from './remap.ts';
import { weighVectors } from './weigh.ts';

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

const noiseBytes = (width: number, height: number, channels: number, seed: number): Raster<Uint8Array> =>
  noise(width, height, channels, seed) as Raster<Uint8Array>;

const noiseFloats = (width: number, height: number, channels: number, seed: number): Raster<Float32Array> =>
  noise(width, height, channels, seed, true) as Raster<Float32Array>;

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

  it('HSV of bytes', () => {
    const random = noiseBytes(601, 333, 3, 3);
    /** Every hue a byte can hold with a grid of the rest. */
    const grid = {
      width: 256,
      height: 52 * 52,
      channels: 3,
      data: Uint8Array.from({ length: 256 * 52 * 52 * 3 }, (_, i) => {
        const pixel = Math.trunc(i / 3);
        return [pixel & 255, 5 * ((pixel >> 8) % 52), 5 * Math.trunc((pixel >> 8) / 52)][i % 3];
      }),
    };
    for (const order of ['rgb', 'bgr'] as const) {
      for (const source of [random, grid, noiseBytes(1, 1, 3, 9), noiseBytes(7, 3, 3, 8)]) {
        expectSame(toHsvBytes(source, order), toHsvBytesPlain(source, order));
        expectSame(fromHsvBytes(source, order), fromHsvBytesPlain(source, order));
      }
    }
  });

  it('HSV of floats', () => {
    fc.assert(
      fc.property(fc.tuple(side, side, fc.nat()), ([w, h, seed]) => {
        const source = noiseFloats(w, h, 3, seed);
        /** Hues of -1080 to 2160 degrees. */
        const turned = { ...source, data: source.data.map((v, i) => (i % 3 === 0 ? v * 1080 : v)) };
        for (const order of ['rgb', 'bgr'] as const) {
          expectSame(fromHsvFloats(turned, order), fromHsvFloatsPlain(turned, order));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('blur', () => {
    fc.assert(
      fc.property(
        fc.tuple(
          side,
          side,
          channels,
          fc.nat(),
          fc.boolean(),
          fc.constantFrom(1, 3, 5, 7, 11),
          fc.constantFrom(0, 1.2),
        ),
        ([w, h, n, seed, floats, size, sigma]) => {
          const source = noise(w, h, n, seed, floats);
          expectSame(gaussianBlur(source, size, sigma), gaussianBlurPlain(source, size, sigma));
        },
      ),
      { numRuns: 300 },
    );
    const white = { width: 40, height: 30, channels: 3, data: new Uint8Array(3600).fill(255) };
    expectSame(gaussianBlur(white, 5), white);
  });

  it('warps', () => {
    const factor = fc.double({ min: -2, max: 2, noNaN: true });
    const move = fc.double({ min: -80, max: 80, noNaN: true });
    const tilt = fc.double({ min: -0.02, max: 0.02, noNaN: true });
    fc.assert(
      fc.property(
        fc.tuple(side, side, side, side, channels, fc.nat(), fc.boolean()),
        fc.tuple(factor, factor, move, factor, factor, move, tilt, tilt),
        ([w, h, tw, th, n, seed, floats], [a, b, c, d, e, f, g, i]) => {
          const source = noise(w, h, n, seed, floats);
          const affine = [
            [a, b, c],
            [d, e, f],
          ] as const;
          expectSame(warpAffine(source, affine, tw, th), warpAffineBy(plainSampler, source, affine, tw, th));
          const homography = [...affine, [g, i, 1]] as const;
          expectSame(
            warpPerspective(source, homography, tw, th),
            warpPerspectiveBy(plainSampler, source, homography, tw, th),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it('and they are what runs here', () => {
    const source = noiseBytes(20, 20, 3, 1);
    const out = { ...source, data: new Uint8Array(1200) };
    const [columns, rows] = [linearAxis(20, 20, true), linearAxis(20, 20, false)];
    expect(interpolateVectors(source, out, columns, rows)).toBe(true);
    const floats = { ...source, data: new Float32Array(1200) };
    expect(interpolateFloatVectors(floats, { ...floats }, columns, rows)).toBe(true);
    expect(weighVectors(source, out, Float32Array.of(1), (i) => i)).toBe(true);
    expect(coverVectors(source, out, areaAxis(20, 20), areaAxis(20, 20))).toBe(true);
    expect(vectorRemap(source, out)).toBeDefined();
    expect(convertFloatVectors(floats.data, new Float32Array(1200), 'hsv to rgb')).toBe(true);
    expect(convertVectors(source.data, out.data, 'rgb to hsv')).toBe(true);
    expect(blurVectors(source, out.data, 5, (i, n) => borderPosition(i, n, 'reflect101'))).toBe(true);
  });
});

describe('rows that are copied whole', () => {
  const pixel = ({ width, channels, data }: Raster, x: number, y: number): readonly number[] => [
    ...data.subarray((y * width + x) * channels, (y * width + x + 1) * channels),
  ];

  it('borders hold what the rule says, pixel by pixel', () => {
    const edge = fc.integer({ min: 0, max: 9 });
    const border = fc.constantFrom<Border>('replicate', 'reflect101', [7, 8, 9, 10]);
    const small = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(
        fc.tuple(small, small, channels, fc.nat(), fc.boolean(), border),
        fc.record({ top: edge, bottom: edge, left: edge, right: edge }),
        ([w, h, n, seed, floats, border], edges) => {
          const source = noise(w, h, n, seed, floats);
          const out = pad(source, edges, border);
          for (let y = 0; y < out.height; y++) {
            for (let x = 0; x < out.width; x++) {
              const [sx, sy] = [x - edges.left, y - edges.top];
              const inside = sx >= 0 && sx < w && sy >= 0 && sy < h;
              const expected =
                inside || typeof border === 'string'
                  ? pixel(
                      source,
                      borderPosition(sx, w, typeof border === 'string' ? border : 'replicate'),
                      borderPosition(sy, h, typeof border === 'string' ? border : 'replicate'),
                    )
                  : border.slice(0, n);
              expect(pixel(out, x, y)).toEqual(expected);
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('mirrors are their own inverse and put each pixel in its place', () => {
    fc.assert(
      fc.property(fc.tuple(side, side, channels, fc.nat(), fc.boolean()), ([w, h, n, seed, floats]) => {
        const source = noise(w, h, n, seed, floats);
        for (const axis of ['horizontal', 'vertical', 'both'] as const) {
          const mirrored = flip(source, axis);
          expectSame(flip(mirrored, axis), source);
          const [x, y] = [seed % w, (seed >> 8) % h];
          const at = [axis === 'vertical' ? x : w - 1 - x, axis === 'horizontal' ? y : h - 1 - y];
          expect(pixel(mirrored, at[0], at[1])).toEqual(pixel(source, x, y));
        }
        expectSame(cropZeroPad(pad(source, { top: 2, bottom: 1, left: 3, right: 4 }, 'replicate'), 3, 2, w, h), source);
      }),
      { numRuns: 100 },
    );
  });
});
