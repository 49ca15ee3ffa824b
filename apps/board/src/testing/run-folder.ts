/** A run's folder as the trainer writes it. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const start = 1_700_000_000_000;

const time = (batch: number): string => new Date(start + 1000 * batch).toISOString();

export const batchEvent = (batch: number, value = 1 / batch): string =>
  `${JSON.stringify({
    time: time(batch),
    type: 'batch',
    batch,
    loss: value,
    average: value,
    rate: 0.001,
    stepMs: 10,
    waitMs: 1,
    images: batch * 4,
    heads: [{ iou: 0.5, giou: 0.4, boxLoss: value, classLoss: 2 * value, cost: 3 * value }],
  })}\n`;

/** Metrics in each batch event: five of the batch, seven of its heads. */
export const pointsPerBatch = 12;

export const makeRun = (folder: string, batches: number, cfg = '[net]\nbatch=4\n[yolo]\niou_loss=giou\n'): string => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'run.json'),
    JSON.stringify({ seed: 3, started: time(0), cfg: { file: 'x.cfg', text: cfg } }),
  );
  writeFileSync(join(folder, 'events.ndjson'), `${JSON.stringify({ time: time(0), type: 'start', batch: 0 })}\n`);
  growRun(folder, 1, batches);
  return folder;
};

export const growRun = (folder: string, from: number, to: number): void => {
  let text = '';
  for (let batch = from; batch <= to; batch++) text += batchEvent(batch);
  appendFileSync(join(folder, 'events.ndjson'), text);
};

export const endRun = (folder: string, batch: number): void => {
  appendFileSync(
    join(folder, 'events.ndjson'),
    `${JSON.stringify({ time: time(batch + 1), type: 'end', batch, reason: 'finished' })}\n`,
  );
};
