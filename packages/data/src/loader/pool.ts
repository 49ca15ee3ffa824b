/** Who makes the batches: this thread, or a few worker threads that take jobs in turn. */
import { Worker } from 'node:worker_threads';
import type { DataFault } from '../fault.ts';
import { batchMaker, type Job, type Made, type MakerOptions } from './make.ts';
import { NoUsablePicture } from './training.ts';

export type Request = { readonly id: number; readonly job: Job } | { readonly memory: ArrayBuffer };

export type Answer =
  | { readonly id: number; readonly made: Made }
  | { readonly id: number; readonly error: string; readonly faults?: readonly DataFault[] };

export type Pool = {
  readonly make: (job: Job) => Promise<Made>;
  /** Memory of an `x` for the batches to come. */
  readonly reuse: (memory: ArrayBuffer) => void;
  /** While held, waiting for a batch keeps the process alive; otherwise idle workers let it end. */
  readonly hold: (held: boolean) => void;
  readonly close: () => Promise<void>;
};

const inProcess = (options: MakerOptions): Pool => ({
  ...batchMaker(options),
  hold: () => {},
  close: () => Promise.resolve(),
});

/** Beside this file as TypeScript when run from source, beside the bundle otherwise. */
const workerUrl = (): URL => new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

type Waiting = { readonly resolve: (made: Made) => void; readonly reject: (error: Error) => void };

const ofThreads = (options: MakerOptions, count: number): Pool => {
  const share = { ...options, cacheBytes: Math.trunc(options.cacheBytes / count) };
  const waiting = new Map<number, Waiting>();
  let failure: Error | undefined;
  const failAll = (error: Error): void => {
    failure = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const settle = (answer: Answer): void => {
    const entry = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('made' in answer) entry?.resolve(answer.made);
    else entry?.reject(answer.faults ? new NoUsablePicture(answer.faults) : new Error(answer.error));
  };
  const workers = Array.from({ length: count }, () => {
    const worker = new Worker(workerUrl(), { workerData: share });
    worker.on('message', settle);
    worker.on('error', failAll);
    worker.on('exit', () => failAll(new Error('a loader thread ended')));
    worker.unref();
    return worker;
  });
  let [next, nextSpare] = [0, 0];
  const ask = (turn: number, request: Request, moved: readonly ArrayBuffer[] = []): void =>
    workers[turn % count].postMessage(request, moved);
  return {
    make: (job) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        const id = next++;
        waiting.set(id, { resolve, reject });
        ask(id, { id, job });
      }),
    reuse: (memory) => ask(nextSpare++, { memory }, [memory]),
    hold: (held) => {
      for (const worker of workers) held ? worker.ref() : worker.unref();
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
};

/** `workers` 0 makes batches in this thread. */
export const openPool = (options: MakerOptions, workers: number): Pool =>
  workers > 0 ? ofThreads(options, workers) : inProcess(options);
