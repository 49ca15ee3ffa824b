/** From a graph to what a run replays: kernels are chosen, and pipelines, memory and constants made, once. */
import type { CompileOptions, Executable } from '../device.ts';
import type { Graph } from '../graph.ts';
import { costOf } from '../plan/cost.ts';
import { planGraph } from '../plan/plan.ts';
import { idsOf, type Place, type Program, type ValueId } from '../plan/program.ts';
import { sizeOf } from '../shape.ts';
import { guarded, type Room } from './buffers.ts';
import { TooLargeError } from './errors.ts';
import { halfPlaces } from './half.ts';
import type { Kernel } from './kernel.ts';
import { lower } from './lower.ts';
import { type Compiled, profiler, type Ready, startRun } from './run.ts';
import type { Shop } from './shop.ts';
import { assignSlots } from './slots.ts';

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

/** Bytes of each value, and of what each binding of a kernel reads or writes. */
const sizesOf = (program: Program, half: ReadonlySet<Place>, temporaries: readonly { readonly size: number }[]) => {
  const bytesOf = (id: ValueId): number =>
    (half.has(program.values[id].place) ? 2 : 4) * sizeOf(program.values[id].shape);
  const boundBytes = ({ bindings }: Kernel): readonly number[] =>
    bindings.map(({ operand }) =>
      'value' in operand ? bytesOf(operand.value) : 4 * temporaries[operand.temporary].size,
    );
  return { bytesOf, boundBytes };
};

/** Every kernel in the way that the tuner has found, with its pipeline. */
const makeReady = ({ gpu, pipelines, tuner, way }: Shop, program: Program, kernels: readonly Kernel[]) => {
  const form = pipelines.form(formOf(program));
  const prepare = async (kernel: Kernel, i: number): Promise<Ready> => {
    const { ways, step, bindings } = kernel;
    const rank = i - kernels.findIndex((other) => other.step === step);
    const { groups, code } = (ways[way ?? 0] ?? tuner?.choose(kernel) ?? ways[0]).write();
    const name = `${form} ${step}.${rank}`;
    const { pipeline, numbers } = await pipelines.shared(name, code, bindings.length, nameOf(program, step));
    return { kernel, groups, pipeline, layout: pipeline.getBindGroupLayout(0), numbers, bound: [] };
  };
  return guarded(gpu, () => Promise.all(kernels.map(prepare)));
};

/** Memory for what lies between steps and within them, or neither. */
const reserve = async (
  { gpu, facts, scratch, temporaries }: Shop,
  between: readonly number[],
  within: readonly number[],
): Promise<{ readonly scratch: Room; readonly temporaries: Room }> => {
  const rooms: Room[] = [];
  try {
    await guarded(gpu, () => {
      rooms.push(scratch.reserve(between), temporaries.reserve(within));
    });
  } catch (error) {
    for (const room of rooms) room.undo();
    if (!(error instanceof TooLargeError)) throw error;
    const bytes = [...between, ...within].reduce((sum, size) => sum + size, 0);
    throw new TooLargeError(
      `The program needs ${bytes} bytes for what it computes on the way, and ${facts.name} has no room for them. Work on smaller parts, or use the device "wasm". (${error.message})`,
    );
  }
  for (const room of rooms) room.keep();
  return { scratch: rooms[0], temporaries: rooms[1] };
};

const uploadConstants = ({ upload }: Shop, { values }: Program): ReadonlyMap<Place, GPUBuffer> => {
  const constants = new Map<Place, GPUBuffer>();
  for (const { place } of values)
    if (place.kind === 'constant' && !constants.has(place)) constants.set(place, upload(place.data));
  return constants;
};

export const compile = async (shop: Shop, graph: Graph, options: CompileOptions = {}): Promise<Executable> => {
  const { gpu, storage, tuner, check } = shop;
  check();
  const program = planGraph(graph, options);
  const half = shop.half ? halfPlaces(program) : new Set<Place>();
  const { kernels, temporaries } = lower(program, shop.means, half);
  const { bytesOf, boundBytes } = sizesOf(program, half, temporaries);
  const slots = assignSlots(program, bytesOf);
  const shared = shareTemporaries(temporaries);
  checkSizes(shop, program, bytesOf, kernels);
  await guarded(gpu, () => tuner?.meet(kernels.map((kernel) => ({ kernel, bytes: boundBytes(kernel) }))));
  const ready = await makeReady(shop, program, kernels);
  const numbers = await guarded(gpu, () => placeNumbers(gpu, ready));
  const rooms = await reserve(shop, slots.sizes, shared.sizes);
  const constants = uploadConstants(shop, program);
  const uploads = new Map<number, GPUBuffer>();
  const compiled: Compiled = {
    program,
    ready,
    constants,
    uploads,
    donated: new Set(options.donated ?? []),
    numbersOf: numbers.entryFor,
    scratchOf: (place) => rooms.scratch.at(slots.of.get(place) ?? 0),
    temporary: (index) => rooms.temporaries.at(shared.of[index]),
    tell: shop.profile && profiler(shop, program, shop.profile),
  };
  return {
    start: (args) => startRun(shop, compiled, args),
    close: () => {
      rooms.scratch.release();
      rooms.temporaries.release();
      numbers.buffer?.destroy();
      for (const buffer of [...constants.values(), ...uploads.values()]) storage.give(buffer);
      uploads.clear();
    },
  };
};
