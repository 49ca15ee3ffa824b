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

    it('hands out stages with the bits of the whole; what else there is to do waits', async () => {
      const [x, w] = [noise([6, 9], 2), noise([9, 9], 3)];
      const powers = (a: Tensor, b: Tensor) => {
        const once = T.matmul(a, b);
        const twice = T.matmul(once, b);
        return [{ once }, { twice, sum: T.fetch(T.sum()(twice)) }, [T.matmul(twice, b), once]] as const;
      };
      const staged = T.jit(device, powers, { donate: [0], staged: true });
      const whole = await T.read(
        device,
        (await T.jit(device, powers)(x, w)).map((part) => T.leavesOf<Tensor>(part)),
      );
      const given = await T.evaluate(device, x);
      const found: unknown[] = [];
      let other: Promise<unknown> | undefined;
      for await (const part of staged.stages(given, w)) {
        found.push(await T.read(device, T.leavesOf<Tensor>(part)));
        // Larger than all of the run, so that it would take the run's memory away.
        other ??= T.read(device, T.matmul(noise([64, 64], 5), noise([64, 64], 6)));
      }
      expect(found).toEqual(whole);
      expect(found).toHaveLength(3);
      expect(await other).toHaveLength(64 * 64);
      const [first] = await staged(x, w);
      expect(await T.read(device, first.once)).toEqual((whole[0] as unknown[])[0]);
      // Who stops early leaves nothing half done.
      for await (const _ of staged.stages(x, w)) break;
      expect(await T.read(device, T.add(x, x))).toHaveLength(54);
    });
  });
};
