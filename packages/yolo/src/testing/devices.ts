/** The devices that tests of networks run on. */
import { type Device, openDevice, openReference, openWasm } from '@gdarknet/tensor';
import { swiftshader } from '../../../../test/swiftshader.ts';

export type TestDevice = { readonly name: string; readonly open: () => Promise<Device> };

/** Without a Vulkan driver that can be had, `webgpu` is left out; the conformance suite of tensor says why. */
export const devices: readonly TestDevice[] = [
  { name: 'reference', open: async () => openReference() },
  { name: 'wasm', open: () => openWasm({ threads: 2 }) },
  ...(swiftshader === undefined ? [{ name: 'webgpu', open: () => openDevice('webgpu') }] : []),
];
