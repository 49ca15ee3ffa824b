/** Programs of one form at several sizes: what is compiled, and that results do not depend on who came first. */
import { describe, expect, it } from 'vitest';
import { swiftshader } from '../../../../test/swiftshader.ts';
import {
  add,
  conv2d,
  conv2dFilter,
  conv2dInput,
  type Device,
  fetch,
  jit,
  leakyRelu,
  maxPool2d,
  moments,
  mul,
  sum,
  type Tensor,
} from '../index.ts';
import { noise } from '../testing/cases.ts';
import { gpuOf, openWebGpu } from './device.ts';

/** Of everything a network's step has at least one. */
const step = (x: Tensor) => {
  const first = noise([8, 3, 3, 3], 1);
  const second = noise([16, 3, 3, 8], 2);
  const y = leakyRelu(0.1)(conv2d(first, { padding: 1 })(x));
  const z = conv2d(second, { padding: 1 })(maxPool2d({ size: 2 })(y));
  const dy = conv2dInput(second, maxPool2d({ size: 2 })(y).shape, { padding: 1 })(z);
  const gradient = conv2dFilter(maxPool2d({ size: 2 })(y), z, [16, 3, 3, 8], { padding: 1 });
  return {
    z: fetch(z),
    dy: fetch(dy),
    gradient: fetch(gradient),
    moments: fetch(moments(z)),
    sum: fetch(sum()(mul(z, add(z, 1)))),
  };
};

const counting = (device: Device): (() => number) => {
  const gpu = gpuOf(device) as GPUDevice;
  const compile = gpu.createComputePipelineAsync.bind(gpu);
  let count = 0;
  gpu.createComputePipelineAsync = (descriptor) => {
    count++;
    return compile(descriptor);
  };
  return () => count;
};

describe.skipIf(swiftshader !== undefined)(`webgpu ${swiftshader ?? ''}`, { timeout: 120_000 }, () => {
  it('compiles a form for its first size and once more for all others', async () => {
    const sizes = [32, 28, 24, 20, 36, 28] as const;
    const imageOf = (size: number) => noise([2, size, size, 3], size);
    const device = await openWebGpu();
    const compiled = counting(device);
    const run = jit(device, step);
    const results = [];
    const counts = [];
    for (const size of sizes) {
      results.push(await run(imageOf(size)));
      counts.push(compiled());
    }
    await device.close();
    const [first, second] = counts;
    expect(second).toBeGreaterThan(first);
    // Reductions of more elements are another program; everything else is there.
    counts.slice(2).forEach((count) => {
      expect(count - second).toBeLessThanOrEqual(second / 4);
    });
    expect(counts[5]).toBe(counts[4]);

    for (const [i, size] of sizes.entries()) {
      const alone = await openWebGpu();
      expect(results[i], `${size}`).toEqual(await jit(alone, step)(imageOf(size)));
      await alone.close();
    }
  });
});
