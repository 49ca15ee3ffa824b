import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goldenPath, readBytes, readF32, readJson, shared } from '../../../../test/shared.ts';
import { type Image, unitOf } from '../image/image.ts';
import { parseLabels } from '../labels/label.ts';
import { addTable, multiplyTable, turnTable } from '../opencv/arithmetic.ts';
import { cropZeroPad, flip } from '../opencv/geometry.ts';
import { fromHsvBytes, toHsvBytes } from '../opencv/hsv.ts';
import { resize } from '../opencv/resize.ts';
import { counterRandom } from '../random/counter.ts';
import { glibcRandom } from '../random/glibc.ts';
import { below } from '../random/random.ts';
import type { Raster } from '../raster/raster.ts';
import { shapesSample } from '../shapes/sample.ts';
import { augmentInto } from './opencv.ts';
import { type AugmentParameters, boxTransform, defaultRanges, drawParameters } from './parameters.ts';
import { shuffleLabels, truthFields, writeTruths } from './truth.ts';

/** The same augmentation, one named step after the other. */
const stepByStep = (
  source: Raster<Uint8Array>,
  p: AugmentParameters,
  w: number,
  h: number,
  hue: 'wrap' | 'saturate',
  order: 'rgb' | 'bgr' = 'rgb',
) => {
  const cropped = cropZeroPad(source, p.left, p.top, p.width, p.height);
  const resized = resize(cropped, w, h);
  const sized = p.flip ? flip(resized, 'horizontal') : resized;
  const before = toHsvBytes(sized, order);
  const tables = [
    (hue === 'wrap' ? turnTable : addTable)(Math.fround(179 * p.hue)),
    multiplyTable(p.saturation),
    multiplyTable(p.exposure),
  ];
  const after = { ...before, data: before.data.map((v, i) => tables[i % 3][v]) };
  return { cropped, sized, before, after, rgb: fromHsvBytes(after, 'rgb') };
};

const augmented = (
  image: Image,
  p: AugmentParameters,
  w: number,
  h: number,
  hue: 'wrap' | 'saturate',
): Float32Array => {
  const out = new Float32Array(w * h * 3);
  augmentInto(image, p, w, h, out, 0, { hueOverflow: hue });
  return out;
};

