/** From a graph to a replay: kernels are emitted and their memory is laid out once, a run fills in addresses and launches. */
import type { Buffer, CompileOptions, Executable } from '../device.ts';
import type { Graph } from '../graph.ts';
import { DeviceLostError, type Life } from '../life.ts';
import { costOf } from '../plan/cost.ts';
import { planGraph } from '../plan/plan.ts';
import { idsOf, outOf, type Program, type ValueId } from '../plan/program.ts';
import type { ProfileEvent } from '../profile.ts';
import { dtypeOf, type HostArray, showShape, sizeOf } from '../shape.ts';
import { type Arena, type Layout, layOut } from './arena.ts';
import { hostFunctions } from './emitter.ts';
import type { Heap } from './heap.ts';
import { type ChosenTile, compileKernels } from './kernels.ts';
import { lower } from './lower.ts';
import type { Launch, Lowered, Word } from './lowering.ts';
import type { Threads } from './threads.ts';

/** What all programs of a device share. */
export type Shop = {
  readonly heap: Heap;
  readonly arena: Arena;
  readonly threads: Threads;
  readonly tile: ChosenTile;
  readonly life: Life;
  readonly profile?: ((event: ProfileEvent) => void) | undefined;
  /** A number for each program. */
  readonly number: () => number;
};

/** Blocks that are given back together. */
type Owned = { readonly take: (bytes: number, purpose: () => string) => number; readonly release: () => void };

const owner = (heap: Heap): Owned => {
  const blocks: number[] = [];
  return {
    take: (bytes, purpose) => {
      const at = heap.allocate(bytes, purpose);
      blocks.push(at);
      return at;
    },
    release: () => {
      for (const block of blocks.splice(0)) heap.release(block);
    },
  };
};

/** The step whose result is the largest, for people who wonder what takes the memory. */
const largestStep = (program: Program): string => {
  const { steps, values, scopes } = program;
  let largest = -1;
  const bytes = (i: number): number => (i < 0 ? -1 : sizeOf(values[outOf(steps[i])].shape));
  for (let i = 0; i < steps.length; i++) if (bytes(i) > bytes(largest)) largest = i;
  if (largest < 0) return '';
  const scope = scopes[largest] === undefined ? '' : ` (${scopes[largest]})`;
  return `for a program whose largest step is ${costOf(steps[largest], program).label}${scope}`;
};

/** What a plan keeps from run to run. */
type Plan = {
  readonly program: Program;
  readonly lowered: Lowered;
  readonly layout: Layout;
  readonly owned: Owned;
  readonly constants: ReadonlyMap<ValueId, number>;
  readonly kept: readonly number[];
  /** The parameters of each launch. */
  readonly blocks: readonly number[];
  /** The plan's copies of arguments that are host arrays. */
  readonly uploads: Map<number, number>;
};

const planFor = ({ heap, arena, threads, tile }: Shop, program: Program): Plan => {
  const lowered = lower(program, tile, threads.count);
  const purpose = () => largestStep(program);
  const layout = layOut(program.scratch, lowered, threads.count);
  heap.readBeyond(lowered.beyond * 4);
  arena.reserve(layout.bytes, purpose);
  const owned = owner(heap);
  try {
    const constants = new Map<ValueId, number>();
    for (const id of idsOf(program)) {
      const { place } = program.values[id];
      if (place.kind !== 'constant') continue;
      const at = owned.take(place.data.byteLength, purpose);
      heap.array(at, dtypeOf(place.data), place.data.length).set(place.data);
      constants.set(id, at);
    }
    const kept = lowered.kept.map((floats) => owned.take(floats * 4, purpose));
    const blocks = lowered.launches.map((l) => (l.kind === 'kernel' ? owned.take(l.words.length * 4, purpose) : 0));
    return { program, lowered, layout, owned, constants, kept, blocks, uploads: new Map() };
  } catch (error) {
    owned.release();
    throw error;
  }
};

/** Where an argument lies: its own buffer, or a copy of a host array: the plan's, or of its own where it is donated. */
const bring = (
  { heap }: Shop,
  { owned, uploads }: Plan,
  donated: boolean,
  taken: Owned,
  arg: Buffer | HostArray,
  index: number,
): number => {
  if (!ArrayBuffer.isView(arg)) return arg.handle as number;
  const purpose = () => 'for an argument';
  const at = donated
    ? taken.take(arg.byteLength, purpose)
    : (uploads.get(index) ?? owned.take(arg.byteLength, purpose));
  if (!donated) uploads.set(index, at);
  heap.array(at, dtypeOf(arg), arg.length).set(arg);
  return at;
};

/** New buffers, or those of donated arguments. */
const resultsOf = ({ program }: Plan, args: readonly number[], taken: Owned): readonly Buffer[] =>
  program.results.map((id) => {
    const { place, shape, dtype } = program.values[id];
    if (place.kind !== 'result') throw new Error('a result has a place of its own');
    const reused = place.reuses === undefined ? undefined : args[place.reuses];
    return { shape, dtype, handle: reused ?? taken.take(sizeOf(shape) * 4, () => `for a result ${showShape(shape)}`) };
  });

