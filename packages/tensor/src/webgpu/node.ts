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
  // Otherwise the clock of kernels ticks every 0.1 ms, and there are no matrix units: pages of strangers may not have either.
  return loaded.create(['enable-dawn-features=allow_unsafe_apis', 'disable-dawn-features=timestamp_quantization']);
};

export const openDawn = (): Promise<GPU> => {
  dawn ??= load();
  return dawn;
};

/** Where Linux keeps descriptions of Vulkan drivers. */
const driverFolders = [
  '/usr/share/vulkan/icd.d',
  '/etc/vulkan/icd.d',
  '/usr/local/share/vulkan/icd.d',
  '/usr/local/nvidia/share/vulkan/icd.d',
];
/** What shows that there is a graphics card: of the kernel, of NVIDIA's driver in a container, of Windows under Linux. */
const cards = ['/dev/dri', '/dev/nvidiactl', '/dev/dxg'];

/**
 * Whether it is worth looking for a graphics card: loading Dawn takes a while, and without a driver it complains. Drivers
 * that emulate one (lavapipe, SwiftShader) do not count.
 */
export const mayHaveGpu = async (): Promise<boolean> => {
  if (process.platform !== 'linux') return process.platform === 'darwin' || process.platform === 'win32';
  const { existsSync, readdirSync } = await import('node:fs');
  const named = [process.env.VK_DRIVER_FILES, process.env.VK_ICD_FILENAMES].flatMap((list) => list?.split(':') ?? []);
  const drivers = [...named, ...driverFolders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []))];
  return drivers.some((name) => !/lvp|swiftshader/i.test(name)) && cards.some((path) => existsSync(path));
};

const cacheFolder = async (): Promise<string> => {
  const [{ join }, { homedir }] = await Promise.all([import('node:path'), import('node:os')]);
  const byPlatform: Partial<Record<NodeJS.Platform, string>> = {
    win32: process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'),
    darwin: join(homedir(), 'Library', 'Caches'),
  };
  const base = byPlatform[process.platform] ?? (process.env.XDG_CACHE_HOME || join(homedir(), '.cache'));
  return join(base, 'gdarknet');
};

/** A file of the user's cache; null where there is none. */
export const readCache = async (name: string): Promise<string | null> => {
  const [{ join }, { readFile }] = await Promise.all([import('node:path'), import('node:fs/promises')]);
  return readFile(join(await cacheFolder(), name), 'utf8').catch(() => null);
};

/** Writes it whole or not at all. A cache that cannot be written is no fault. */
export const writeCache = async (name: string, text: string): Promise<void> => {
  const [{ join }, fs] = await Promise.all([import('node:path'), import('node:fs/promises')]);
  const folder = await cacheFolder();
  const beside = join(folder, `.${name}.${process.pid}`);
  try {
    await fs.mkdir(folder, { recursive: true });
    await fs.writeFile(beside, text);
    await fs.rename(beside, join(folder, name));
  } catch {
    await fs.rm(beside, { force: true }).catch(() => {});
  }
};
