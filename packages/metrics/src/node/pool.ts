/** Threads that share the tasks of a job with the one that has the job. */
import { Worker } from 'node:worker_threads';
import type { Job, Task, TaskPart } from './job.ts';
import { runTask, tasksOf } from './job.ts';

/** A job as every thread gets it. */
export interface Order {
  readonly id: number;
  readonly job: Job;
  readonly tasks: readonly Task[];
  /** In shared memory: `[0]` is the next task that nobody has taken. */
  readonly next: Int32Array;
}

export type Answer =
  | { readonly tag: 'part'; readonly id: number; readonly task: number; readonly part: TaskPart }
  | { readonly tag: 'failed'; readonly id: number; readonly reason: string };

/** Takes one task after another. */
export const takeTasks = (
  { job, tasks, next }: Pick<Order, 'job' | 'tasks' | 'next'>,
  done: (task: number, part: TaskPart) => void,
): void => {
  for (let i = Atomics.add(next, 0, 1); i < tasks.length; i = Atomics.add(next, 0, 1)) done(i, runTask(job, tasks[i]));
};

export interface Done {
  readonly tasks: readonly Task[];
  readonly parts: readonly TaskPart[];
}

export interface Pool {
  /** A job's tasks and their parts, in the order of the categories. */
  readonly run: (job: Job) => Promise<Done>;
  readonly close: () => Promise<void>;
}

/** Beside this file as TypeScript when run from source, beside the bundle otherwise. */
const workerUrl = (): URL => new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/** Tasks a thread: enough to even out what a task costs, few enough that none is small. */
const tasksPerThread = 6;

interface Running {
  readonly accept: (task: number, part: TaskPart) => void;
  readonly reject: (error: Error) => void;
}

/** @param threads in all, the calling one included; it works too. */
export const openPool = (threads: number): Pool => {
  const running = new Map<number, Running>();
  let failure: Error | undefined;
  const failAll = (error: Error): void => {
    failure = error;
    for (const { reject } of running.values()) reject(error);
  };
  const hold = (held: boolean): void => {
    for (const worker of workers) held ? worker.ref() : worker.unref();
  };
  const workers = Array.from({ length: threads - 1 }, () => {
    const worker = new Worker(workerUrl());
    worker.on('message', (answer: Answer) => {
      const job = running.get(answer.id);
      if (answer.tag === 'part') job?.accept(answer.task, answer.part);
      else job?.reject(new Error(answer.reason));
    });
    worker.on('error', failAll);
    worker.on('exit', () => failAll(new Error('A thread of the evaluation has ended.')));
    // Idle threads let the process end.
    worker.unref();
    return worker;
  });

  let jobs = 0;
  const run = (job: Job): Promise<Done> =>
    new Promise((resolve, reject) => {
      if (failure !== undefined) {
        reject(failure);
        return;
      }
      const id = jobs++;
      const tasks = tasksOf(job, threads * tasksPerThread);
      const order: Order = { id, job, tasks, next: new Int32Array(new SharedArrayBuffer(4)) };
      const parts = new Array<TaskPart>(tasks.length);
      let missing = tasks.length;
      const end = (): void => {
        running.delete(id);
        if (running.size === 0) hold(false);
      };
      const finish = (): void => {
        end();
        const inOrder = tasks.map((task, i) => ({ task, part: parts[i] })).sort((a, b) => a.task.from - b.task.from);
        resolve({ tasks: inOrder.map(({ task }) => task), parts: inOrder.map(({ part }) => part) });
      };
      const accept = (task: number, part: TaskPart): void => {
        parts[task] = part;
        if (--missing === 0) finish();
      };
      running.set(id, {
        accept,
        reject: (error) => {
          end();
          reject(error);
        },
      });
      hold(true);
      for (const worker of workers) worker.postMessage(order);
      try {
        takeTasks(order, accept);
        if (tasks.length === 0) finish();
      } catch (thrown) {
        end();
        reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    });
  return {
    run,
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
};
