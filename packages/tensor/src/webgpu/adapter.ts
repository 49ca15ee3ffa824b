/** Adapters: where WebGPU comes from, which one is taken, and what it is. */
import { NoAdapterError } from './errors.ts';

export type AdapterFacts = {
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  /** A processor that pretends to be a graphics card. */
  readonly emulated: boolean;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<LimitName, number>>;
};

export const limitNames = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
] as const;
export type LimitName = (typeof limitNames)[number];

/** Where the browser, or Dawn for Node, gives WebGPU. */
export const findGpu = async (): Promise<GPU> => {
  if (typeof navigator !== 'undefined' && navigator.gpu) return navigator.gpu;
  if (typeof process !== 'undefined' && process.versions?.node) return (await import('./node.ts')).openDawn();
  throw new NoAdapterError('This browser has no WebGPU; use the device "wasm".');
};

const isEmulated = ({ vendor, architecture, description, device }: GPUAdapterInfo, fallback: boolean): boolean =>
  fallback ||
  /swiftshader|llvmpipe|lavapipe|software|microsoft basic/i.test(`${vendor} ${architecture} ${description} ${device}`);

export const factsOf = (adapter: GPUAdapter): AdapterFacts => {
  const { info, features, limits } = adapter;
  const fallback = (info as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? false;
  return {
    name: info.description || info.device || info.architecture || info.vendor || 'unnamed adapter',
    vendor: info.vendor,
    architecture: info.architecture,
    emulated: isEmulated(info, fallback),
    features: [...features].sort(),
    limits: Object.fromEntries(limitNames.map((name) => [name, limits[name]])) as Record<LimitName, number>,
  };
};

/** The adapters that can be told apart: the one for performance, and the one for low power where it is another. */
export const listAdapters = async (): Promise<readonly GPUAdapter[]> => {
  const gpu = await findGpu();
  const found: GPUAdapter[] = [];
  for (const powerPreference of ['high-performance', 'low-power'] as const) {
    const adapter = await gpu.requestAdapter({ powerPreference });
    const same = (other: GPUAdapter) => JSON.stringify(factsOf(other)) === JSON.stringify(adapter && factsOf(adapter));
    if (adapter && !found.some(same)) found.push(adapter);
  }
  return found;
};

/** What `listAdapters` finds, for people to choose from; empty where there is no WebGPU. */
export const listAdapterFacts = async (): Promise<readonly AdapterFacts[]> => (await listAdapters()).map(factsOf);

/** An adapter by its index in the list or a part of its name. */
export const chooseAdapter = async (wanted?: string): Promise<GPUAdapter> => {
  const adapters = await listAdapters();
  const told = adapters.map((adapter, i) => `${i}: ${factsOf(adapter).name}`).join(', ') || 'none';
  const chosen =
    wanted === undefined
      ? adapters[0]
      : /^\d+$/.test(wanted)
        ? adapters[Number(wanted)]
        : adapters.find((adapter) => {
            const { name, vendor, architecture } = factsOf(adapter);
            return `${name} ${vendor} ${architecture}`.toLowerCase().includes(wanted.toLowerCase());
          });
  if (chosen) return chosen;
  throw new NoAdapterError(
    adapters.length === 0
      ? 'WebGPU finds no adapter here: a graphics driver with Vulkan, Metal or D3D12 is needed. Use the device "wasm".'
      : `There is no adapter "${wanted}"; there are ${told}.`,
  );
};
