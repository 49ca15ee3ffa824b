import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goldenPath, readBytes, readJson, shared } from '../../../../test/shared.ts';
import type { Raster } from '../raster/raster.ts';
import { fixture } from '../testing/fixture.ts';
import { addTable, multiplyTable, turnTable } from './arithmetic.ts';
import { gaussianBlur } from './blur.ts';
import { cropZeroPad, flip, pad } from './geometry.ts';
import { fromHsvBytes, fromHsvFloats, toHsvBytes, toHsvFloats } from './hsv.ts';
import { type Interpolation, resize } from './resize.ts';
import { type Affine, warpAffine } from './warp.ts';

type Slice = { offset: number; bytes: number; base64?: string; dtype: 'uint8' | 'float32'; shape: number[] };
type Params = {
  interpolation: string;
  w: number;
  h: number;
  code: string;
  axis: 'horizontal' | 'vertical' | 'both';
  top: number;
  bottom: number;
  left: number;
  right: number;
  border: string;
  value: number[] | null;
  ksize: number;
  sigma: number;
  M: Affine;
};
type Case = { id: string; fn: string; params: Params; input: Slice; output: Slice; tolerance: { abs: number } };

const cases = shared ? readJson<{ cases: Case[] }>(goldenPath('opencv/ops.json')).cases : [];
const all = shared ? readBytes(goldenPath('opencv/ops.bin')) : new Uint8Array();

const raster = ({ offset, bytes, base64, dtype, shape }: Slice): Raster => {
  const slice =
    base64 === undefined ? all.slice(offset, offset + bytes) : new Uint8Array(Buffer.from(base64, 'base64'));
  const data = dtype === 'uint8' ? slice : new Float32Array(slice.buffer);
  return { height: shape[0], width: shape[1], channels: shape[2] ?? 1, data };
};

const bytesOf = (r: Raster): Raster<Uint8Array> => r as Raster<Uint8Array>;
const floatsOf = (r: Raster): Raster<Float32Array> => r as Raster<Float32Array>;

const convert = (source: Raster, code: string): Raster => {
  const bytes = source.data instanceof Uint8Array;
  const order = code.includes('BGR') ? 'bgr' : 'rgb';
  if (code.endsWith('HSV')) return bytes ? toHsvBytes(bytesOf(source), order) : toHsvFloats(floatsOf(source), order);
  return bytes ? fromHsvBytes(bytesOf(source), order) : fromHsvFloats(floatsOf(source), order);
};

const borders: Record<string, 'replicate' | 'reflect101'> = { REPLICATE: 'replicate', REFLECT_101: 'reflect101' };

const run: Record<string, (source: Raster, p: Params) => Raster> = {
  resize: (source, p) => resize(source, p.w, p.h, p.interpolation.toLowerCase() as Interpolation),
  cvtColor: (source, p) => convert(source, p.code),
  flip: (source, p) => flip(source, p.axis),
  copyMakeBorder: (source, p) => pad(source, p, borders[p.border] ?? p.value ?? []),
  GaussianBlur: (source, p) => gaussianBlur(source, p.ksize, p.sigma),
  warpAffine: (source, p) => warpAffine(source, p.M, p.w, p.h),
  cropZeroPad: (source, p) => cropZeroPad(source, p.left, p.top, p.w, p.h),
};

/** SPEC-AUGMENT 3 and 5: what the text says is exact is held to it. */
const toleranceOf = (c: Case): number => {
  if (c.input.dtype === 'float32') return c.tolerance.abs;
  if (c.fn === 'cvtColor' && c.params.code.startsWith('HSV')) return 1;
  if (c.fn === 'GaussianBlur' && c.params.sigma > 0) return 1;
  return 0;
};

const worstDifference = (c: Case): number => {
  const [ours, theirs] = [run[c.fn](raster(c.input), c.params), raster(c.output)];
  expect([ours.width, ours.height, ours.channels]).toEqual([theirs.width, theirs.height, theirs.channels]);
  const hueInDegrees = c.fn === 'cvtColor' && c.params.code.endsWith('HSV') && c.input.dtype === 'float32';
  let worst = 0;
  for (const [i, v] of ours.data.entries()) {
    const d = Math.abs(v - theirs.data[i]);
    worst = Math.max(worst, hueInDegrees && i % 3 === 0 ? Math.min(d, 360 - d) : d);
  }
  return worst;
};

