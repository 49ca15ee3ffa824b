/** A thread of an evaluation: takes tasks of the job at hand until none is left. */
import { parentPort } from 'node:worker_threads';
import type { TaskPart } from './job.ts';
import type { Answer, Order } from './pool.ts';
import { takeTasks } from './pool.ts';

/** What can be handed over without a copy; columns may share a buffer. */
const buffersOf = ({ groupImage, groupCategory, groupStart, scores, byOverlap, sums }: TaskPart): ArrayBuffer[] => {
  const own = byOverlap.flatMap(({ positives, found, ignored }) => [positives, found, ignored]);
  const arrays = sums.flatMap(({ precision, recall }) => [precision, recall]);
  const columns = [groupImage, groupCategory, groupStart, scores, ...own, ...arrays];
  return [...new Set(columns.map((column) => column.buffer as ArrayBuffer))];
};

const port = parentPort;
port?.on('message', (order: Order) => {
  const answer = (message: Answer, owned: ArrayBuffer[] = []): void => port.postMessage(message, owned);
  try {
    takeTasks(order, (task, part) => answer({ tag: 'part', id: order.id, task, part }, buffersOf(part)));
  } catch (thrown) {
    answer({ tag: 'failed', id: order.id, reason: thrown instanceof Error ? thrown.message : String(thrown) });
  }
});
