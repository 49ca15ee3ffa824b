import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { goldenPath, readBytes, readF32, readJson, shared } from '../../../../test/shared.ts';
import { decodeImage } from './decode.ts';
import type { FloatImage, Image } from './image.ts';
import { toBytes, toFloat } from './image.ts';
import { letterbox, letterboxFrame } from './letterbox.ts';
import { resizeFloat } from './resize.ts';

const interleave = (planar: Float32Array, width: number, height: number): Float32Array => {
  const plane = width * height;
  return Float32Array.from({ length: plane * 3 }, (_, i) => planar[(i % 3) * plane + Math.trunc(i / 3)]);
};

const worst = (a: Float32Array, b: Float32Array): number => {
  expect(a.length).toBe(b.length);
  return a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i])), 0);
};

const imageOf = (width: number, height: number, value: (x: number, y: number, c: number) => number): Image => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    value(Math.trunc(i / 3) % width, Math.trunc(i / 3 / width), i % 3),
  ),
});

describe('resizeFloat', () => {
  it('keeps the corners and the identity', () => {
    const image = imageOf(7, 5, (x, y, c) => x * 20 + y * 10 + c);
    expect(resizeFloat(image, 7, 5).data).toEqual(toFloat(image).data);
    const { data } = resizeFloat(image, 13, 11);
    expect(data[0]).toBeCloseTo(0, 7);
    expect(data[data.length - 3]).toBeCloseTo((6 * 20 + 4 * 10) / 255, 6);
  });

  it('stays within the range of its source for any sizes, the last row included', () => {
    const size = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(size, size, size, size, (sw, sh, w, h) => {
        const image = imageOf(sw, sh, (x, y) => 100 + ((x * 7 + y * 13) % 50));
        const { data } = resizeFloat(image, w, h);
        expect(Math.min(...data)).toBeGreaterThan(99.9 / 255);
        expect(Math.max(...data)).toBeLessThan(149.1 / 255);
      }),
      { numRuns: 300 },
    );
  });

  it('has the dark last row of 640x427 -> 608 only when asked', () => {
    const white = imageOf(640, 427, () => 255);
    const bottom = (darkLastRow: boolean) => letterbox(white, 608, 608, { darkLastRow });
    const { frame, data } = bottom(false);
    const lastRow = ((frame.top + frame.innerHeight - 1) * 608 + 300) * 3;
    expect(frame.innerHeight).toBe(405);
    expect(data[lastRow]).toBe(1);
    expect(bottom(true).data[lastRow]).toBeLessThan(1e-3);
  });

  it('turns to bytes and back', () => {
    const image = imageOf(9, 4, (x, y, c) => (x * 31 + y * 17 + c * 5) % 256);
    expect(toBytes(toFloat(image))).toEqual(image);
  });
});

describe('letterboxFrame', () => {
  it('fits the longer side and centres the other', () => {
    expect(letterboxFrame(640, 427, 608, 608)).toMatchObject({ left: 0, top: 101, innerWidth: 608, innerHeight: 405 });
    expect(letterboxFrame(100, 200, 64, 64)).toMatchObject({ left: 16, top: 0, innerWidth: 32, innerHeight: 64 });
  });

  it('never makes a side vanish', () => {
    expect(letterboxFrame(10000, 3, 32, 32).innerHeight).toBe(1);
  });
});

type Case = {
  crop: { file: string; shape: number[] };
  target_w: number;
  target_h: number;
  resize: { file: string };
  letterbox: { file: string };
};

describe.skipIf(!shared)('goldens/resize', () => {
  const manifest = shared ? readJson<Record<string, Case>>(goldenPath('resize/manifest.json')) : {};
  it.each(Object.entries(manifest).filter(([, c]) => c.crop))('%s', (_, c) => {
    const [, height, width] = c.crop.shape;
    const source: FloatImage = {
      width,
      height,
      data: interleave(readF32(goldenPath('resize', c.crop.file)), width, height),
    };
    const planar = (file: string) => interleave(readF32(goldenPath('resize', file)), c.target_w, c.target_h);
    const options = { darkLastRow: true };
    expect(worst(resizeFloat(source, c.target_w, c.target_h, options).data, planar(c.resize.file))).toBeLessThan(2e-6);
    expect(worst(letterbox(source, c.target_w, c.target_h, options).data, planar(c.letterbox.file))).toBeLessThan(2e-6);
  });
});

type BuiltinCase = {
  fn: 'resize_image' | 'letterbox_image';
  image: string;
  w: number;
  h: number;
  defect?: unknown;
  data: { offset: number; bytes: number };
  new_w: number;
  new_h: number;
  off_x: number;
  off_y: number;
};

describe.skipIf(!shared)('goldens/opencv/builtin', () => {
  const cases = shared ? readJson<{ cases: BuiltinCase[] }>(goldenPath('opencv/builtin/cases.json')).cases : [];
  const all = shared ? readBytes(goldenPath('opencv/builtin/data.bin.gz')) : new Uint8Array();

  it.each(cases)('$fn $image $w x $h', async (c) => {
    const source = await decodeImage(goldenPath('opencv/augment', `${c.image}.png`))();
    if (E.isLeft(source)) throw new Error('the source image did not decode');
    const bytes = all.slice(c.data.offset, c.data.offset + c.data.bytes);
    const expected = interleave(new Float32Array(bytes.buffer), c.w, c.h);
    const options = { darkLastRow: true };
    if (c.fn === 'resize_image') {
      expect(worst(resizeFloat(source.right, c.w, c.h, options).data, expected)).toBeLessThan(1e-6);
    } else {
      const { frame, data } = letterbox(source.right, c.w, c.h, options);
      expect([frame.innerWidth, frame.innerHeight, frame.left, frame.top]).toEqual([
        c.new_w,
        c.new_h,
        c.off_x,
        c.off_y,
      ]);
      expect(worst(data, expected)).toBeLessThan(1e-6);
      const corrected = letterbox(source.right, c.w, c.h).data;
      // Bar the last row of the picture, the correction changes nothing.
      const from = (frame.top + frame.innerHeight - 1) * c.w * 3;
      expect(worst(corrected.subarray(0, from), expected.subarray(0, from))).toBeLessThan(1e-6);
      if (c.defect === undefined) expect(worst(corrected, expected)).toBeLessThan(5e-5);
    }
  });
});

describe.skipIf(!shared)('goldens/detect', () => {
  it.each([
    ['yolo-fastest-1.1_dog_0.5.json', 'dog', 320, 320],
    ['yolo-fastest-1.1_person_0.5.json', 'person', 320, 320],
    ['tiny_like_dog_0.5.json', 'dog', 80, 48],
    ['tiny_like_person_0.5.json', 'person', 80, 48],
  ])('%s: the sum of the network input', async (file, image, width, height) => {
    const source = await decodeImage(goldenPath('detect', `${image}.decoded.png`))();
    if (E.isLeft(source)) throw new Error('the source image did not decode');
    const sum = letterbox(source.right, width, height, { darkLastRow: true }).data.reduce((a, b) => a + b, 0);
    const { letterbox_sum: expected } = readJson<{ letterbox_sum: number }>(goldenPath('detect', file));
    expect(Math.abs(sum / expected - 1)).toBeLessThan(1e-8);
  });
});
