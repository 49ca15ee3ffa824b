/** One run of a compiled program: its kernels are recorded with the run's buffers, and a stage is one submission. */
import type { Buffer, Run } from '../device.ts';
import { costOf } from '../plan/cost.ts';
import type { Place, Program, ValueId } from '../plan/program.ts';
import type { ProfileEvent } from '../profile.ts';
import { type HostArray, sizeOf } from '../shape.ts';
import type { Binding, Kernel } from './kernel.ts';
import type { Shop } from './shop.ts';
import { recordTimed, type Timed } from './timer.ts';

export type Ready = {
  readonly kernel: Kernel;
  readonly groups: readonly [number, number, number];
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** That the kernel reads beside its operands. */
  readonly numbers: Uint32Array<ArrayBuffer>;
  /** The buffers of the last run, and the group that was made of them. */
  bound: readonly GPUBuffer[];
  group?: GPUBindGroup;
};

type Spans = ReturnType<typeof recordTimed>;

/** A program with all that its runs share. */
export type Compiled = {
  readonly program: Program;
  readonly ready: readonly Ready[];
  readonly constants: ReadonlyMap<Place, GPUBuffer>;
  /** Of arguments that came as host arrays, by their place: written again in each run. */
  readonly uploads: Map<number, GPUBuffer>;
  /** Arguments whose memory a run takes over. */
  readonly donated: ReadonlySet<number>;
  readonly numbersOf: (entry: Ready) => readonly GPUBindGroupEntry[];
  readonly scratchOf: (place: Place) => GPUBuffer;
  readonly temporary: (index: number) => GPUBuffer;
  /** Tells the profile of kernels that were timed. */
  readonly tell: ((kernels: readonly Ready[], spans: Spans) => Promise<void>) | undefined;
};

export const profiler = ({ number, clock }: Shop, program: Program, profile: (event: ProfileEvent) => void) => {
  const plan = number();
  const costs = program.steps.map((step) => costOf(step, program));
  return async (kernels: readonly Ready[], spans: Spans): Promise<void> => {
    const told = await spans();
    clock.origin ??= told[0]?.start;
    told.forEach(({ start: stamp, duration }, i) => {
      const start = stamp - (clock.origin ?? 0);
      const { step } = kernels[i].kernel;
      const { label, flops, bytes } = costs[step];
      const scope = program.scopes[step];
      const first = kernels[i - 1]?.kernel.step !== step;
      profile({
        plan,
        step,
        op: program.steps[step].kind,
        label,
        start,
        duration,
        ...(scope !== undefined && { scope }),
        flops: first ? flops : 0,
        bytes: first ? bytes : 0,
      });
    });
  };
};

/** An argument's buffer: its own, or the plan's copy of a host array. */
const bring = (
  { gpu, upload }: Shop,
  { donated, uploads }: Compiled,
  argument: Buffer | HostArray,
  index: number,
): GPUBuffer => {
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

/** Results with memory of their own, or with that of a donated argument; and which arguments were taken so. */
const takeResults = ({ storage }: Shop, { program }: Compiled, given: readonly GPUBuffer[]) => {
  const reused = new Set<number>();
  const results = program.results.map((id): Buffer => {
    const { place, shape, dtype } = program.values[id];
    if (place.kind !== 'result') throw new Error('a result has a place of its own');
    if (place.reuses === undefined) return { shape, dtype, handle: storage.take(4 * sizeOf(shape)) };
    reused.add(place.reuses);
    return { shape, dtype, handle: given[place.reuses] };
  });
  return { results, reused };
};

/** Where each value lies in this run. */
const bufferOf = (compiled: Compiled, given: readonly GPUBuffer[], results: readonly Buffer[], id: ValueId) => {
  const { place } = compiled.program.values[id];
  switch (place.kind) {
    case 'argument':
      return given[place.index];
    case 'constant':
      return compiled.constants.get(place) as GPUBuffer;
    case 'stored':
      return place.stored.buffer.handle as GPUBuffer;
    case 'scratch':
      return compiled.scratchOf(place);
    case 'result':
      return results[place.index].handle as GPUBuffer;
  }
};

/** The group of the last run, where nothing lies elsewhere now. */
const groupFor = (gpu: GPUDevice, compiled: Compiled, entry: Ready, bufferFor: (b: Binding) => GPUBuffer) => {
  const { bound, layout } = entry;
  const { bindings } = entry.kernel;
  let same = bound.length === bindings.length;
  for (let i = 0; same && i < bindings.length; i++) same = bufferFor(bindings[i]) === bound[i];
  if (same && entry.group) return entry.group;
  entry.bound = bindings.map(bufferFor);
  const operands = entry.bound.map((buffer, binding) => ({ binding, resource: { buffer } }));
  entry.group = gpu.createBindGroup({ layout, entries: [...operands, ...compiled.numbersOf(entry)] });
  return entry.group;
};

/** Hands kernels over to the device, timed one by one where there is a profile. */
const submit = (
  { gpu, untold }: Shop,
  { tell }: Compiled,
  kernels: readonly Ready[],
  dispatch: (pass: GPUComputePassEncoder, entry: Ready) => void,
): void => {
  const encoder = gpu.createCommandEncoder();
  if (tell) {
    const groups = kernels.map(
      (entry): Timed =>
        (pass) =>
          dispatch(pass, entry),
    );
    const spans = recordTimed(gpu, encoder, groups);
    gpu.queue.submit([encoder.finish()]);
    const told = tell(kernels, spans).finally(() => untold.delete(told));
    untold.add(told);
    return;
  }
  const pass = encoder.beginComputePass();
  for (const entry of kernels) dispatch(pass, entry);
  pass.end();
  gpu.queue.submit([encoder.finish()]);
};

export const startRun = (shop: Shop, compiled: Compiled, args: readonly (Buffer | HostArray)[]): Run => {
  const { gpu, storage, check } = shop;
  const { program, ready, donated } = compiled;
  check();
  const given = args.map((argument, index) => bring(shop, compiled, argument, index));
  const { results, reused } = takeResults(shop, compiled, given);
  const bufferFor = ({ operand }: Binding): GPUBuffer =>
    'value' in operand ? bufferOf(compiled, given, results, operand.value) : compiled.temporary(operand.temporary);
  const dispatch = (pass: GPUComputePassEncoder, entry: Ready): void => {
    pass.setPipeline(entry.pipeline);
    pass.setBindGroup(0, groupFor(gpu, compiled, entry, bufferFor));
    pass.dispatchWorkgroups(...entry.groups);
  };
  let [next, stage] = [0, 0];
  const advance = (): boolean => {
    if (stage === program.stages.length) return false;
    check();
    const end = program.stages[stage++];
    const from = next;
    while (next < ready.length && ready[next].kernel.step < end) next++;
    submit(shop, compiled, ready.slice(from, next), dispatch);
    if (stage < program.stages.length) return true;
    for (const index of donated) if (!reused.has(index)) storage.give(given[index]);
    return true;
  };
  return { results, advance };
};
