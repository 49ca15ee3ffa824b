/** Training on a device that checks for values that are not finite: the same weights, and no finding where all is well. */
import { NonFiniteError, openDevice } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import { expect, it } from 'vitest';
import { zoo } from '../darknet/zoo.ts';
import { createTrainer } from './trainer.ts';

const trained = async (check: 'finite' | undefined, rate = '0.001'): Promise<Uint8Array> => {
  const device = await openDevice('wasm', { threads: 1, ...(check && { check }) });
  const cfg = zoo
    .shapes({ loss: 'giou', size: 64 })
    .replace(/^batch=.*/m, 'batch=2')
    .replace(/^subdivisions=.*/m, 'subdivisions=1')
    .replace(/^learning_rate=.*/m, `learning_rate=${rate}`);
  const created = await createTrainer({ cfg, device });
  if (E.isLeft(created)) throw new Error(JSON.stringify(created.left));
  const trainer = created.right;
  const x = Float32Array.from({ length: 2 * 64 * 64 * 3 }, (_, i) => ((i * 31) % 97) / 97);
  const truths = new Float32Array(2 * trainer.maxTruths * 5);
  for (let i = 0; i < 2; i++) truths.set([0.5, 0.4, 0.3, 0.2, i], i * trainer.maxTruths * 5);
  try {
    for (let i = 0; i < 2; i++) await trainer.step({ x, truths, counts: [1, 1] });
    return await trainer.weights();
  } finally {
    trainer.close();
    await device.close();
  }
};

it('two batches give the same weights, to the bit, with and without the check', async () => {
  expect(await trained('finite')).toEqual(await trained(undefined));
}, 60_000);

it('a rate that blows the weights up is found in the operation and the layer where it shows first', async () => {
  const error = await trained('finite', '1e20').then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NonFiniteError);
  expect((error as NonFiniteError).scope).toMatch(/\S/);
}, 60_000);
