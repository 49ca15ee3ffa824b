/** The other side of `startCompanion`. */
import { parentPort, workerData } from 'node:worker_threads';
import { exportTensorboard } from '../tensorboard/export.ts';
import type { Order, Word } from './thread.ts';
import { upload } from './uploader.ts';

const { folder, logTo, token, tensorboard } = workerData as Order;
const say = (word: Word): void => parentPort?.postMessage(word);
const tell = (text: string): void => say({ tag: 'tell', text });
const finish = new AbortController();
parentPort?.on('message', () => finish.abort());

const sending =
  logTo === undefined
    ? undefined
    : upload({ folder, url: logTo, follow: true, finish: finish.signal, tell, ...(token !== undefined && { token }) });
const exporting =
  tensorboard === undefined
    ? undefined
    : exportTensorboard({
        folder,
        follow: true,
        finish: finish.signal,
        ...(tensorboard !== '' && { out: tensorboard }),
      });

const failed = (error: unknown): void => tell(`the TensorBoard file is not written: ${String(error)}`);

void Promise.all([sending, exporting?.catch(failed)]).then(([uploaded]) => {
  say({ tag: 'done', uploaded });
  parentPort?.close();
});
