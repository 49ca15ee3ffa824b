/** The `webgpu` device: kernels in WGSL, one submission for each run of a program. */
import type { Buffer, CompileOptions, Device, Executable } from '../device.ts';
import type { Graph } from '../graph.ts';
import { costOf } from '../plan/cost.ts';
import { planGraph } from '../plan/plan.ts';
import type { Place, Program, ValueId } from '../plan/program.ts';
import { type DType, dtypeOf, type HostArray, sizeOf } from '../shape.ts';
import { chooseAdapter, factsOf, limitNames } from './adapter.ts';
import { DeviceLostError, TooLargeError } from './errors.ts';
import type { Binding, Kernel } from './kernel.ts';
import { lower } from './lower.ts';
import { assignSlots } from './slots.ts';

export type WebGpuOptions = {
  /** Index of the adapter, or a part of its name. Default: the one for performance. */
  readonly adapter?: string;
  /** Matrix kernels with shared memory or with registers alone. Default: as suits the adapter. */
  readonly matrices?: 'shared' | 'registers';
};

const behind = new WeakMap<Device, GPUDevice>();
/** The GPUDevice of a `webgpu` device, to share it with other code; undefined for other devices. */
export const gpuOf = (device: Device): GPUDevice | undefined => behind.get(device);

const align = (bytes: number): number => Math.max(16, Math.ceil(bytes / 16) * 16);
const hostArray = (dtype: DType, buffer: ArrayBuffer, length: number): HostArray =>
  dtype === 'f32'
    ? new Float32Array(buffer, 0, length)
    : dtype === 'i32'
      ? new Int32Array(buffer, 0, length)
      : new Uint32Array(buffer, 0, length);

/** Buffers by size, used again: a training step asks for the same ones every time. */
class Pool {
  private readonly device: GPUDevice;
  private readonly usage: GPUBufferUsageFlags;
  private readonly free = new Map<number, GPUBuffer[]>();
  readonly all = new Set<GPUBuffer>();
  constructor(device: GPUDevice, usage: GPUBufferUsageFlags) {
    this.device = device;
    this.usage = usage;
  }
  take(bytes: number): GPUBuffer {
    const size = align(bytes);
    const known = this.free.get(size)?.pop();
    if (known) return known;
    const buffer = this.device.createBuffer({ size, usage: this.usage });
    this.all.add(buffer);
    return buffer;
  }
  give(buffer: GPUBuffer): void {
    const list = this.free.get(buffer.size);
    if (list) list.push(buffer);
    else this.free.set(buffer.size, [buffer]);
  }
  destroy(buffer: GPUBuffer): void {
    this.all.delete(buffer);
    buffer.destroy();
  }
}

/** `f` on one thread's worth of what the graphics driver may refuse, with the refusal as an error. */
const guarded = async <T>(device: GPUDevice, f: () => Promise<T> | T): Promise<T> => {
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  let result: T;
  try {
    result = await f();
  } catch (error) {
    await device.popErrorScope();
    await device.popErrorScope();
    throw error;
  }
  const [invalid, full] = [await device.popErrorScope(), await device.popErrorScope()];
  if (full) throw new TooLargeError(`The adapter is out of memory: ${full.message}`);
  if (invalid) throw new Error(invalid.message);
  return result;
};

type Ready = {
  readonly kernel: Kernel;
  readonly pipeline: GPUComputePipeline;
  bound: readonly GPUBuffer[];
  group?: GPUBindGroup;
};

