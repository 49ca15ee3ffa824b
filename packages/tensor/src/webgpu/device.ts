/** The `webgpu` device: kernels in WGSL, one submission for each run of a program. */
import { checkOptions } from '../check.ts';
import type { Buffer, Device } from '../device.ts';
import { checked } from '../finite.ts';
import { DeviceLostError, type Life, lifeOf } from '../life.ts';
import { dtypeOf, type HostArray, sizeOf } from '../shape.ts';
import { type AdapterFacts, chooseAdapter, factsOf, limitNames } from './adapter.ts';
import { align, hostArray, Pool, Scratch } from './buffers.ts';
import { NoAdapterError, NoClockError } from './errors.ts';
import { compile } from './executable.ts';
import { notebookFor } from './notebook.ts';
import { type WebGpuOptions, webGpuRules } from './options.ts';
import { openPipelines } from './pipelines.ts';
import { disagreement } from './proof.ts';
import type { Shop } from './shop.ts';
import { openTuner } from './tuning.ts';
import { type Units, unitFeatures, unitsName, unitsOf } from './units.ts';

const behind = new WeakMap<Device, GPUDevice>();
/** The GPUDevice of a `webgpu` device, to share it with other code; undefined for other devices. */
export const gpuOf = (device: Device): GPUDevice | undefined => behind.get(device);

/** Features that are used where an adapter has them. */
const wantedFeatures = ['timestamp-query', 'shader-f16'] as const satisfies readonly GPUFeatureName[];

const isTestMachine = (): boolean => typeof process !== 'undefined' && Boolean(process.env?.CI);

const describe = ({ name, emulated }: AdapterFacts, half: boolean, units?: Units, fault?: string): string =>
  [
    `WebGPU, ${name}${emulated ? ' (emulated on the processor)' : ''}`,
    ...(half ? ['images as f16'] : []),
    ...(units ? [unitsName(units)] : []),
    ...(fault === undefined ? [] : [`without matrix units (${fault})`]),
  ].join(', ');

/** The adapter's device with what the options ask for, or the error that says what the adapter lacks. */
const requestGpu = async (
  adapter: GPUAdapter,
  facts: AdapterFacts,
  { precision, matrixUnits, profile }: WebGpuOptions,
) => {
  const features = wantedFeatures.filter((name) => adapter.features.has(name));
  const hasClock = features.includes('timestamp-query');
  const half = precision === 'f16';
  if (half && !features.includes('shader-f16'))
    throw new NoAdapterError(`${facts.name} cannot store 16 bits: it has no shader-f16. Use the precision f32.`);
  if (profile && !hasClock) throw new NoClockError(`${facts.name} cannot time kernels: it has no timestamp-query.`);
  const units = half && matrixUnits !== false ? unitsOf(adapter) : undefined;
  const gpu = await adapter.requestDevice({
    requiredFeatures: [...features, ...(units ? (unitFeatures(units) as GPUFeatureName[]) : [])],
    requiredLimits: Object.fromEntries(limitNames.map((name) => [name, adapter.limits[name]])),
  });
  return { gpu, half, hasClock, units };
};

/** What is lost or fails behind our back ends the device's life. */
const watched = (gpu: GPUDevice, { name }: AdapterFacts): Life => {
  const life = lifeOf('webgpu');
  void gpu.lost.then(({ message }) => life.lose(new DeviceLostError(`The device ${name} was lost: ${message}`)));
  gpu.addEventListener('uncapturederror', (event) => {
    const { message } = (event as GPUUncapturedErrorEvent).error;
    life.lose(new DeviceLostError(`The device ${name} failed: ${message}`));
  });
  return life;
};

/** The values of a buffer; `staging` has memory that the host can map. */
const readBack = async (
  gpu: GPUDevice,
  staging: Pool,
  { handle, dtype, shape }: Buffer,
  check: () => void,
): Promise<HostArray> => {
  check();
  const length = sizeOf(shape);
  const target = staging.take(4 * length);
  const encoder = gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(handle as GPUBuffer, 0, target, 0, align(4 * length));
  gpu.queue.submit([encoder.finish()]);
  try {
    await target.mapAsync(GPUMapMode.READ);
  } catch (error) {
    check();
    throw error;
  }
  const copy = hostArray(dtype, target.getMappedRange().slice(0, 4 * length), length);
  target.unmap();
  staging.give(target);
  check();
  return copy;
};

export const openWebGpu = async (options: WebGpuOptions = {}): Promise<Device> => {
  checkOptions('openWebGpu', webGpuRules, options);
  const { matrices, way, profile } = options;
  const adapter = await chooseAdapter(options.adapter);
  const facts = factsOf(adapter);
  const { gpu, half, hasClock, units: told } = await requestGpu(adapter, facts, options);
  const life = watched(gpu, facts);
  const { check } = life;
  const usage = GPUBufferUsage;
  const storage = new Pool(gpu, usage.STORAGE | usage.COPY_SRC | usage.COPY_DST);
  const staging = new Pool(gpu, usage.MAP_READ | usage.COPY_DST);
  const upload = (data: HostArray): GPUBuffer => {
    const buffer = storage.take(data.byteLength);
    gpu.queue.writeBuffer(buffer, 0, data.buffer, data.byteOffset, data.byteLength);
    return buffer;
  };
  const pipelines = openPipelines(gpu);
  const fault = told && (await disagreement(gpu, pipelines, told));
  const units = fault === undefined ? told : undefined;
  let programs = 0;
  const tunes = options.autotune ?? (!facts.emulated && !isTestMachine());
  const shop: Shop = {
    gpu,
    facts,
    half,
    storage,
    pipelines,
    way,
    profile,
    upload,
    check,
    means: {
      barriers: matrices === undefined ? !facts.emulated : matrices === 'shared',
      maxBuffers: gpu.limits.maxStorageBuffersPerShaderStage,
      units,
    },
    scratch: new Scratch(storage),
    temporaries: new Scratch(storage),
    tuner: tunes && hasClock ? await openTuner(gpu, pipelines, notebookFor(facts)) : undefined,
    number: () => programs++,
    clock: {},
    untold: new Set(),
  };

  const device: Device = {
    name: 'webgpu',
    description: describe(facts, half, units, fault),
    ...(half && { precision: 'f16' as const }),
    compile: (graph, compileOptions) => compile(shop, graph, compileOptions),
    upload: (data, shape) => {
      check();
      return { shape, dtype: dtypeOf(data), handle: upload(data) };
    },
    read: (buffer) => readBack(gpu, staging, buffer, check),
    free: ({ handle }) => storage.give(handle as GPUBuffer),
    memory: () => storage.bytes(),
    close: async () => {
      await Promise.allSettled(shop.untold);
      life.end();
      gpu.destroy();
    },
  };
  const opened = checked(device, options.check);
  behind.set(opened, gpu);
  return opened;
};
