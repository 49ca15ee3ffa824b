/**
 * Trains with images of 32 and of 16 bits, the latter with plain kernels and on matrix units, and prints what came of it as JSON. A program of its own, because the
 * driver is chosen by the environment.
 */
import { openDevice } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import { createTrainer } from '../training/trainer.ts';
import { batchAt, cfg } from './small-run.ts';

const variants = [{ precision: 'f32' }, { precision: 'f16', matrixUnits: false }, { precision: 'f16' }] as const;

/** Beside convolutions: pooling, a shortcut, a route of two layers, upsampling, groups. */
const wide = cfg.replace(
  '[convolutional]\nfilters=14',
  `[maxpool]
size=2
stride=2
[convolutional]
batch_normalize=1
filters=16
groups=4
size=3
stride=1
pad=1
activation=leaky
[shortcut]
from=-2
activation=linear
[upsample]
stride=2
[route]
layers=-1,1
[convolutional]
filters=14`,
);

const run = async (options: (typeof variants)[number], text: string) => {
  const device = await openDevice('webgpu', options);
  const created = await createTrainer({ cfg: text, device, seed: 3 });
  if (E.isLeft(created)) throw new Error(JSON.stringify(created.left));
  const trainer = created.right;
  const losses: number[] = [];
  for (let i = 0; i < 20; i++) losses.push((await trainer.step(batchAt(i, trainer))).loss);
  const bytes = device.memory?.() ?? 0;
  trainer.close();
  await device.close();
  return { description: device.description, losses, bytes };
};

const results = [];
for (const text of [cfg, wide]) for (const options of variants) results.push(await run(options, text));
console.log(JSON.stringify(results));
