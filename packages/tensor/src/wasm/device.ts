/** The `wasm` device: kernels emitted for each program, one shared memory, worker threads. */
import { checkOptions } from '../check.ts';
import type { Device } from '../device.ts';
import { checked } from '../finite.ts';
import { lifeOf } from '../life.ts';
import { dtypeOf, sizeOf } from '../shape.ts';
import { openArena } from './arena.ts';
import { compile, type Shop } from './executable.ts';
import { Heap } from './heap.ts';
import { chooseTile } from './kernels.ts';
import { type WasmOptions, wasmRules } from './options.ts';
import { isNode, openThreads } from './threads.ts';

export const openWasm = async (options: WasmOptions = {}): Promise<Device> => {
  checkOptions('openWasm', wasmRules, options);
  const { threads: wanted, wide = true, kernels, profile } = options;
  const cores = isNode() ? await (await import('./node.ts')).coreCount() : (navigator.hardwareConcurrency ?? 1);
  const canShare = typeof SharedArrayBuffer !== 'undefined' && (isNode() || globalThis.crossOriginIsolated === true);
  const tile = await chooseTile(wide && !(isNode() && process.env.GDARKNET_NO_REVEC), kernels);
  const heap = new Heap(canShare);
  const threads = await openThreads(heap, wanted ?? cores);
  const life = lifeOf('wasm');
  let plans = 0;
  const shop: Shop = { heap, arena: openArena(heap), threads, tile, life, profile, number: () => plans++ };

  const device: Device = {
    name: 'wasm',
    description: `WebAssembly, ${threads.count} thread${threads.count === 1 ? '' : 's'}, ${tile.label}`,
    compile: (graph, options) => compile(shop, graph, options),
    upload: (data, shape) => {
      life.check();
      return { shape, dtype: dtypeOf(data), handle: heap.place(data) };
    },
    read: async ({ handle, dtype, shape }) => {
      life.check();
      return heap.array(handle as number, dtype, sizeOf(shape)).slice();
    },
    free: ({ handle }) => heap.release(handle as number),
    peak: tile.gflops * threads.count,
    memory: () => heap.used(),
    close: async () => {
      if (life.isClosed()) return;
      life.end();
      threads.close();
    },
  };
  return checked(device, options.check);
};
