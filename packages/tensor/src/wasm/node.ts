/** What only Node has: worker threads, and V8's compiler flags, which may be set while the process runs. */
import type { Port } from './threads.ts';

/** How kernels are compiled: at once and optimised; `wide` also pairs 128-bit vectors into 256-bit ones (Node 24 on AVX2). */
const version = Number(process.versions.node.split('.')[0]);
const flags = [
  '--no-liftoff',
  '--no-wasm-lazy-compilation',
  // Fused multiply-add is on by itself from Node 22.
  ...(version < 22 ? ['--experimental-wasm-relaxed-simd'] : []),
];
const wideFlag = '--experimental-wasm-revectorize';
const afterwards = ['--liftoff', '--wasm-lazy-compilation'];

export const compileModule = async (bytes: Uint8Array<ArrayBuffer>, wide: boolean): Promise<WebAssembly.Module> => {
  const v8 = await import('node:v8');
  for (const flag of wide ? [...flags, wideFlag] : flags) v8.setFlagsFromString(flag);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    for (const flag of afterwards) v8.setFlagsFromString(flag);
    if (wide) v8.setFlagsFromString('--no-experimental-wasm-revectorize');
  }
};

/** Unknown flags make V8 complain on stderr, so the version decides. */
export const hasWideVectors = (): boolean => version >= 24 && process.arch === 'x64';

export const openNodeWorker = async (source: string): Promise<Port> => {
  const { Worker } = await import('node:worker_threads');
  const worker = new Worker(source, { eval: true, execArgv: [] });
  let settle: { yes: () => void; no: (error: unknown) => void } = { yes: () => {}, no: () => {} };
  let settled: Promise<void> = Promise.resolve();
  worker.on('message', () => settle.yes());
  worker.on('error', (error) => settle.no(error));
  // A device that nobody closed does not keep the process alive.
  worker.unref();
  return {
    post: (message) => {
      settled = new Promise((yes, no) => {
        settle = { yes, no };
      });
      settled.catch(() => {});
      worker.postMessage(message);
    },
    ready: async () => {
      worker.ref();
      await settled;
      worker.unref();
    },
    stop: () => void worker.terminate(),
  };
};

export const coreCount = async (): Promise<number> => {
  const os = await import('node:os');
  return os.availableParallelism();
};
