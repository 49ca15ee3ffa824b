/** The worker thread of the loader: takes jobs, gives back batches without copying them. */
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { batchMaker, type MakerOptions } from './make.ts';
import type { Answer, Request } from './pool.ts';
import { NoUsablePicture } from './training.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread only');

// A picture is decoded by one thread; several pictures are decoded at once.
sharp.concurrency(1);
sharp.cache(false);
const maker = batchMaker(workerData as MakerOptions);

port.on('message', (request: Request) => {
  if ('memory' in request) return maker.reuse(request.memory);
  const { id, job } = request;
  maker.make(job).then(
    (made) => {
      const answer: Answer = { id, made };
      port.postMessage(answer, [made.x.buffer, made.truths.buffer, made.counts.buffer]);
    },
    (thrown: unknown) => {
      const faults = thrown instanceof NoUsablePicture ? thrown.faults : undefined;
      const answer: Answer = { id, error: thrown instanceof Error ? thrown.message : String(thrown), faults };
      port.postMessage(answer);
    },
  );
});
