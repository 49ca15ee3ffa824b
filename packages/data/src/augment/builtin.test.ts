import { describe, expect, it } from 'vitest';
import { goldenPath, readBytes, readF32, readJson, shared } from '../../../../test/shared.ts';
import { counterRandom } from '../random/counter.ts';
import { drawPlacement, placeInto, placementTransform } from './builtin.ts';
import { defaultRanges } from './parameters.ts';
import { truthFields, writeTruths } from './truth.ts';

type Case = {
  kind: string;
  file: string;
  out_w: number;
  out_h: number;
  nw: number;
  nh: number;
  dx: number;
  dy: number;
  flip: number;
  dhue: number;
  dsat: number;
  dexp: number;
};

describe.skipIf(!shared)('goldens/augment, built-in path', () => {
  const folder = (name: string) => goldenPath('augment', name);
  const cases = shared ? readJson<{ cases: Case[] }>(folder('manifest.json')).cases : [];

  it.each(cases.filter((c) => c.kind === 'builtin'))('$file', (c) => {
    const image = { width: 80, height: 60, data: readBytes(folder('source_rgb_u8.bin')) };
    const p = {
      left: c.dx,
      top: c.dy,
      width: c.nw,
      height: c.nh,
      flip: c.flip === 1,
      hue: c.dhue,
      saturation: c.dsat,
      exposure: c.dexp,
    };
    const out = new Float32Array(c.out_w * c.out_h * 3);
    placeInto(image, p, c.out_w, c.out_h, out);
    const planar = readF32(folder(c.file));
    const plane = c.out_w * c.out_h;
    const worst = Math.max(...out.map((v, i) => Math.abs(v - planar[(i % 3) * plane + Math.trunc(i / 3)])));
    expect(worst).toBeLessThan(2e-6);
  });
});

describe('drawPlacement', () => {
  it('keeps the whole picture on a square canvas, and boxes go where it goes', () => {
    for (let i = 0; i < 300; i++) {
      const p = drawPlacement(counterRandom(2, i), 90, 60, 64, 64, defaultRanges);
      expect(p.left).toBeGreaterThanOrEqual(0);
      expect(p.top).toBeGreaterThanOrEqual(0);
      const row = new Float32Array(truthFields);
      const whole = { classId: 1, x: 0.5, y: 0.5, w: 1, h: 1 };
      writeTruths([whole], placementTransform({ ...p, flip: false }, 64, 64), row, 0, 1);
      expect(p.left + p.width).toBeLessThanOrEqual(64 + 1e-4);
      expect(p.top + p.height).toBeLessThanOrEqual(64 + 1e-4);
      expect(row[0] * 64).toBeCloseTo(p.left + p.width / 2, 4);
      expect(row[3] * 64).toBeCloseTo(p.height, 4);
    }
  });
});
