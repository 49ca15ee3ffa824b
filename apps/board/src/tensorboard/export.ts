/** A run's folder as a TensorBoard event file, once or while the run goes on. */
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { clockless, type Point } from '../runs/point.ts';
import { folderStart, readFolder } from '../runs/run-folder.ts';
import { openingRecord, pointRecord } from './record.ts';

export type TensorboardOptions = {
  readonly folder: string;
  /** Where TensorBoard looks; made when missing. Default: `tensorboard` in the run's folder. */
  readonly out?: string;
  readonly follow?: boolean;
  readonly everyMs?: number;
  /** Ends it when what is there has been written. */
  readonly finish?: AbortSignal;
};

export type Exported = { readonly file: string; readonly points: number };

const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });

/** The original's log has an order and no times: it is given those of the run's beginning, a millisecond apart. */
const withClock = (point: Point, started: number): Point =>
  point.time < clockless ? { ...point, time: started + point.time } : point;

/** The file has one name for a run, so that a second export takes the first one's place. */
export const exportTensorboard = async (options: TensorboardOptions): Promise<Exported> => {
  const { folder, out = join(folder, 'tensorboard'), follow = false, everyMs = 1000, finish } = options;
  await mkdir(out, { recursive: true });
  const file = join(out, 'events.out.tfevents.0000000000.gdarknet');
  const beside = `${file}.${process.pid}.part`;
  const handle = await open(beside, 'w');
  let cursor = folderStart;
  let points = 0;
  let started: number | undefined;
  let placed = false;
  try {
    for (;;) {
      const last = !follow || finish?.aborted === true;
      const news = await readFolder(folder, cursor);
      cursor = news.cursor;
      if (started === undefined) {
        started = news.started ?? news.points.find(({ time }) => time >= clockless)?.time ?? 0;
        await handle.write(openingRecord(started));
      }
      const from = started;
      const all = [...news.points, ...(news.map ?? [])];
      points += all.length;
      if (all.length > 0) await handle.write(Buffer.concat(all.map((point) => pointRecord(withClock(point, from)))));
      if (news.more) continue;
      if (!placed) {
        await handle.sync();
        await rename(beside, file);
        placed = true;
      }
      if (last) return { file, points };
      await pause(everyMs, finish);
    }
  } finally {
    await handle.close();
  }
};
