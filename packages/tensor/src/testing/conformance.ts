/** One suite for every device, as tests. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../device.ts';
import * as T from '../index.ts';
import type { Tensor } from '../tensor.ts';
import { type ConformanceOptions, cases, difference, failureOf, noise } from './cases.ts';

export const conformance = (
  name: string,
  open: () => Promise<Device>,
  { factor = 1, denormals = true, only = /(?:)/ }: ConformanceOptions = {},
): void => {
  describe(`${name} conforms to the reference`, () => {
    let device: Device;
    const oracle = T.openReference();
    beforeAll(async () => {
      device = await open();
    });
    afterAll(() => device.close());

    const chosen = cases.filter((c) => only.test(c.name)).map((c) => [c.name, c] as const);
    it.each(chosen)('%s', async (_, one) => {
      expect(await failureOf(device, oracle, one, { factor, denormals })).toBeUndefined();
    });

    it('updates donated arguments and refuses them afterwards', async () => {
      const step = T.jit(
        device,
        (s: { w: Tensor; v: Tensor }, g: Tensor) => {
          const v = T.add(T.mul(s.v, 0.9), g);
          return { state: { w: T.sub(s.w, T.mul(v, 0.1)), v }, norm: T.fetch(T.sum()(T.mul(v, v))) };
        },
        { donate: [0] },
      );
      const first = await T.evaluate(device, { w: noise([5, 7], 1), v: T.zeros([5, 7]) });
      let state = first;
      const norms: number[] = [];
      for (let i = 0; i < 3; i++) {
        const { state: next, norm } = await step(state, noise([5, 7], 10 + i));
        state = next;
        norms.push(norm[0]);
      }
      let w = Float64Array.from((noise([5, 7], 1).op as { data: Float32Array }).data);
      let v = new Float64Array(35);
      for (let i = 0; i < 3; i++) {
        const g = (noise([5, 7], 10 + i).op as { data: Float32Array }).data;
        v = v.map((x, k) => x * 0.9 + g[k]);
        w = w.map((x, k) => x - 0.1 * v[k]);
        expect(norms[i]).toBeCloseTo(
          v.reduce((s, x) => s + x * x, 0),
          4,
        );
      }
      expect(difference((await T.read(device, state)).w, Float32Array.from(w), 1e-5)).toBeUndefined();
      await expect(step(first, noise([5, 7], 1))).rejects.toThrow(/donated/);
    });
  });
};
