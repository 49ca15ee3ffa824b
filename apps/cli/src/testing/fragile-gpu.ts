/**
 * The command with a graphics card that is taken away in the middle: `GDARKNET_LOSE_AFTER` submissions after the device was
 * opened. Everything else is Dawn's own.
 */
import { createRequire } from 'node:module';

const { create, globals } = createRequire(new URL('../../../../packages/tensor/package.json', import.meta.url))(
  'webgpu',
) as { create: (options: readonly string[]) => GPU; globals: object };
Object.assign(globalThis, globals);
const gpu = create([]);
let left = Number(process.env.GDARKNET_LOSE_AFTER);

const fragile = (device: GPUDevice): GPUDevice => {
  const submit = device.queue.submit.bind(device.queue);
  device.queue.submit = (commands) => {
    submit(commands);
    if (--left === 0) device.destroy();
    return undefined;
  };
  return device;
};
const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter | null> => {
  const adapter = await gpu.requestAdapter(options);
  if (adapter) {
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (wanted) => fragile(await requestDevice(wanted));
  }
  return adapter;
};
Object.defineProperty(globalThis, 'navigator', { value: { gpu: { requestAdapter } } });

await import('../main.ts');
