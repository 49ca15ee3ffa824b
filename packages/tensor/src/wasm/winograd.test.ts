import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../device.ts';
import { conv2d, openDevice, read } from '../index.ts';
import { noise } from '../testing/cases.ts';
import { openWasm } from './device.ts';
import { chooseWinograd } from './winograd.ts';

/** Shapes, and the tiles that they should be computed in. */
const cases = [
  { n: 1, h: 52, w: 52, c: 64, out: 128, m: 4 },
  { n: 1, h: 17, w: 23, c: 32, out: 40, m: 4 },
  { n: 16, h: 2, w: 2, c: 128, out: 128, m: 2 },
] as const;

describe.each([true, false])('with 256-bit vectors where there are any: %s', (wide) => {
  let reference: Device;
  let devices: Device[];
  beforeAll(async () => {
    reference = await openDevice('reference');
    devices = [await openWasm({ threads: 1, wide }), await openWasm({ threads: 3, wide })];
  });
  afterAll(async () => {
    for (const device of devices) await device.close();
  });

  it.each(cases)(
    '$h x $w x $c to $out in tiles of $m x $m agrees with the plain sum',
    async ({ n, h, w, c, out, m }) => {
      const g = { n, h, w, c, ci: c, kh: 3, kw: 3, sh: 1, sw: 1, pt: 1, pl: 1, oh: h, ow: w };
      expect(chooseWinograd(g, 1, out, { rows: 6, columns: 16, fused: true }, true)?.m).toBe(m);
      const result = conv2d(noise([out, 3, 3, c], 2), { padding: 1 })(noise([n, h, w, c], 1));
      const expected = await read(reference, result);
      const [one, three] = await Promise.all(devices.map((device) => read(device, result)));
      let [largest, worst] = [0, 0];
      for (let i = 0; i < expected.length; i++) {
        largest = Math.max(largest, Math.abs(expected[i]));
        worst = Math.max(worst, Math.abs(one[i] - expected[i]));
      }
      expect(worst / largest).toBeLessThan(1e-5);
      expect(three).toEqual(one);
    },
  );
});
