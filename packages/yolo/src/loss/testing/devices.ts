/** The devices that the loss is tested on. */
import { type Device, openReference, openWasm } from '@gdarknet/tensor';

export const devices: readonly (readonly [name: string, open: () => Device | Promise<Device>])[] = [
  ['reference', openReference],
  ['wasm', () => openWasm({ threads: 2 })],
];
