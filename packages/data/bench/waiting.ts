/** How long training of yolov3-tiny waits for its data: one loader thread beside a device of two threads. */
import { readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { openDevice } from '../../tensor/src/index.ts';
import { createTrainer } from '../../yolo/src/index.ts';
import { batches } from '../src/index.ts';

const batch = 8;
const steps = 6;

/** Milliseconds of a step of 8 pictures of 416 x 416, and of waiting for its batch: means after the first two. */
export const waitingOf = async (
  images: readonly string[],
): Promise<{ readonly step: number; readonly wait: number }> => {
  const cfg = readFileSync(new URL('../../yolo/cfg/yolov3-tiny-giou.cfg', import.meta.url), 'utf8')
    .replace(/^batch=.*/m, `batch=${batch}`)
    .replace(/^subdivisions=.*/m, 'subdivisions=2');
  const device = await openDevice('wasm', { threads: 2 });
  try {
    const created = await createTrainer({ cfg, device });
    if (E.isLeft(created)) throw new Error(JSON.stringify(created.left));
    const trainer = created.right;
    const { width, height, maxTruths: maxBoxes } = trainer;
    const stream = batches({ images, batch, width, height, maxBoxes, seed: 1, cacheBytes: 0, end: steps + 2 });
    let [step, wait] = [0, 0];
    for await (const made of stream) {
      const from = performance.now();
      await trainer.step(made);
      stream.recycle(made);
      if (made.index < 2) continue;
      step += performance.now() - from;
      wait += made.waitMs;
    }
    trainer.close();
    return { step: step / steps, wait: wait / steps };
  } finally {
    await device.close();
  }
};
