/** The `wasm` device: kernels emitted for each program, one shared memory, worker threads. */
import { checkOptions } from '../check.ts';
import type { Buffer, CompileOptions, Device, Executable } from '../device.ts';
import type { Graph } from '../graph.ts';
import { costOf } from '../plan/cost.ts';
import { planGraph } from '../plan/plan.ts';
import type { ValueId } from '../plan/program.ts';
import { dtypeOf, type HostArray, sizeOf } from '../shape.ts';
import { hostFunctions } from './emitter.ts';
import { alignment, Heap } from './heap.ts';
import { chooseTile, compileKernels } from './kernels.ts';
import { lower } from './lower.ts';
import type { Launch } from './lowering.ts';
import { type WasmOptions, wasmRules } from './options.ts';
import { isNode, openThreads } from './threads.ts';

/** Runs follow each other, so that all plans share one block for what a run forgets: as large as the largest needs. */
const openArena = (heap: Heap) => {
  let block = { at: 0, bytes: 0 };
  return {
    at: (): number => block.at,
    reserve: (bytes: number): void => {
      if (bytes <= block.bytes) return;
      if (block.bytes > 0) heap.release(block.at);
      block = { at: heap.allocate(bytes), bytes };
    },
  };
};

export const openWasm = async (options: WasmOptions = {}): Promise<Device> => {
  checkOptions('openWasm', wasmRules, options);
  const { threads: wanted, wide = true, kernels, profile } = options;
  const cores = isNode() ? await (await import('./node.ts')).coreCount() : (navigator.hardwareConcurrency ?? 1);
  const canShare = typeof SharedArrayBuffer !== 'undefined' && (isNode() || globalThis.crossOriginIsolated === true);
  const tile = await chooseTile(wide && !(isNode() && process.env.GDARKNET_NO_REVEC), kernels);
  const heap = new Heap(canShare);
  const threads = await openThreads(heap, wanted ?? cores);
  const arena = openArena(heap);
  let plans = 0;

  const compile = async (graph: Graph, given: CompileOptions = {}): Promise<Executable> => {
    const program = planGraph(graph, given);
    const lowered = lower(program, tile, threads.count);
    const owned: number[] = [];
    const take = (bytes: number): number => {
      const at = heap.allocate(bytes);
      owned.push(at);
      return at;
    };
    // What lives during a run only: offsets into the one arena of the device. Temporaries last for one step.
    const align = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
    const scratch = align(program.scratch);
    const shared = scratch + align(lowered.perThread * threads.count * 4);
    let [room, step] = [shared, -1];
    let next = shared;
    const temporaries = lowered.temporaries.map((temporary) => {
      if (temporary.step !== step) [next, step] = [shared, temporary.step];
      const at = next;
      next += align(temporary.floats * 4);
      room = Math.max(room, next);
      return at;
    });
    arena.reserve(room);
    const kept = lowered.kept.map((floats) => take(floats * 4));
    const constants = new Map<ValueId, number>();
    program.values.forEach(({ place }, id) => {
      if (place.kind !== 'constant') return;
      const at = take(place.data.byteLength);
      heap.array(at, dtypeOf(place.data), place.data.length).set(place.data);
      constants.set(id, at);
    });
    const names = lowered.launches.some((l) => l.kind === 'kernel') ? lowered.module.names() : [];
    const first =
      names.length > 0 ? await threads.load(await compileKernels(lowered.module, heap.shared, tile), names) : 0;
    const blocks = lowered.launches.map((l) => (l.kind === 'kernel' ? take(l.words.length * 4) : 0));
    const donated = new Set(given.donated ?? []);
    const uploads = new Map<number, number>();
    const addresses = new Uint32Array(program.values.length);
    const addressOf = (id: ValueId): number => addresses[id];

    /** Where an argument lies: its own buffer, or the plan's copy of a host array. */
    const bring = (arg: Buffer | HostArray, i: number): number => {
      if (!ArrayBuffer.isView(arg)) return arg.handle as number;
      if (donated.has(i)) return heap.place(arg);
      const at = uploads.get(i) ?? take(arg.byteLength);
      uploads.set(i, at);
      heap.array(at, dtypeOf(arg), arg.length).set(arg);
      return at;
    };

    const costs = profile ? program.steps.map((step) => costOf(step, program)) : [];
    const plan = plans++;
    let fresh = true;

    const begin = (launch: Launch, i: number): void => {
      if (launch.kind === 'host') launch.run(heap, addressOf);
      else if (fresh || !launch.once)
        threads.launch(first + launch.index - hostFunctions.length, blocks[i], launch.items, launch.alone);
    };
    /** The same with a clock: a launch has ended when it returns. */
    const watch = (launch: Launch, i: number): void => {
      const { step } = launch;
      const before = performance.now();
      begin(launch, i);
      const duration = performance.now() - before;
      const main = lowered.launches[i - 1]?.step !== step;
      const { label, flops, bytes } = costs[step];
      const { kind: op } = program.steps[step];
      profile?.({
        ...{ plan, step, op, label, start: before, duration },
        ...(program.scopes[step] !== undefined && { scope: program.scopes[step] }),
        ...{ flops: main ? flops : 0, bytes: main ? bytes : 0 },
      });
    };
    const perform = profile ? watch : begin;

    const start: Executable['start'] = (args) => {
      const at = args.map(bring);
      const reused = new Set<number>();
      const results = program.results.map((id): Buffer => {
        const { place, shape, dtype } = program.values[id];
        if (place.kind !== 'result') throw new Error('a result has a place of its own');
        if (place.reuses === undefined) return { shape, dtype, handle: heap.allocate(sizeOf(shape) * 4) };
        reused.add(place.reuses);
        return { shape, dtype, handle: at[place.reuses] };
      });
      program.values.forEach(({ place }, id) => {
        switch (place.kind) {
          case 'argument':
            addresses[id] = at[place.index];
            break;
          case 'constant':
            addresses[id] = constants.get(id)!;
            break;
          case 'stored':
            addresses[id] = place.stored.buffer.handle as number;
            break;
          case 'scratch':
            addresses[id] = arena.at() + place.offset;
            break;
          case 'result':
            addresses[id] = results[place.index].handle as number;
        }
      });
      const words = new Int32Array(heap.memory.buffer);
      lowered.launches.forEach((launch, i) => {
        if (launch.kind !== 'kernel') return;
        launch.words.forEach((word, k) => {
          words[(blocks[i] >>> 2) + k] =
            'value' in word
              ? addresses[word.value] + word.offset
              : 'temporary' in word
                ? arena.at() + temporaries[word.temporary]
                : 'kept' in word
                  ? kept[word.kept]
                  : arena.at() + scratch;
        });
      });
      let [next, stage] = [0, 0];
      const advance = (): boolean => {
        if (stage === program.stages.length) return false;
        const end = program.stages[stage++];
        for (; next < lowered.launches.length && lowered.launches[next].step < end; next++) {
          perform(lowered.launches[next], next);
        }
        if (stage < program.stages.length) return true;
        fresh = false;
        for (const i of donated) if (!reused.has(i)) heap.release(at[i]);
        return true;
      };
      return { results, advance };
    };

    return {
      start,
      close: () => {
        threads.unload(first, names.length);
        for (const block of owned.splice(0)) heap.release(block);
      },
    };
  };

  return {
    name: 'wasm',
    description: `WebAssembly, ${threads.count} thread${threads.count === 1 ? '' : 's'}, ${tile.label}`,
    compile,
    upload: (data, shape) => ({ shape, dtype: dtypeOf(data), handle: heap.place(data) }),
    read: async ({ handle, dtype, shape }) => heap.array(handle as number, dtype, sizeOf(shape)).slice(),
    free: ({ handle }) => heap.release(handle as number),
    peak: tile.gflops * threads.count,
    memory: () => heap.used(),
    close: async () => threads.close(),
  };
};
