/** Fifty batches of one small network on every device: the same losses, and each device repeats itself to the bit. */
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { devices, type TestDevice } from '../testing/devices.ts';
import { batchAt, cfg } from '../testing/small-run.ts';
import type { Trainer, TrainingBatch } from './contract.ts';
import { createTrainer } from './trainer.ts';

const withTrainer = async <A>({ open }: TestDevice, use: (trainer: Trainer) => Promise<A>): Promise<A> => {
  const device = await open();
  const created = await createTrainer({ cfg, device, seed: 3 });
  if (E.isLeft(created)) throw new Error(JSON.stringify(created.left));
  try {
    return await use(created.right);
  } finally {
    created.right.close();
    await device.close();
  }
};

/** Losses of fifty batches. */
const train = (device: TestDevice): Promise<number[]> =>
  withTrainer(device, async (trainer) => {
    const losses: number[] = [];
    for (let batch = 0; batch < 50; batch++) losses.push((await trainer.step(batchAt(batch, trainer))).loss);
    return losses;
  });

describe('fifty batches', () => {
  const first = new Map<string, Promise<number[]>>();
  const lossesOf = (device: TestDevice): Promise<number[]> => {
    const known = first.get(device.name) ?? train(device);
    first.set(device.name, known);
    return known;
  };

  it.each(devices.map((device) => [device.name, device] as const))(
    '%s has the losses of the reference within 0.1 %',
    async (_, device) => {
      const [losses, expected] = [await lossesOf(device), await lossesOf(devices[0])];
      losses.forEach((loss, i) => {
        expect(Math.abs(loss - expected[i]) / expected[i], `batch ${i}`).toBeLessThan(1e-3);
      });
      expect(losses[49]).toBeLessThan(losses[0]);
    },
    120_000,
  );

  it.each(devices.map((device) => [device.name, device] as const))(
    '%s repeats itself to the bit',
    async (_, device) => expect(await train(device)).toEqual(await lossesOf(device)),
    120_000,
  );
});

describe('updates begun before the report of the one before', () => {
  const named = devices.map((device) => [device.name, device] as const);

  it.each(named)(
    '%s makes the updates of one that waits',
    async (_, device) => {
      const waiting = await withTrainer(device, async (trainer) => {
        const reports = [];
        for (let i = 0; i < 4; i++) reports.push(await trainer.step(batchAt(i, trainer)));
        return { reports, weights: await trainer.weights() };
      });
      const ahead = await withTrainer(device, async (trainer) => {
        const ended = [];
        for (let i = 0; i < 4; i++) {
          const batch = batchAt(i, trainer);
          ended.push(await trainer.begin(batch));
          // What is done with a batch afterwards does not matter.
          batch.x.fill(Number.NaN);
          batch.truths.fill(Number.NaN);
        }
        return { reports: await Promise.all(ended.map((end) => end())), weights: await trainer.weights() };
      });
      expect(ahead).toEqual(waiting);
    },
    120_000,
  );

  it.each(named)(
    '%s changes nothing after a loss that is not finite, until that is known',
    async (_, device) => {
      const spoilt = (trainer: Trainer): TrainingBatch => {
        const batch = batchAt(1, trainer);
        batch.x[0] = Number.NaN;
        return batch;
      };
      await withTrainer(device, async (trainer) => {
        await trainer.step(batchAt(0, trainer));
        const [before] = [await trainer.snapshot()];
        const bad = await trainer.begin(spoilt(trainer));
        const next = await trainer.begin(batchAt(2, trainer));
        expect((await bad()).loss).toBeNaN();
        expect(trainer.seen()).toBe(8);
        const { tensors } = await trainer.snapshot();
        expect(tensors).toEqual(before.tensors);
        await next();
        expect(Number.isFinite((await trainer.step(batchAt(2, trainer))).loss)).toBe(true);
        expect((await trainer.snapshot()).tensors).not.toEqual(before.tensors);
      });
    },
    120_000,
  );
});