describe('augmentInto', () => {
  const size = fc.integer({ min: 1, max: 24 });
  const parameters = (w: number, h: number): fc.Arbitrary<AugmentParameters> =>
    fc
      .record({
        left: fc.integer({ min: -9, max: 9 }),
        top: fc.integer({ min: -9, max: 9 }),
        width: size,
        height: size,
        half: fc.boolean(),
      })
      .chain(({ left, top, width, height, half }) =>
        fc.record({
          left: fc.constant(left),
          top: fc.constant(top),
          width: fc.constant(half ? 2 * w : width),
          height: fc.constant(half ? 2 * h : height),
          flip: fc.boolean(),
          hue: fc.float({ min: Math.fround(-0.2), max: Math.fround(0.2), noNaN: true }),
          saturation: fc.float({ min: 0.5, max: 2, noNaN: true }),
          exposure: fc.float({ min: 0.5, max: 2, noNaN: true }),
        }),
      );

  it('equals crop, resize, mirror and HSV steps of opencv/, bit for bit', () => {
    fc.assert(
      fc.property(
        fc
          .tuple(size, size, size, size)
          .chain(([iw, ih, w, h]) =>
            fc
              .tuple(
                fc.uint8Array({ minLength: iw * ih * 3, maxLength: iw * ih * 3 }),
                parameters(w, h),
                fc.constantFrom('wrap' as const, 'saturate' as const),
              )
              .map(([data, p, hue]) => ({ image: { width: iw, height: ih, data }, p, w, h, hue })),
          ),
        ({ image, p, w, h, hue }) => {
          const { rgb } = stepByStep({ ...image, channels: 3 }, p, w, h, hue);
          expect(augmented(image, p, w, h, hue)).toEqual(Float32Array.from(rgb.data, (v) => unitOf[v]));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('moves boxes and pixels together: a drawn box is found where the truth says', () => {
    const white = { width: 80, height: 60, data: new Uint8Array(80 * 60 * 3) };
    const [x0, y0, x1, y1] = [20, 15, 50, 40];
    for (let y = y0; y < y1; y++) white.data.fill(255, (y * 80 + x0) * 3, (y * 80 + x1) * 3);
    const label = { classId: 2, x: (x0 + x1) / 2 / 80, y: (y0 + y1) / 2 / 60, w: (x1 - x0) / 80, h: (y1 - y0) / 60 };
    for (let i = 0; i < 200; i++) {
      const p = { ...drawParameters(counterRandom(1, i), 80, 60, defaultRanges), exposure: 1 };
      const [w, h] = [96, 64];
      const pixels = augmented(white, p, w, h, 'wrap');
      const row = new Float32Array(truthFields);
      expect(writeTruths([label], boxTransform(p, 80, 60), row, 0, 1)).toBe(1);
      const found = { left: w, right: 0, top: h, bottom: 0 };
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) {
          if (pixels[(y * w + x) * 3] < 0.5) continue;
          found.left = Math.min(found.left, x);
          found.right = Math.max(found.right, x + 1);
          found.top = Math.min(found.top, y);
          found.bottom = Math.max(found.bottom, y + 1);
        }
      }
      expect(Math.abs(found.left / w - (row[0] - row[2] / 2))).toBeLessThan(1.6 / w);
      expect(Math.abs(found.right / w - (row[0] + row[2] / 2))).toBeLessThan(1.6 / w);
      expect(Math.abs(found.top / h - (row[1] - row[3] / 2))).toBeLessThan(1.6 / h);
      expect(Math.abs(found.bottom / h - (row[1] + row[3] / 2))).toBeLessThan(1.6 / h);
    }
  });

  it('draws the same for the same random numbers', () => {
    const { image } = shapesSample(1, 1, 96);
    const once = () => augmented(image, drawParameters(counterRandom(3, 4), 96, 96, defaultRanges), 64, 64, 'wrap');
    expect(once()).toEqual(once());
  });

  it('gives the bytes it gave when it was last held against the goldens', () => {
    // Whole numbers only, so that the picture is the same everywhere.
    const data = Uint8Array.from({ length: 96 * 71 * 3 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
    const hash = createHash('sha256');
    for (let i = 0; i < 8; i++) {
      const p = drawParameters(glibcRandom(i), 96, 71, defaultRanges);
      hash.update(augmented({ width: 96, height: 71, data }, p, 64, 48, i % 2 ? 'wrap' : 'saturate'));
    }
    expect(hash.digest('hex')).toBe('418c52f47e115e0751522d444513d6eb020135bd61056712748c42f9cfd6aabc');
  });

  it('refuses a jitter that may leave nothing of the picture', () => {
    expect(() => drawParameters(counterRandom(1, 1), 10, 10, { ...defaultRanges, jitter: 0.5 })).toThrow(
      /jitter is 0.5/,
    );
  });
});

type Slice = { offset: number; bytes: number; shape: number[] };
type Case = {
  id: string;
  image: string;
  kind: 'fixed' | 'seeded';
  w: number;
  h: number;
  ow: number;
  oh: number;
  pleft: number;
  ptop: number;
  swidth: number;
  sheight: number;
  flip: number;
  dhue: number;
  dsat: number;
  dexp: number;
  dx: number;
  dy: number;
  sx: number;
  sy: number;
  srand: number;
  shuffle_seed: number;
  jitter: number;
  hue: number;
  saturation: number;
  exposure: number;
  rgb: Slice;
  rgb_scalar: Slice;
  stages?: { cropped_bgr: Slice; sized_flipped_bgr: Slice; hsv_before: Slice; hsv_after: Slice };
  truth: number[];
};
type Manifest = { cases: Case[]; max_boxes: number; images: Record<string, { size_wh: [number, number] }> };

describe.skipIf(!shared)('goldens/opencv/augment', () => {
  const folder = (name: string) => goldenPath('opencv/augment', name);
  const manifest = shared ? readJson<Manifest>(folder('cases.json')) : { cases: [], max_boxes: 0, images: {} };
  const all = shared ? readBytes(folder('data.bin.gz')) : new Uint8Array();
  const slice = ({ offset, bytes }: Slice) => all.subarray(offset, offset + bytes);

  it.each(manifest.cases)('$id', (c) => {
    const labels = parseLabels(readFileSync(folder(`${c.image}.labels.txt`), 'utf8'), c.image).labels;
    const given: AugmentParameters = {
      left: c.pleft,
      top: c.ptop,
      width: c.swidth,
      height: c.sheight,
      flip: c.flip === 1,
      hue: c.dhue,
      saturation: c.dsat,
      exposure: c.dexp,
    };
    let p = given;
    let random = glibcRandom(c.shuffle_seed);
    if (c.kind === 'seeded') {
      random = glibcRandom(c.srand);
      below(random, 1);
      const { jitter, hue, saturation, exposure } = c;
      p = drawParameters(random, c.ow, c.oh, { jitter, hue, saturation, exposure });
      for (const key of Object.keys(given) as (keyof AugmentParameters)[]) {
        if (key === 'flip') expect(p.flip).toBe(given.flip);
        else expect(p[key]).toBe(Math.fround(given[key]));
      }
    }
    const transform = boxTransform(p, c.ow, c.oh);
    expect([transform.scaleX, transform.scaleY, transform.offsetX, transform.offsetY]).toEqual(
      [1 / Math.fround(c.sx), 1 / Math.fround(c.sy), c.dx, c.dy].map(Math.fround),
    );
    const truth = new Float32Array(c.truth.length);
    writeTruths(shuffleLabels(random, labels), transform, truth, 0, manifest.max_boxes, { compat: true });
    truth.forEach((v, i) => {
      expect(Math.abs(v - c.truth[i])).toBeLessThan(1e-6);
    });

    const [width, height] = manifest.images[c.image].size_wh;
    const bgr = readBytes(folder(`${c.image}.bgr.u8.bin`));
    const steps = stepByStep({ width, height, channels: 3, data: bgr }, p, c.w, c.h, 'saturate', 'bgr');
    if (c.stages) {
      expect(Buffer.compare(steps.cropped.data, slice(c.stages.cropped_bgr))).toBe(0);
      expect(Buffer.compare(steps.sized.data, slice(c.stages.sized_flipped_bgr))).toBe(0);
      expect(Buffer.compare(steps.before.data, slice(c.stages.hsv_before))).toBe(0);
      expect(Buffer.compare(steps.after.data, slice(c.stages.hsv_after))).toBe(0);
    }
    const rgb = bgr.slice();
    for (let i = 0; i < rgb.length; i += 3) [rgb[i], rgb[i + 2]] = [bgr[i + 2], bgr[i]];
    const bytes = augmented({ width, height, data: rgb }, p, c.w, c.h, 'saturate').map((v) => Math.round(v * 255));
    const scalar = slice(c.rgb_scalar);
    const blocks = slice(c.rgb);
    const differences = bytes.map((v, i) => Math.abs(v - scalar[i]));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
    expect(Math.max(...bytes.map((v, i) => Math.abs(v - blocks[i])))).toBeLessThanOrEqual(1);
    const different = differences.reduce((n, d) => n + d, 0);
    expect(different / bytes.length).toBeLessThan(0.005);
  });
});

type OldCase = {
  kind: string;
  file: string;
  out_w: number;
  out_h: number;
  pleft: number;
  ptop: number;
  swidth: number;
  sheight: number;
  flip: number;
  dhue: number;
  dsat: number;
  dexp: number;
};

describe.skipIf(!shared)('goldens/augment', () => {
  const folder = (name: string) => goldenPath('augment', name);
  const cases = shared ? readJson<{ cases: OldCase[] }>(folder('manifest.json')).cases : [];

  it.each(cases.filter((c) => c.kind === 'opencv'))('$file', (c) => {
    const image = { width: 80, height: 60, data: readBytes(folder('source_rgb_u8.bin')) };
    const p = {
      left: c.pleft,
      top: c.ptop,
      width: c.swidth,
      height: c.sheight,
      flip: c.flip === 1,
      hue: c.dhue,
      saturation: c.dsat,
      exposure: c.dexp,
    };
    const pixels = augmented(image, p, c.out_w, c.out_h, 'saturate');
    const planar = readF32(folder(c.file));
    const plane = c.out_w * c.out_h;
    const differences = pixels.map((v, i) => Math.abs(v - planar[(i % 3) * plane + Math.trunc(i / 3)]));
    expect(Math.max(...differences)).toBeLessThan(1 / 255 + 1e-6);
  });
});
