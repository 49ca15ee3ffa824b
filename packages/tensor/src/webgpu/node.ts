/** Dawn for Node (npm `webgpu`), loaded when it is asked for. */
import { NoAdapterError } from './errors.ts';

// Dropping the object that `create` gives ends the process at the next collection of garbage.
let dawn: Promise<GPU> | undefined;

const load = async (): Promise<GPU> => {
  let loaded: { create: (options: string[]) => GPU; globals: object };
  try {
    loaded = await import('webgpu');
  } catch (error) {
    throw new NoAdapterError(`WebGPU in Node comes with the package "webgpu", which cannot be loaded: ${error}`);
  }
  Object.assign(globalThis, loaded.globals);
  return loaded.create([]);
};

export const openDawn = (): Promise<GPU> => {
  dawn ??= load();
  return dawn;
};

/** Where Linux keeps descriptions of Vulkan drivers. */
const driverFolders = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];

/**
 * Whether it is worth looking for a graphics card: loading Dawn takes a while, and without a driver it complains. Drivers
 * that emulate one (lavapipe, SwiftShader) do not count.
 */
export const mayHaveGpu = async (): Promise<boolean> => {
  if (process.platform !== 'linux') return process.platform === 'darwin' || process.platform === 'win32';
  const { existsSync, readdirSync } = await import('node:fs');
  const drivers = driverFolders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  return drivers.some((name) => !/lvp|swiftshader/i.test(name)) && existsSync('/dev/dri');
};