const addressesOf = (
  { program, constants }: Plan,
  arena: number,
  args: readonly number[],
  results: readonly Buffer[],
): Uint32Array =>
  Uint32Array.from(idsOf(program), (id) => {
    const { place } = program.values[id];
    switch (place.kind) {
      case 'argument':
        return args[place.index];
      case 'constant':
        return constants.get(id)!;
      case 'stored':
        return place.stored.buffer.handle as number;
      case 'scratch':
        return arena + place.offset;
      case 'result':
        return results[place.index].handle as number;
    }
  });

/** Writes the addresses of this run into the parameters of every launch. */
const fillIn = ({ heap, arena }: Shop, { lowered, layout, blocks, kept }: Plan, addresses: Uint32Array): void => {
  const words = new Int32Array(heap.memory.buffer);
  const addressOf = (word: Word): number => {
    if ('value' in word) return addresses[word.value] + word.offset;
    return 'kept' in word ? kept[word.kept] : arena.at() + layout.offsetOf(word);
  };
  lowered.launches.forEach((launch, i) => {
    if (launch.kind !== 'kernel') return;
    for (const [k, word] of launch.words.entries()) words[(blocks[i] >>> 2) + k] = addressOf(word);
  });
};

/** Launches with a clock: a launch has ended when it returns. */
const watched = (
  plan: number,
  { program, lowered }: Plan,
  profile: (event: ProfileEvent) => void,
  begin: (launch: Launch, i: number) => void,
) => {
  const costs = program.steps.map((step) => costOf(step, program));
  return (launch: Launch, i: number): void => {
    const { step } = launch;
    const before = performance.now();
    begin(launch, i);
    const duration = performance.now() - before;
    const main = lowered.launches[i - 1]?.step !== step;
    const { label, flops, bytes } = costs[step];
    const { kind: op } = program.steps[step];
    const scope = program.scopes[step];
    profile({
      plan,
      step,
      op,
      label,
      start: before,
      duration,
      ...(scope !== undefined && { scope }),
      flops: main ? flops : 0,
      bytes: main ? bytes : 0,
    });
  };
};

export const compile = async (shop: Shop, graph: Graph, options: CompileOptions = {}): Promise<Executable> => {
  const { heap, arena, threads, tile, life, profile } = shop;
  life.check();
  const plan = planFor(shop, planGraph(graph, options));
  const { program, lowered, owned, blocks } = plan;
  const { launches, module } = lowered;
  const names = launches.some((l) => l.kind === 'kernel') ? module.names() : [];
  let first = 0;
  try {
    if (names.length > 0) first = await threads.load(await compileKernels(module, heap.shared, tile), names);
  } catch (error) {
    owned.release();
    throw error;
  }
  const donated = new Set(options.donated ?? []);
  let addresses: Uint32Array = new Uint32Array();
  let fresh = true;
  const begin = (launch: Launch, i: number): void => {
    if (launch.kind === 'host') launch.run(heap, (id) => addresses[id]);
    else if (fresh || !launch.once)
      threads.launch(first + launch.index - hostFunctions.length, blocks[i], launch.items, launch.alone);
  };
  const perform = profile ? watched(shop.number(), plan, profile, begin) : begin;
  /** Nobody knows what a kernel that failed has written, so nothing on the device counts any more. */
  const lose = (launch: Launch, error: unknown): DeviceLostError => {
    const { label } = costOf(program.steps[launch.step], program);
    const reason = error instanceof Error ? error.message : String(error);
    const lost = new DeviceLostError(`The wasm device failed in ${label}: ${reason}. Open a new one.`);
    lost.cause = error;
    life.lose(lost);
    return lost;
  };

  const start: Executable['start'] = (args) => {
    life.check();
    const taken = owner(heap);
    let at: readonly number[];
    let results: readonly Buffer[];
    try {
      at = args.map((arg, i) => bring(shop, plan, donated.has(i), taken, arg, i));
      results = resultsOf(plan, at, taken);
    } catch (error) {
      taken.release();
      throw error;
    }
    addresses = addressesOf(plan, arena.at(), at, results);
    fillIn(shop, plan, addresses);
    const reused = new Set(
      program.results.map((id) => program.values[id].place).map((p) => p.kind === 'result' && p.reuses),
    );
    let [next, stage] = [0, 0];
    const advance = (): boolean => {
      if (stage === program.stages.length) return false;
      life.check();
      const end = program.stages[stage++];
      for (; next < launches.length && launches[next].step < end; next++) {
        try {
          perform(launches[next], next);
        } catch (error) {
          throw lose(launches[next], error);
        }
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
      owned.release();
    },
  };
};
