/** Devices by name. */
import { check, checkOptions, type OptionRules, oneOf } from './check.ts';
import type { Device } from './device.ts';
import { openReference, type ReferenceOptions, referenceRules } from './reference/device.ts';
import { openWasm } from './wasm/device.ts';
import { NoVectorsError } from './wasm/kernels.ts';
import { type WasmOptions, wasmRules } from './wasm/options.ts';
import { isNode } from './wasm/threads.ts';
import { type WebGpuOptions, webGpuRules } from './webgpu/options.ts';

export const deviceNames = ['auto', 'reference', 'wasm', 'webgpu'] as const;
export type DeviceName = (typeof deviceNames)[number];

export type OpenOptions = WasmOptions & WebGpuOptions & ReferenceOptions;

const rules: OptionRules<OpenOptions> = { ...wasmRules, ...webGpuRules, ...referenceRules };

/** Of the options those that a device has. */
const only = <O extends object>(options: OpenOptions, of: OptionRules<O>): O =>
  Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(of, name))) as O;

/** Code for graphics cards is loaded when it is asked for. */
const openWebGpu = async (options: OpenOptions): Promise<Device> =>
  (await import('./webgpu/device.ts')).openWebGpu(only(options, webGpuRules));

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
  openWasm(only(options, wasmRules)).catch((error) => {
    if (error instanceof NoVectorsError) return openReference(only(options, referenceRules));
    throw error;
  });

/**
 * Options are those of every device: one that is not opened does not look at its own (`device.description` and
 * `device.precision` say what was opened), but no device has others.
 *
 * `auto` is the fastest that runs here: a graphics card, else `wasm`, else (no vectors) `reference`; `device.description`
 * says what was opened; with an `adapter` it is that one or an error. `webgpu` also takes an adapter that is emulated on the
 * processor, and says so.
 */
export const openDevice = async (name: DeviceName = 'auto', options: OpenOptions = {}): Promise<Device> => {
  check('openDevice', 'the name', oneOf(deviceNames), name);
  checkOptions('openDevice', rules, options);
  switch (name) {
    case 'reference':
      return openReference(only(options, referenceRules));
    case 'wasm':
      return openWasm(only(options, wasmRules));
    case 'webgpu':
      return openWebGpu(options);
    case 'auto':
      return options.adapter === undefined
        ? ((await openRealGpu(options)) ?? openProcessor(options))
        : openWebGpu(options);
  }
};
