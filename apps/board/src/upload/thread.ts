/** A thread that sends a run's log and writes its TensorBoard file while the run goes on, so that neither ever holds up training. */
import { Worker } from 'node:worker_threads';
import type { Uploaded } from './uploader.ts';

export type CompanionOptions = {
  readonly folder: string;
  readonly logTo?: string;
  readonly token?: string;
  /** Write a TensorBoard file too: into this folder, or `''` for `tensorboard` in the run's own. */
  readonly tensorboard?: string;
  readonly tell: (text: string) => void;
};

export type Order = Omit<CompanionOptions, 'tell'>;
export type Word =
  | { readonly tag: 'tell'; readonly text: string }
  | { readonly tag: 'done'; readonly uploaded: Uploaded | undefined };

export type Companion = {
  /** Sends what is left, for at most so long. What could not be sent stays on the disk. */
  readonly finish: (mostMs: number) => Promise<Uploaded | undefined>;
};

/** Beside this file as TypeScript when run from source, beside the bundle otherwise. */
const workerUrl = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './upload-worker.js', import.meta.url);

export const startCompanion = ({ tell, ...order }: CompanionOptions): Companion => {
  const worker = new Worker(workerUrl(), { workerData: order });
  // The trainer's process ends when training ends, not when the network answers.
  worker.unref();
  let result: Uploaded | undefined;
  const ended = new Promise<void>((resolve) => {
    worker.on('message', (word: Word) => {
      if (word.tag === 'tell') tell(word.text);
      else {
        result = word.uploaded;
        resolve();
      }
    });
    worker.on('error', (error) => {
      tell(`the log is not sent: ${error.message}`);
      resolve();
    });
    worker.on('exit', () => resolve());
  });
  return {
    finish: async (mostMs) => {
      worker.ref();
      worker.postMessage('finish');
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, mostMs);
      });
      await Promise.race([ended, late]);
      clearTimeout(timer);
      await worker.terminate();
      return result;
    },
  };
};
