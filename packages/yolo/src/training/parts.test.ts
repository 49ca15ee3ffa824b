/** A step within a budget of memory: the network in parts that are computed again. */
import { type Device, openDevice } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zoo } from '../darknet/zoo.ts';
import type { Trainer } from './contract.ts';
import { StepMemoryError } from './memory.ts';
import { createTrainer } from './trainer.ts';

const cfg = zoo
  .yolov3Tiny({ loss: 'giou' })
  .replace(/^width *=.*/m, 'width=256')
  .replace(/^height *=.*/m, 'height=256')
  .replace(/^batch *=.*/m, 'batch=2')
  .replace(/^subdivisions *=.*/m, 'subdivisions=1')
  .replace(/^learning_rate *=.*/m, 'learning_rate=0.01')
  .replace(/^burn_in *=.*/m, 'burn_in=0');

describe('memory of a step', () => {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice('wasm', { threads: 2 });
  });
  afterAll(() => device.close());

  const open = async (memory?: number): Promise<Trainer> => {
    const created = await createTrainer({ cfg, device, seed: 5, ...(memory !== undefined && { memory }) });
    if (E.isLeft(created)) throw new Error(JSON.stringify(created.left));
    return created.right;
  };
  const train = async (trainer: Trainer): Promise<readonly number[]> => {
    const { width, height, maxTruths } = trainer;
    const x = Float32Array.from({ length: 2 * width * height * 3 }, (_, i) => ((i * 31) % 97) / 97);
    const truths = new Float32Array(2 * maxTruths * 5);
    for (let i = 0; i < 2; i++) truths.set([0.5, 0.4, 0.3, 0.5, i], i * maxTruths * 5);
    const losses = [];
    for (let i = 0; i < 4; i++) losses.push((await trainer.step({ x, truths, counts: [1, 1] })).loss);
    return losses;
  };

  it('stays within a budget, with the same losses and rolling statistics', async () => {
    const free = await open();
    const { bytes, parts } = free.cost(free.width, free.height);
    expect(parts).toBe(1);
    const budget = Math.floor(0.85 * bytes);
    const bound = await open(budget);
    const bounded = bound.cost(bound.width, bound.height);
    expect(bounded.parts).toBeGreaterThan(1);
    expect(bounded.bytes).toBeLessThanOrEqual(budget);

    const [expected, found] = [await train(free), await train(bound)];
    expect(expected[3]).toBeLessThan(expected[0]);
    found.forEach((loss, i) => expect(Math.abs(loss / expected[i] - 1)).toBeLessThan(1e-5));
    const [one, other] = await Promise.all([free.weights(), bound.weights()]);
    const [a, b] = [one, other].map((file) => new Float32Array(file.slice(20).buffer));
    let worst = 0;
    for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
    expect(worst).toBeLessThan(1e-4);
    free.close();
    bound.close();
  });

  it('says what it takes at least', async () => {
    const trainer = await open(1 << 20);
    await expect(trainer.prepare(256, 256)).rejects.toThrow(StepMemoryError);
    await expect(trainer.prepare(256, 256)).rejects.toThrow(
      /2 images of 256 x 256 takes \d+ MiB at least and may take 1 MiB/,
    );
    trainer.close();
  });
});