const holdsTo = (c: Case) => expect(worstDifference(c)).toBeLessThanOrEqual(toleranceOf(c));

describe('figures of OpenCV kept here', () => {
  it.each(fixture<{ cases: Case[] }>('opencv_ops.json').cases)('$id $fn $params', holdsTo);
});

describe.skipIf(!shared)('goldens/opencv/ops', () => {
  it.each(cases)('$id $fn $params', holdsTo);
});

type Table = { op: 'mul' | 'add' | 'hue'; value: number; lut: number[] };

describe('saturating arithmetic against OpenCV', () => {
  const tables = fixture<{ cases: Table[] }>('u8ops.json').cases;
  it.each(tables)('$op $value', ({ op, value, lut }) => {
    expect([...(op === 'mul' ? multiplyTable : addTable)(value)]).toEqual(lut);
  });
});

describe('8-bit hue', () => {
  it('goes round the circle', () => {
    const table = turnTable(-17.9);
    expect([table[0], table[17], table[18], table[179]]).toEqual([162, 179, 0, 161]);
    expect(turnTable(17.9)[170]).toBe(8);
  });

  it('grey stays grey and colours come back within the steps of 8-bit HSV', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 3, maxLength: 3 }), (data) => {
        const one = { width: 1, height: 1, channels: 3, data };
        const again = fromHsvBytes(toHsvBytes(one, 'rgb'), 'rgb').data;
        const spread = Math.max(...data) - Math.min(...data);
        data.forEach((v, c) => {
          expect(Math.abs(v - again[c])).toBeLessThanOrEqual(spread === 0 ? 0 : 6);
        });
      }),
      { numRuns: 3000 },
    );
  });
});

const picture = fc
  .record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }) })
  .chain(({ width, height }) =>
    fc
      .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
      .map((data): Raster<Uint8Array> => ({ width, height, channels: 3, data })),
  );

describe('laws', () => {
  it('mirroring twice, cropping all and resizing to the same size change nothing', () => {
    fc.assert(
      fc.property(picture, fc.constantFrom('horizontal', 'vertical', 'both'), (source, axis) => {
        expect(flip(flip(source, axis), axis)).toEqual(source);
        expect(cropZeroPad(source, 0, 0, source.width, source.height)).toEqual(source);
        for (const method of ['nearest', 'linear', 'area'] as const) {
          expect(resize(source, source.width, source.height, method)).toEqual(source);
        }
      }),
    );
  });

  it('padding and cropping it away is the identity', () => {
    const side = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(
        picture,
        side,
        side,
        fc.constantFrom('replicate' as const, 'reflect101' as const, [9, 9, 9]),
        (source, a, b, border) => {
          const padded = pad(source, { top: a, bottom: b, left: b, right: a }, border);
          expect(cropZeroPad(padded, b, a, source.width, source.height)).toEqual(source);
        },
      ),
    );
  });

  it('a warp by whole pixels is a crop, and one by nothing the identity', () => {
    const shift = fc.integer({ min: -6, max: 6 });
    fc.assert(
      fc.property(picture, shift, shift, (source, dx, dy) => {
        const move: Affine = [
          [1, 0, -dx],
          [0, 1, -dy],
        ];
        expect(warpAffine(source, move, 9, 8)).toEqual(cropZeroPad(source, dx, dy, 9, 8));
      }),
    );
  });

  it('a flat picture stays flat at any size', () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(
        size,
        size,
        size,
        size,
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom('nearest', 'linear', 'area'),
        (sw, sh, w, h, v, method) => {
          const source = { width: sw, height: sh, channels: 1, data: new Uint8Array(sw * sh).fill(v) };
          for (const out of resize(source, w, h, method).data)
            expect(Math.abs(out - v)).toBeLessThanOrEqual(method === 'linear' ? 0 : 1);
        },
      ),
      { numRuns: 500 },
    );
  });
});
