/** From a graph to a replay: pipelines, buffers and bind groups are made once, a stage is one submission. */
import type { Buffer, CompileOptions, Executable, Run } from '../device.ts';
import type { Graph } from '../graph.ts';
import { costOf } from '../plan/cost.ts';
import { planGraph } from '../plan/plan.ts';
import { idsOf, type Place, type Program, type ValueId } from '../plan/program.ts';
import type { ProfileEvent } from '../profile.ts';
import { type HostArray, sizeOf } from '../shape.ts';
import type { AdapterFacts } from './adapter.ts';
import { guarded, type Pool, type Room, type Scratch } from './buffers.ts';
import { TooLargeError } from './errors.ts';
import { halfPlaces } from './half.ts';
import type { Binding, Kernel } from './kernel.ts';
import { lower } from './lower.ts';
import type { Means } from './lowering.ts';
import type { Pipelines } from './pipelines.ts';
import { assignSlots } from './slots.ts';
import { recordTimed, type Timed } from './timer.ts';
import type { Tuner } from './tuning.ts';

/** What all programs of a device share. */
export type Shop = {
  readonly gpu: GPUDevice;
  readonly facts: AdapterFacts;
  readonly means: Means;
  /** Whether images between layers are stored as 16 bits. */
  readonly half: boolean;
  readonly storage: Pool;
  /** Values between steps, and those within a step. */
  readonly scratch: Scratch;
  readonly temporaries: Scratch;
  readonly pipelines: Pipelines;
  readonly tuner?: Tuner | undefined;
  readonly way?: number | undefined;
  readonly profile?: ((event: ProfileEvent) => void) | undefined;
  /** A number for each program. */
  readonly number: () => number;
  /** Since when the profile counts: the first kernel. */
  readonly clock: { origin?: number | undefined };
  /** What is still to be told to `profile`. */
  readonly untold: Set<Promise<void>>;
  readonly upload: (data: HostArray) => GPUBuffer;
  /** Throws what has gone wrong since. */
  readonly check: () => void;
};

type Ready = {
  readonly kernel: Kernel;
  readonly groups: readonly [number, number, number];
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** That the kernel reads beside its operands. */
  readonly numbers: Uint32Array<ArrayBuffer>;
  bound: readonly GPUBuffer[];
  group?: GPUBindGroup;
};

/** The step as people know it: with its layer, where scopes name one. */
const nameOf = (program: Program, step: number): string => {
  const scope = program.scopes[step];
  return `${costOf(program.steps[step], program).label}${scope === undefined ? '' : ` (${scope})`}`;
};

/** Refuses what the adapter has no room for before anything runs. */
const checkSizes = (
  { gpu: { limits }, facts }: Shop,
  program: Program,
  bytesOf: (id: ValueId) => number,
  kernels: readonly Kernel[],
): void => {
  const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  const sizes = idsOf(program).map(bytesOf);
  const largest = sizes.reduce((best, size, i) => (best < 0 || size > sizes[best] ? i : best), -1);
  if (largest >= 0 && sizes[largest] > most) {
    const times = sizes[largest] / most;
    throw new TooLargeError(
      `A value [${program.values[largest].shape}] needs ${sizes[largest]} bytes, and ${facts.name} allows ${most} in one buffer. Work on ${Math.ceil(times)} parts one after another, or use the device "wasm".`,
      times,
    );
  }
  const bindable = limits.maxStorageBuffersPerShaderStage;
  for (const { step, bindings } of kernels) {
    if (bindings.length <= bindable) continue;
    throw new TooLargeError(
      `${nameOf(program, step)} reads and writes ${bindings.length} buffers at once, and ${facts.name} allows ${bindable}.`,
    );
  }
};

/** Temporaries last for one step: the next step uses the same buffers. Bytes of each, and which one each has. */
const shareTemporaries = (temporaries: readonly { readonly size: number; readonly step: number }[]) => {
  const counts = new Map<number, number>();
  const sizes: number[] = [];
  const of = temporaries.map(({ size, step }) => {
    const rank = counts.get(step) ?? 0;
    counts.set(step, rank + 1);
    sizes[rank] = Math.max(sizes[rank] ?? 0, 4 * size);
    return rank;
  });
  return { sizes, of };
};

