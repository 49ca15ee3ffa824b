/** Devices by name. */
import type { Device } from './device.ts';
import { openReference } from './reference/device.ts';
import { openWasm, type WasmOptions } from './wasm/device.ts';

export const deviceNames = ['auto', 'reference', 'wasm'] as const;
export type DeviceName = (typeof deviceNames)[number];

export type OpenOptions = WasmOptions;

/** `auto` is the fastest that runs here; `device.description` says what was opened. */
export const openDevice = async (name: DeviceName = 'auto', options: OpenOptions = {}): Promise<Device> => {
  switch (name) {
    case 'reference':
      return openReference();
    case 'auto':
    case 'wasm':
      return openWasm(options);
    default:
      throw new RangeError(`There is no device "${name}"; expected one of ${deviceNames.join(', ')}.`);
  }
};
