import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Device, openDevice } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zoo } from '../darknet/zoo.ts';
import { createTrainer } from './trainer.ts';

/** Once the garbage of the steps has been collected. */
const settled = async (): Promise<NodeJS.MemoryUsage> => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((done) => setTimeout(done, 50));
  }
  return process.memoryUsage();
};

describe('memory of a training run', () => {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice('wasm', { threads: 2 });
  });
  afterAll(() => device.close());

  it('takes everything with the first batch, and nothing after it, in 500 steps', async () => {
    const cfg = zoo
      .shapes({ loss: 'giou', size: 32 })
      .replace(/^batch=.*/m, 'batch=4')
      .replace(/^subdivisions=.*/m, 'subdivisions=2');
    const created = await createTrainer({ cfg, device });
    if (E.isLeft(created)) throw new Error(JSON.stringify(created.left));
    const trainer = created.right;
    const size = trainer.width * trainer.height * 3;
    const x = new Float32Array(4 * size);
    const truths = new Float32Array(4 * trainer.maxTruths * 5);
    const step = async (seed: number): Promise<void> => {
      for (let i = 0; i < x.length; i++) x[i] = ((i * 31 + seed) % 97) / 97;
      for (let i = 0; i < 4; i++) truths.set([0.5, 0.4, 0.3, 0.2, seed % 3], i * trainer.maxTruths * 5);
      await trainer.step({ x, truths, counts: [1, 1, 1, 1] });
    };
    await step(0);
    await step(1);
    const taken = device.memory?.() ?? 0;
    expect(taken).toBeGreaterThan(0);
    // By then the engine has compiled what is hot once more.
    for (let i = 2; i < 100; i++) await step(i);
    const before = await settled();
    let after = before;
    for (let i = 100; i < 500; i++) {
      await step(i);
      // Often: uncollected garbage spreads over pages of the heap that were never touched, which is no leak.
      if (i % 100 === 99) after = await settled();
    }
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(1e6);
    expect(device.memory?.()).toBe(taken);
    expect(after.rss - before.rss).toBeLessThan(8e6);
    trainer.close();
  }, 300_000);
});
