import { openDevice } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import { expect, it } from 'vitest';
import { zoo } from '../darknet/zoo.ts';
import { createTrainer } from './trainer.ts';

/** The weights after three batches. */
const trained = async (threads: number): Promise<Uint8Array> => {
  const device = await openDevice('wasm', { threads });
  const cfg = zoo
    .shapes({ loss: 'giou', size: 64 })
    .replace(/^batch=.*/m, 'batch=6')
    .replace(/^subdivisions=.*/m, 'subdivisions=2');
  const created = await createTrainer({ cfg, device });
  if (E.isLeft(created)) throw new Error(JSON.stringify(created.left));
  const trainer = created.right;
  const x = Float32Array.from({ length: 6 * 64 * 64 * 3 }, (_, i) => ((i * 31) % 97) / 97);
  const truths = new Float32Array(6 * trainer.maxTruths * 5);
  for (let i = 0; i < 6; i++) truths.set([0.5, 0.4, 0.3, 0.2, i % 3], i * trainer.maxTruths * 5);
  for (let i = 0; i < 3; i++) await trainer.step({ x, truths, counts: new Array(6).fill(1) });
  const weights = await trainer.weights();
  trainer.close();
  await device.close();
  return weights;
};

it('gives the same weights, to the bit, with 1, 2, 4 and 8 threads', async () => {
  const one = await trained(1);
  for (const threads of [2, 4, 8]) expect(await trained(threads)).toEqual(one);
}, 60_000);
