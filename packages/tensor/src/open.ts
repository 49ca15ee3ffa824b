/** Devices by name. */
import type { Device } from './device.ts';
import { openReference } from './reference/device.ts';
import { openWasm, type WasmOptions } from './wasm/device.ts';
import { NoVectorsError } from './wasm/kernels.ts';
import { isNode } from './wasm/threads.ts';
import type { WebGpuOptions } from './webgpu/device.ts';

export const deviceNames = ['auto', 'reference', 'wasm', 'webgpu'] as const;
export type DeviceName = (typeof deviceNames)[number];

export type OpenOptions = WasmOptions & WebGpuOptions;

/** Code for graphics cards is loaded when it is asked for. */
const openWebGpu = async (options: WebGpuOptions): Promise<Device> =>
  (await import('./webgpu/device.ts')).openWebGpu(options);

/** The graphics card, if there is one; a processor that pretends to be one is slower than `wasm`. */
const openRealGpu = async (options: OpenOptions): Promise<Device | undefined> => {
  const expected = isNode()
    ? await (await import('./webgpu/node.ts')).mayHaveGpu()
    : typeof navigator !== 'undefined' && Boolean(navigator.gpu);
  if (!expected) return undefined;
  try {
    const { chooseAdapter, factsOf } = await import('./webgpu/adapter.ts');
    if (factsOf(await chooseAdapter(options.adapter)).emulated) return undefined;
    return await openWebGpu(options);
  } catch {
    return undefined;
  }
};

const openProcessor = (options: OpenOptions): Promise<Device> =>
  openWasm(options).catch((error) => {
    if (error instanceof NoVectorsError) return openReference();
    throw error;
  });

/**
 * `auto` is the fastest that runs here: a graphics card, else `wasm`, else (no vectors) `reference`; `device.description`
 * says what was opened; with an `adapter` it is that one or an error. `webgpu` also takes an adapter that is emulated on the
 * processor, and says so.
 */
export const openDevice = async (name: DeviceName = 'auto', options: OpenOptions = {}): Promise<Device> => {
  switch (name) {
    case 'reference':
      return openReference();
    case 'wasm':
      return openWasm(options);
    case 'webgpu':
      return openWebGpu(options);
    case 'auto':
      return options.adapter === undefined
        ? ((await openRealGpu(options)) ?? openProcessor(options))
        : openWebGpu(options);
    default:
      throw new RangeError(`There is no device "${name}"; expected one of ${deviceNames.join(', ')}.`);
  }
};