/** The same for programs that differ in sizes alone. */
const formOf = ({ steps, scopes }: Program): string =>
  steps.map(({ kind }, i) => `${kind} ${scopes[i] ?? ''}`).join('\n');

/** The numbers of all kernels in one buffer, each kernel's where a binding may begin. */
const placeNumbers = (gpu: GPUDevice, ready: readonly Ready[]) => {
  const step = gpu.limits.minUniformBufferOffsetAlignment;
  const offsets = new Map<Ready, number>();
  let bytes = 0;
  for (const entry of ready) {
    if (entry.numbers.length === 0) continue;
    offsets.set(entry, bytes);
    bytes += Math.ceil(entry.numbers.byteLength / step) * step;
  }
  if (bytes === 0) return { buffer: undefined, entryFor: () => [] };
  const buffer = gpu.createBuffer({ size: bytes, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
  for (const [entry, offset] of offsets) gpu.queue.writeBuffer(buffer, offset, entry.numbers);
  const entryFor = (entry: Ready): GPUBindGroupEntry[] => {
    const offset = offsets.get(entry);
    if (offset === undefined) return [];
    const resource = { buffer, offset, size: entry.numbers.byteLength };
    return [{ binding: entry.kernel.bindings.length, resource }];
  };
  return { buffer, entryFor };
};

export const compile = async (shop: Shop, graph: Graph, options: CompileOptions = {}): Promise<Executable> => {
  const { gpu, storage, pipelines, tuner, profile, check } = shop;
  check();
  const program = planGraph(graph, options);
  const half = shop.half ? halfPlaces(program) : new Set<Place>();
  const bytesOf = (id: ValueId): number =>
    (half.has(program.values[id].place) ? 2 : 4) * sizeOf(program.values[id].shape);
  const lowered = lower(program, shop.means, half);
  const slots = assignSlots(program, bytesOf);
  const shared = shareTemporaries(lowered.temporaries);
  checkSizes(shop, program, bytesOf, lowered.kernels);
  const boundBytes = ({ bindings }: Kernel): readonly number[] =>
    bindings.map(({ operand }) =>
      'value' in operand ? bytesOf(operand.value) : 4 * lowered.temporaries[operand.temporary].size,
    );
  await guarded(gpu, () => tuner?.meet(lowered.kernels.map((kernel) => ({ kernel, bytes: boundBytes(kernel) }))));

  const form = pipelines.form(formOf(program));
  const prepare = async (kernel: Kernel, i: number): Promise<Ready> => {
    const { ways, step, bindings } = kernel;
    const rank = i - lowered.kernels.findIndex((other) => other.step === step);
    const { groups, code } = (ways[shop.way ?? 0] ?? tuner?.choose(kernel) ?? ways[0]).write();
    const name = `${form} ${step}.${rank}`;
    const { pipeline, numbers } = await pipelines.shared(name, code, bindings.length, nameOf(program, step));
    return { kernel, groups, pipeline, layout: pipeline.getBindGroupLayout(0), numbers, bound: [] };
  };
  const ready = await guarded(gpu, () => Promise.all(lowered.kernels.map(prepare)));
  const numbers = await guarded(gpu, () => placeNumbers(gpu, ready));

  const rooms: Room[] = [];
  try {
    await guarded(gpu, () => {
      rooms.push(shop.scratch.reserve(slots.sizes), shop.temporaries.reserve(shared.sizes));
    });
  } catch (error) {
    for (const room of rooms) room.undo();
    if (!(error instanceof TooLargeError)) throw error;
    const bytes = [...slots.sizes, ...shared.sizes].reduce((sum, size) => sum + size, 0);
    throw new TooLargeError(
      `The program needs ${bytes} bytes for what it computes on the way, and ${shop.facts.name} has no room for them. Work on smaller parts, or use the device "wasm". (${error.message})`,
    );
  }
  for (const room of rooms) room.keep();
  const [scratch, temporaries] = rooms;

  const constants = new Map<Place, GPUBuffer>();
  for (const { place } of program.values) {
    if (place.kind === 'constant' && !constants.has(place)) constants.set(place, shop.upload(place.data));
  }
  const donated = new Set(options.donated ?? []);
  const uploads = new Map<number, GPUBuffer>();
  /** An argument's buffer: its own, or the plan's copy of a host array. */
  const bring = (argument: Buffer | HostArray, index: number): GPUBuffer => {
    if (!ArrayBuffer.isView(argument)) return argument.handle as GPUBuffer;
    const known = donated.has(index) ? undefined : uploads.get(index);
    if (!known) {
      const buffer = shop.upload(argument);
      if (!donated.has(index)) uploads.set(index, buffer);
      return buffer;
    }
    gpu.queue.writeBuffer(known, 0, argument.buffer, argument.byteOffset, argument.byteLength);
    return known;
  };

  const plan = shop.number();
  /** Tells `profile` of some kernels, of which each was timed. */
  const costs = profile ? program.steps.map((step) => costOf(step, program)) : [];
  const tell = async (kernels: readonly Ready[], spans: ReturnType<typeof recordTimed>): Promise<void> => {
    const told = await spans();
    shop.clock.origin ??= told[0]?.start;
    told.forEach(({ start: stamp, duration }, i) => {
      const start = stamp - (shop.clock.origin ?? 0);
      const { step } = kernels[i].kernel;
      const { label, flops, bytes } = costs[step];
      const scope = program.scopes[step];
      const first = kernels[i - 1]?.kernel.step !== step;
      profile?.({
        ...{ plan, step, op: program.steps[step].kind, label, start, duration },
        ...(scope !== undefined && { scope }),
        ...{ flops: first ? flops : 0, bytes: first ? bytes : 0 },
      });
    });
  };

  const start = (args: readonly (Buffer | HostArray)[]): Run => {
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
          return scratch.at(slots.of.get(place) ?? 0);
        case 'result':
          return results[place.index].handle as GPUBuffer;
      }
    };
    const bufferFor = ({ operand }: Binding): GPUBuffer =>
      'value' in operand ? bufferOf(operand.value) : temporaries.at(shared.of[operand.temporary]);
    /** The group of the last run, where nothing lies elsewhere now. */
    const groupFor = (entry: Ready): GPUBindGroup => {
      const { bound, layout } = entry;
      const { bindings } = entry.kernel;
      let same = bound.length === bindings.length;
      for (let i = 0; same && i < bindings.length; i++) same = bufferFor(bindings[i]) === bound[i];
      if (same && entry.group) return entry.group;
      entry.bound = bindings.map(bufferFor);
      entry.group = gpu.createBindGroup({
        layout,
        entries: [
          ...entry.bound.map((buffer, binding) => ({ binding, resource: { buffer } })),
          ...numbers.entryFor(entry),
        ],
      });
      return entry.group;
    };
    const dispatch = (pass: GPUComputePassEncoder, entry: Ready): void => {
      pass.setPipeline(entry.pipeline);
      pass.setBindGroup(0, groupFor(entry));
      pass.dispatchWorkgroups(...entry.groups);
    };

    let [next, stage] = [0, 0];
    const submit = (end: number): void => {
      const encoder = gpu.createCommandEncoder();
      const from = next;
      while (next < ready.length && ready[next].kernel.step < end) next++;
      const kernels = ready.slice(from, next);
      if (profile) {
        const groups = kernels.map(
          (entry): Timed =>
            (pass) =>
              dispatch(pass, entry),
        );
        const spans = recordTimed(gpu, encoder, groups);
        gpu.queue.submit([encoder.finish()]);
        const told = tell(kernels, spans).finally(() => shop.untold.delete(told));
        shop.untold.add(told);
        return;
      }
      const pass = encoder.beginComputePass();
      for (const entry of kernels) dispatch(pass, entry);
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
      scratch.release();
      temporaries.release();
      numbers.buffer?.destroy();
      for (const buffer of [...constants.values(), ...uploads.values()]) storage.give(buffer);
      uploads.clear();
      constants.clear();
    },
  };
};