export const openWebGpu = async ({ adapter: wanted, matrices }: WebGpuOptions = {}): Promise<Device> => {
  const adapter = await chooseAdapter(wanted);
  const facts = factsOf(adapter);
  const gpu = await adapter.requestDevice({
    requiredLimits: Object.fromEntries(limitNames.map((name) => [name, adapter.limits[name]])),
  });
  const { limits } = gpu;
  const barriers = matrices === undefined ? !facts.emulated : matrices === 'shared';
  let failure: Error | undefined;
  let closing = false;
  void gpu.lost.then(({ message }) => {
    if (!closing) failure ??= new DeviceLostError(`The device ${facts.name} was lost: ${message}`);
  });
  gpu.addEventListener('uncapturederror', (event) => {
    failure ??= new Error((event as GPUUncapturedErrorEvent).error.message);
  });
  const check = (): void => {
    if (failure) throw failure;
  };
  const usage = GPUBufferUsage;
  const storage = new Pool(gpu, usage.STORAGE | usage.COPY_SRC | usage.COPY_DST);
  const staging = new Pool(gpu, usage.MAP_READ | usage.COPY_DST);
  const pipelines = new Map<string, Promise<GPUComputePipeline>>();

  const upload = (data: HostArray): GPUBuffer => {
    const buffer = storage.take(data.byteLength);
    gpu.queue.writeBuffer(buffer, 0, data.buffer, data.byteOffset, data.byteLength);
    return buffer;
  };

  const pipelineFor = (kernel: Kernel, program: Program): Promise<GPUComputePipeline> => {
    const known = pipelines.get(kernel.code);
    if (known) return known;
    const { kind } = program.steps[kernel.step];
    const { label } = costOf(program.steps[kernel.step], program);
    const made = (async () => {
      const module = gpu.createShaderModule({ label: kind, code: kernel.code });
      try {
        return await gpu.createComputePipelineAsync({ label, layout: 'auto', compute: { module, entryPoint: 'main' } });
      } catch (error) {
        const { messages } = await module.getCompilationInfo();
        const told = messages.map((m) => `line ${m.lineNum}: ${m.message}`).join('; ');
        throw new Error(`The kernel of ${label} does not compile: ${told || error}`);
      }
    })();
    pipelines.set(kernel.code, made);
    return made;
  };

  /** Refuses before anything runs. */
  const checkSizes = (program: Program, bytes: readonly number[]): void => {
    const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
    const largest = Math.max(0, ...bytes, ...program.values.map(({ shape }) => 4 * sizeOf(shape)));
    if (largest <= most) return;
    const value = program.values.find(({ shape }) => 4 * sizeOf(shape) === largest);
    const parts = Math.ceil(largest / most);
    throw new TooLargeError(
      `A value ${value ? `[${value.shape}] ` : ''}needs ${largest} bytes, and ${facts.name} allows ${most} in one buffer. Work on fewer images at a time (${parts} times the subdivisions), or use the device "wasm".`,
    );
  };

  const compile = async (graph: Graph, options: CompileOptions = {}): Promise<Executable> => {
    check();
    const program = planGraph(graph, options);
    const lowered = lower(program, barriers, limits.maxStorageBuffersPerShaderStage);
    const slots = assignSlots(program);
    for (const { step, bindings } of lowered.kernels) {
      if (bindings.length > limits.maxStorageBuffersPerShaderStage) {
        const { label } = costOf(program.steps[step], program);
        throw new TooLargeError(
          `${label} reads and writes ${bindings.length} buffers at once, and ${facts.name} allows ${limits.maxStorageBuffersPerShaderStage}.`,
        );
      }
    }
    // Temporaries last for one step: the next step uses the same buffers.
    const byStep = new Map<number, number>();
    const temporarySizes: number[] = [];
    const temporaryOf = lowered.temporaries.map(({ size, step }) => {
      const rank = byStep.get(step) ?? 0;
      byStep.set(step, rank + 1);
      temporarySizes[rank] = Math.max(temporarySizes[rank] ?? 0, 4 * size);
      return rank;
    });
    checkSizes(program, [...slots.sizes, ...temporarySizes]);
    const made = await guarded(gpu, async () => ({
      ready: await Promise.all(
        lowered.kernels.map(
          async (kernel): Promise<Ready> => ({ kernel, pipeline: await pipelineFor(kernel, program), bound: [] }),
        ),
      ),
      scratch: slots.sizes.map((bytes) => storage.take(bytes)),
      temporaries: temporarySizes.map((bytes) => storage.take(bytes)),
    }));
    const { ready, scratch, temporaries } = made;
    const constants = new Map<Place, GPUBuffer>();
    for (const { place } of program.values) {
      if (place.kind === 'constant' && !constants.has(place)) constants.set(place, upload(place.data));
    }
    const donated = new Set(options.donated ?? []);
    const uploads = new Map<number, GPUBuffer>();

    /** An argument's buffer: its own, or the plan's copy of a host array. */
    const bring = (argument: Buffer | HostArray, index: number): GPUBuffer => {
      if (!ArrayBuffer.isView(argument)) return argument.handle as GPUBuffer;
      const known = donated.has(index) ? undefined : uploads.get(index);
      if (!known) {
        const buffer = upload(argument);
        if (!donated.has(index)) uploads.set(index, buffer);
        return buffer;
      }
      gpu.queue.writeBuffer(known, 0, argument.buffer, argument.byteOffset, argument.byteLength);
      return known;
    };

    const start: Executable['start'] = (args) => {
      check();
      const given = args.map(bring);
      const reused = new Set<number>();
      const results = program.results.map((id): Buffer => {
        const { place, shape, dtype } = program.values[id];
        if (place.kind !== 'result') throw new Error('a result has a place of its own');
        if (place.reuses === undefined) return { shape, dtype, handle: storage.take(4 * sizeOf(shape)) };
        reused.add(place.reuses);
        return { shape, dtype, handle: given[place.reuses] };
      });
      const bufferOf = (id: ValueId): GPUBuffer => {
        const { place } = program.values[id];
        switch (place.kind) {
          case 'argument':
            return given[place.index];
          case 'constant':
            return constants.get(place) as GPUBuffer;
          case 'stored':
            return place.stored.buffer.handle as GPUBuffer;
          case 'scratch':
            return scratch[slots.of.get(place) ?? 0];
          case 'result':
            return results[place.index].handle as GPUBuffer;
        }
      };
      const bufferFor = ({ operand }: Binding): GPUBuffer =>
        'value' in operand ? bufferOf(operand.value) : temporaries[temporaryOf[operand.temporary]];

      let [next, stage] = [0, 0];
      /** One submission. */
      const submit = (end: number): void => {
        const encoder = gpu.createCommandEncoder();
        const pass = encoder.beginComputePass();
        for (; next < ready.length && ready[next].kernel.step < end; next++) {
          const entry = ready[next];
          const { kernel, pipeline, bound } = entry;
          const { bindings, groups } = kernel;
          let same = bound.length === bindings.length;
          for (let i = 0; same && i < bindings.length; i++) same = bufferFor(bindings[i]) === bound[i];
          if (!same || !entry.group) {
            entry.bound = bindings.map(bufferFor);
            entry.group = gpu.createBindGroup({
              layout: pipeline.getBindGroupLayout(0),
              entries: entry.bound.map((buffer, binding) => ({ binding, resource: { buffer } })),
            });
          }
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, entry.group);
          pass.dispatchWorkgroups(...groups);
        }
        pass.end();
        gpu.queue.submit([encoder.finish()]);
      };
      const advance = (): boolean => {
        if (stage === program.stages.length) return false;
        check();
        submit(program.stages[stage++]);
        if (stage < program.stages.length) return true;
        for (const index of donated) if (!reused.has(index)) storage.give(given[index]);
        return true;
      };
      return { results, advance };
    };

    return {
      start,
      close: () => {
        for (const buffer of [...scratch, ...temporaries, ...constants.values(), ...uploads.values()])
          storage.give(buffer);
        uploads.clear();
        constants.clear();
      },
    };
  };

  const device: Device = {
    name: 'webgpu',
    description: `WebGPU, ${facts.name}${facts.emulated ? ' (emulated on the processor)' : ''}`,
    compile,
    upload: (data, shape) => ({ shape, dtype: dtypeOf(data), handle: upload(data) }),
    read: async ({ handle, dtype, shape }) => {
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
    },
    free: ({ handle }) => storage.give(handle as GPUBuffer),
    memory: () => [...storage.all].reduce((sum, { size }) => sum + size, 0),
    close: async () => {
      closing = true;
      gpu.destroy();
    },
  };
  behind.set(device, gpu);
  return device;
};
