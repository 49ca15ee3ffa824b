/**
 * Worker threads that run ranges of a kernel's items. A launch writes a few words and bumps a counter; workers spin a while
 * for the next one and then sleep. The worker's source is a string, so that no bundler has to find a file.
 */
import { hostImports, hostSource } from './emitter.ts';
import type { Heap } from './heap.ts';

/** Words of the control block, from address 0. */
const word = { round: 0, kernel: 1, parameters: 2, items: 3, done: 4, sleeping: 5, trapped: 6 } as const;
const leave = -1;
/** Rounds of looking before a worker sleeps: some tens of microseconds. */
const patience = 20_000;

type Kernel = (parameters: number, begin: number, end: number, thread: number) => void;

const workerSource = (node: boolean): string => `
${node ? "const { parentPort } = require('node:worker_threads');" : ''}
const port = ${node ? 'parentPort' : 'self'};
const kernels = [];
let memory, thread, threads, control, last = 0;
const serve = () => {
  for (;;) {
    let looks = 0;
    while (Atomics.load(control, ${word.round}) === last) {
      if (++looks > ${patience}) {
        Atomics.add(control, ${word.sleeping}, 1);
        Atomics.wait(control, ${word.round}, last);
        Atomics.sub(control, ${word.sleeping}, 1);
        looks = 0;
      }
    }
    last = Atomics.load(control, ${word.round});
    const kernel = Atomics.load(control, ${word.kernel});
    if (kernel === ${leave}) { Atomics.add(control, ${word.done}, 1); return; }
    const items = control[${word.items}];
    const begin = Math.floor(items * thread / threads), end = Math.floor(items * (thread + 1) / threads);
    // Whoever waits for all threads must not wait for ever.
    try { if (begin < end) kernels[kernel](control[${word.parameters}], begin, end, thread); }
    catch { Atomics.store(control, ${word.trapped}, thread); }
    Atomics.add(control, ${word.done}, 1);
  }
};
const listen = (message) => {
  if (message.memory) {
    ({ memory, thread, threads } = message);
    control = new Int32Array(memory.buffer, 0, 16);
    last = message.round;
  }
  for (const [first, count] of message.unload ?? []) for (let i = 0; i < count; i++) kernels[first + i] = undefined;
  if (message.module) {
    const { exports } = new WebAssembly.Instance(message.module, { host: ${hostSource} });
    message.names.forEach((name, i) => { kernels[message.first + i] = exports[name]; });
  }
  if (message.close) { ${node ? 'port.close()' : 'self.close()'}; return; }
  port.postMessage('ready');
  if (message.serve) { last = message.round; serve(); }
};
${node ? "port.on('message', listen)" : 'self.onmessage = (event) => listen(event.data)'};
`;

export type Port = {
  readonly post: (message: unknown) => void;
  /** The last message was taken in. */
  readonly ready: () => Promise<void>;
  readonly stop: () => void;
};

export const isNode = (): boolean => typeof process !== 'undefined' && Boolean(process.versions?.node);

const openPort = async (): Promise<Port> => {
  if (isNode()) return (await import('./node.ts')).openNodeWorker(workerSource(true));
  const url = URL.createObjectURL(new Blob([workerSource(false)], { type: 'text/javascript' }));
  const worker = new Worker(url);
  let settle: { yes: () => void; no: (error: unknown) => void } = { yes: () => {}, no: () => {} };
  let settled: Promise<void> = Promise.resolve();
  worker.onmessage = () => settle.yes();
  worker.onerror = (event) => settle.no(new Error(event.message));
  return {
    post: (message) => {
      settled = new Promise((yes, no) => {
        settle = { yes, no };
      });
      settled.catch(() => {});
      worker.postMessage(message);
    },
    ready: () => settled,
    stop: () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
};

export type Threads = {
  readonly count: number;
  /** Makes the functions of a module callable on every thread; gives the number of the first. */
  readonly load: (module: WebAssembly.Module, names: readonly string[]) => Promise<number>;
  /** The kernels are not needed any more. */
  readonly unload: (first: number, count: number) => void;
  readonly launch: (kernel: number, parameters: number, items: number, alone: boolean) => void;
  readonly close: () => void;
};

export const openThreads = async (heap: Heap, wanted: number): Promise<Threads> => {
  const count = heap.shared ? Math.max(1, wanted) : 1;
  const { memory } = heap;
  const control = new Int32Array(memory.buffer, 0, 16);
  const kernels: (Kernel | undefined)[] = [];
  let gone: [first: number, count: number][] = [];
  const ports = await Promise.all(Array.from({ length: count - 1 }, openPort));
  ports.forEach((port, i) => port.post({ memory, thread: i + 1, threads: count, round: 0 }));
  await Promise.all(ports.map((port) => port.ready()));
  let serving = false;

  const signal = (): void => {
    Atomics.store(control, word.done, 0);
    Atomics.add(control, word.round, 1);
    if (Atomics.load(control, word.sleeping) > 0) Atomics.notify(control, word.round);
  };
  const wait = (): void => {
    while (Atomics.load(control, word.done) < count - 1);
  };
  /** Workers return to their event loops, where they can be sent things. */
  const recall = (): void => {
    if (!serving) return;
    Atomics.store(control, word.kernel, leave);
    signal();
    wait();
    serving = false;
  };
  const called = (kernel: number): Kernel => {
    const found = kernels[kernel];
    if (found === undefined) throw new Error('the kernels of a plan that was closed were called');
    return found;
  };
  const enlist = (): void => {
    const round = Atomics.load(control, word.round);
    for (const port of ports) port.post({ serve: true, round });
    serving = true;
  };

  return {
    count,
    load: async (module, names) => {
      recall();
      const first = kernels.length;
      const { exports } = new WebAssembly.Instance(module, hostImports(memory));
      for (const name of names) kernels.push(exports[name] as unknown as Kernel);
      for (const port of ports) port.post({ module, names, first, unload: gone });
      gone = [];
      await Promise.all(ports.map((port) => port.ready()));
      return first;
    },
    unload: (first, size) => {
      kernels.fill(undefined, first, first + size);
      gone.push([first, size]);
    },
    launch: (kernel, parameters, items, alone) => {
      if (alone || count === 1 || items < 2) {
        called(kernel)(parameters, 0, items, 0);
        return;
      }
      if (!serving) enlist();
      control[word.kernel] = kernel;
      control[word.parameters] = parameters;
      control[word.items] = items;
      signal();
      const end = Math.floor(items / count);
      try {
        if (end > 0) called(kernel)(parameters, 0, end, 0);
      } finally {
        wait();
      }
      const trapped = Atomics.load(control, word.trapped);
      if (trapped > 0) throw new Error(`a kernel failed on thread ${trapped} of ${count}`);
    },
    close: () => {
      recall();
      for (const port of ports) port.stop();
    },
  };
};
