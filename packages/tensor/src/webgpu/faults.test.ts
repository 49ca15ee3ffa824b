/** What goes wrong on graphics cards, and that nothing is left behind. */
import { describe, expect, it } from 'vitest';
import { swiftshader } from '../../../../test/swiftshader.ts';
import {
  add,
  broadcastTo,
  conv2d,
  evaluate,
  fetch,
  jit,
  leakyRelu,
  mul,
  read,
  sum,
  type Tensor,
  tensor,
} from '../index.ts';
import { noise } from '../testing/cases.ts';
import { gpuOf, openWebGpu } from './device.ts';

describe.skipIf(swiftshader !== undefined)(`webgpu ${swiftshader ?? ''}`, () => {
  it('says that the device is lost, and what was on it', async () => {
    const device = await openWebGpu();
    const double = jit(device, (x: Tensor) => fetch(mul(x, 2)));
    expect(await double(tensor([1, 2]))).toEqual(Float32Array.of(2, 4));
    gpuOf(device)?.destroy();
    await expect(double(tensor([1, 2]))).rejects.toThrow(/was lost|destroyed/);
    await expect(double(tensor([3, 4]))).rejects.toMatchObject({ name: 'DeviceLostError' });
    await device.close();
  });

  it('refuses what does not fit before anything runs, with bytes, limit and advice', async () => {
    const device = await openWebGpu();
    const huge = jit(device, (x: Tensor) => add(broadcastTo([2 ** 30])(x), 1));
    await expect(huge.prepare(tensor([1]))).rejects.toThrow(
      /needs 4294967296 bytes, and .* allows \d+ in one buffer\. Work on \d+ parts/,
    );
    await device.close();
  });

  it('takes no more memory after the first runs', async () => {
    const device = await openWebGpu();
    const filter = noise([8, 3, 3, 8], 1);
    const step = jit(
      device,
      (state: { x: ReturnType<typeof noise> }) => {
        const x = mul(leakyRelu(0.1)(conv2d(filter, { padding: 1 })(state.x)), 0.5);
        return { state: { x }, norm: fetch(sum()(mul(x, x))) };
      },
      { donate: [0] },
    );
    let state = await evaluate(device, { x: noise([1, 8, 8, 8], 2) });
    let taken = 0;
    for (let i = 0; i < 500; i++) {
      state = (await step(state)).state as typeof state;
      if (i === 2) taken = device.memory?.() ?? 0;
    }
    expect(device.memory?.()).toBe(taken);
    await device.close();
  }, 60_000);

  it('gives programs of several sizes the memory of the largest', async () => {
    const device = await openWebGpu();
    const filter = await evaluate(device, noise([8, 3, 3, 8], 1));
    const twice = jit(device, (x: Tensor) => {
      const half = conv2d(filter, { padding: 1 })(x);
      return fetch(sum()(conv2d(filter, { padding: 1 })(half)));
    });
    const memoryAt = async (size: number): Promise<number> => {
      await twice(noise([1, size, size, 8], 2));
      return device.memory?.() ?? 0;
    };
    const imageBytes = (size: number): number => 4 * 8 * size * size;
    const largest = await memoryAt(32);
    // A smaller input has only the picture's own buffer and its results beside it.
    expect((await memoryAt(24)) - largest).toBeLessThanOrEqual(imageBytes(24) + 64);
    const before = device.memory?.() ?? 0;
    expect((await memoryAt(40)) - before).toBeGreaterThan(imageBytes(40));
    twice.close();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(device.memory?.() ?? 0).toBeLessThan(before);
    await device.close();
  }, 60_000);

  it('opens and closes twenty devices', async () => {
    for (let i = 0; i < 20; i++) {
      const device = await openWebGpu();
      expect(await read(device, add(tensor([i]), 1))).toEqual(Float32Array.of(i + 1));
      await device.close();
    }
  }, 60_000);
});
