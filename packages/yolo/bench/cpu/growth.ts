/** How the cost grows with batch and size, what compiling costs, and that memory stands still. */
import { openDevice } from '@gdarknet/tensor';
import { loadDetector } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { type Measured, pictures, sized, tiny, yolov3 } from './networks.ts';
import { median, takeTurns } from './rounds.ts';
import { openTraining } from './training.ts';

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
const once = async (f: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await f();
  return performance.now() - start;
};

const forward = async ({ name, cfg }: Measured, side: number, batch: number, threads: number): Promise<void> => {
  const device = await openDevice('wasm', { threads });
  const loaded = await loadDetector({ cfg: sized(cfg, side, 1), device });
  if (E.isLeft(loaded)) throw new Error(JSON.stringify(loaded.left[0]));
  const images = { x: pictures(batch, side), sizes: new Array(batch).fill({ width: side, height: side }) };
  const run = () => loaded.right.candidates(images, { thresh: 0.9999, nms: 0 });
  const first = await once(run);
  const [times] = await takeTurns([run], 5, 1);
  console.log(
    `${name} forward, ${side} px, batch ${String(batch).padStart(2)}: ${(median(times) / batch).toFixed(1).padStart(7)} ms an image, ${megabytes(device.memory?.() ?? 0)} MB, first run ${first.toFixed(0)} ms`,
  );
  loaded.right.close();
  await device.close();
};

const step = async ({ name, cfg }: Measured, side: number, batch: number, threads: number): Promise<void> => {
  const training = await openTraining(cfg, side, batch, threads);
  const first = await once(training.step);
  const [times] = await takeTurns([training.step], 3, 1);
  console.log(
    `${name} training step, ${side} px, batch ${String(batch).padStart(2)}: ${(median(times) / batch).toFixed(1).padStart(7)} ms an image, ${megabytes(training.memory())} MB, first step ${first.toFixed(0)} ms`,
  );
  await training.close();
};

/** From a cfg to kernels that can run: trace, fuse, plan, emit; and a size more, as a multi-scale run meets them. */
const compile = async ({ name, cfg }: Measured, side: number, threads: number): Promise<void> => {
  const training = await openTraining(cfg, side, 1, threads);
  const first = await once(() => training.prepare(side, side));
  const more = [];
  for (const other of [side - 96, side - 32, side + 32, side + 96])
    more.push(await once(() => training.prepare(other, other)));
  console.log(
    `${name} training step compiled at ${side} px in ${first.toFixed(0)} ms, at four more sizes in ${more.map((ms) => ms.toFixed(0)).join(', ')} ms`,
  );
  await training.close();
};

export const benchGrowth = async (threads: number): Promise<void> => {
  for (const batch of [1, 2, 4, 8, 16]) await forward(tiny, 416, batch, threads);
  for (const side of [320, 416, 512, 608]) await forward(tiny, side, 1, threads);
  for (const batch of [1, 2, 4, 8, 16]) await step(tiny, 416, batch, threads);
  for (const side of [320, 416, 512, 608]) await step(tiny, side, 1, threads);
  await step(yolov3, 416, 1, threads);
  for (const network of [tiny, yolov3]) await compile(network, 416, threads);
};
