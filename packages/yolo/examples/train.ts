/** Trains the embedded set live: pictures are drawn as they are needed, the loss curve grows, boxes get better. */
import { createTrainer, loadDetector, type Trainer, type ZooLoss, zoo } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { shapeNames } from '../../data/src/shapes/outline.ts';
import { shapesSample } from '../../data/src/shapes/sample.ts';
import { context, drawBoxes, element, openChosen, tell } from './page.ts';

/** `train.html?size=64&batch=4` is a lighter run for a slow machine. */
const asked = new URLSearchParams(location.search);
const size = Number(asked.get('size') ?? 128);
const batchSize = Number(asked.get('batch') ?? 16);
/** Pictures that are looked at while training, and never trained on. */
const heldOut = 1_000_000;
let running = false;

const pixels = (index: number): Float32Array =>
  Float32Array.from(shapesSample(1, index, size).image.data, (value) => value / 255);

const batchFrom = (trainer: Trainer, first: number) => {
  const { batch, maxTruths } = trainer;
  const x = new Float32Array(batch * size * size * 3);
  const truths = new Float32Array(batch * maxTruths * 5);
  const counts = Array.from({ length: batch }, (_, i) => {
    const { image, boxes } = shapesSample(1, first + i, size);
    x.set(
      Float32Array.from(image.data, (value) => value / 255),
      i * size * size * 3,
    );
    boxes.forEach((box, k) => {
      truths.set([box.x, box.y, box.w, box.h, box.classId], (i * maxTruths + k) * 5);
    });
    return boxes.length;
  });
  return { x, truths, counts };
};

const drawCurve = (losses: readonly number[]): void => {
  const canvas = context(element<HTMLCanvasElement>('curve'));
  const { width, height } = canvas.canvas;
  const [low, high] = [Math.log(Math.min(...losses)), Math.log(Math.max(...losses))];
  canvas.clearRect(0, 0, width, height);
  canvas.strokeStyle = '#2a7';
  canvas.lineWidth = 2;
  canvas.beginPath();
  losses.forEach((loss, i) => {
    const x = 10 + ((width - 20) * i) / Math.max(1, losses.length - 1);
    const y = 10 + ((height - 20) * (high - Math.log(loss))) / Math.max(1e-6, high - low);
    if (i === 0) canvas.moveTo(x, y);
    else canvas.lineTo(x, y);
  });
  canvas.stroke();
};

const drawPicture = async (cfg: string, trainer: Trainer, device: Awaited<ReturnType<typeof openChosen>>) => {
  const loaded = await loadDetector({ cfg, weights: await trainer.weights(), device });
  if (E.isLeft(loaded)) return;
  const [found] = await loaded.right.detect(
    { x: pixels(heldOut), sizes: [{ width: size, height: size }] },
    { thresh: 0.3 },
  );
  loaded.right.close();
  const { data } = shapesSample(1, heldOut, size).image;
  const small = new OffscreenCanvas(size, size);
  const image = new ImageData(size, size);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = data[3 * i + c];
    image.data[4 * i + 3] = 255;
  }
  context(small).putImageData(image, 0, 0);
  const view = context(element<HTMLCanvasElement>('view'));
  view.drawImage(small, 0, 0, view.canvas.width, view.canvas.height);
  drawBoxes(view, found, shapeNames);
};

const run = async (): Promise<void> => {
  running = true;
  element<HTMLButtonElement>('start').disabled = true;
  element<HTMLButtonElement>('stop').disabled = false;
  const losses: number[] = [];
  // Other readers of the page (tests, the console) see the curve, too.
  Object.assign(globalThis, { losses });
  try {
    const device = await openChosen();
    const loss = element<HTMLSelectElement>('loss').value as ZooLoss;
    const cfg = zoo.shapes({ loss, size }).replace(/^batch *=.*/m, `batch=${batchSize}`);
    const created = await createTrainer({ cfg, device, seed: 1 });
    if (E.isLeft(created)) throw new Error(created.left[0].expected);
    const trainer = created.right;
    tell(`${device.description}: compiling ...`);
    let seen = 0;
    for (let batch = 1; running; batch++) {
      const start = performance.now();
      const report = await trainer.step(batchFrom(trainer, seen));
      seen += trainer.batch;
      if (!Number.isFinite(report.loss)) throw new Error(`the loss of batch ${batch} is not finite`);
      losses.push(report.loss);
      const rate = (1000 * trainer.batch) / (performance.now() - start);
      tell(`${device.description}: batch ${batch}, loss ${report.loss.toFixed(2)}, ${rate.toFixed(0)} pictures/s`);
      drawCurve(losses);
      if (batch % 50 === 0 || batch === 1) await drawPicture(cfg, trainer, device);
      await new Promise((done) => setTimeout(done));
    }
    trainer.close();
    await device.close();
    tell(`Stopped after ${losses.length} batches.`);
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error), true);
  }
  running = false;
  element<HTMLButtonElement>('start').disabled = false;
  element<HTMLButtonElement>('stop').disabled = true;
};

element('start').addEventListener('click', () => void run());
element('stop').addEventListener('click', () => {
  running = false;
});
