/** A program on a device: what each call gives, as arrays, and whatever it has changed that it must not change. */
import type { Device, HostArray, Tensor } from '../../packages/tensor/src/index.ts';
import * as T from '../../packages/tensor/src/index.ts';
import { buildResults, dataOf, type Program, type RunForm, type Statement, sourcesOf, staticsOf } from './program.ts';

export type Call = readonly HostArray[];
export type Outcome = {
  readonly calls: readonly Call[];
  /** Tensors that were given and must still be what they were. */
  readonly changed: readonly string[];
};

type Source = Statement & { readonly kind: 'source' };
const sourceAt = ({ statements }: Program, place: number): Source => statements[place] as Source;
const dataAt = (program: Program, place: number, call: number): HostArray => {
  const { shape, dtype, fill, role } = sourceAt(program, place);
  return dataOf(shape, dtype, fill, role === 'argument' ? call : 0);
};
const constantAt = (program: Program, place: number, call: number): Tensor =>
  T.tensor(dataAt(program, place, call), sourceAt(program, place).shape);

const soilSizes = [1, 16, 33, 64, 100, 257, 600, 1024, 4096, 20000];
const soilers = new WeakMap<Device, () => Promise<void>>();

/** Fills memory of many sizes with NaN and gives it back, so that what is read before it is written shows. */
const soil = (device: Device): Promise<void> => {
  const known = soilers.get(device);
  if (known) return known();
  const values = soilSizes.flatMap((size) => [0, 1, 2].map(() => T.tensor(new Float32Array(size).fill(Number.NaN))));
  // What a run forgets: a step that is not fused, so that its values lie in scratch memory.
  const forgotten = T.jit(device, (x: Tensor) => {
    const once = T.reshape([100, 200])(T.exp(x));
    return T.matmul(T.transpose([1, 0])(T.matmul(once, once, { transposeB: true })), once);
  });
  const last = T.tensor(new Float32Array(20000).fill(Number.NaN));
  const again = async (): Promise<void> => {
    T.free(await T.evaluate(device, values));
    T.free(await forgotten(last));
  };
  soilers.set(device, again);
  return again();
};

/** Memory that is given back when the arguments are there: what a run needs besides lies before them, and they lie last. */
const holeFor = (device: Device, { statements }: Program): Promise<Tensor> => {
  const sizes = statements.map((s) => (s.kind === 'source' ? T.sizeOf(s.shape) : 0));
  return T.evaluate(device, T.tensor(new Float32Array(16 * Math.max(64, ...sizes))));
};

const sameBits = (a: HostArray, b: HostArray): boolean =>
  a.length === b.length && (a as Float32Array).every((x, i) => Object.is(x, b[i]) || x === b[i]);

/** Arguments of one call: on the device, or host arrays. */
const argumentsFor = async (device: Device, program: Program, call: number): Promise<Tensor[]> => {
  const places = sourcesOf(program, 'argument');
  return Promise.all(
    places.map(async (place) => {
      const t = constantAt(program, place, call);
      return program.run.host.includes(place) ? t : T.evaluate(device, t);
    }),
  );
};

type Context = { readonly device: Device; readonly program: Program; readonly captured: ReadonlyMap<number, Tensor> };

const expressionsFor = ({ program, captured }: Context, call: number, args: readonly Tensor[]): readonly Tensor[] => {
  const places = sourcesOf(program, 'argument');
  return buildResults(program, {
    source: (place, { role }) => (role === 'argument' ? args[places.indexOf(place)] : captured.get(place)!),
    statics: staticsOf(program, call),
  });
};

type Caller = {
  readonly call: (call: number, args: readonly Tensor[]) => Promise<Call>;
  readonly close: () => void;
};

const jitted = (context: Context, staged: boolean): Caller => {
  const { device, program } = context;
  const places = sourcesOf(program, 'argument');
  const donate = program.run.donate.map((place) => places.indexOf(place));
  // Functions must be pure in their arguments: static arguments come in as such.
  const f = (...given: unknown[]): unknown[] => {
    const args = given.slice(0, places.length) as Tensor[];
    const statics = given.slice(places.length);
    const results = buildResults(program, {
      source: (place, { role }) => (role === 'argument' ? args[places.indexOf(place)] : context.captured.get(place)!),
      statics,
    });
    const { hand } = program.run;
    return results.map((t) => (hand === 'fetch' ? T.fetch(t) : hand === 'defer' ? T.defer(t) : t));
  };
  const run = T.jit(device, f, { donate, staged });
  const arraysOf = async (results: readonly unknown[]): Promise<HostArray[]> => {
    const arrays: HostArray[] = [];
    for (const r of results)
      arrays.push(
        ArrayBuffer.isView(r) ? (r as HostArray) : r instanceof Promise ? await r : await T.read(device, r as Tensor),
      );
    T.free(results);
    return arrays;
  };
  return {
    call: async (call, args) => {
      const given = [...args, ...staticsOf(program, call)];
      if (!staged) return arraysOf((await run(...given)) as readonly unknown[]);
      const parts: unknown[] = [];
      for await (const part of run.stages(...given)) parts.push(part);
      return arraysOf(parts);
    },
    close: run.close,
  };
};

const plain = (
  context: Context,
  give: (device: Device, tree: readonly Tensor[]) => Promise<readonly HostArray[]>,
): Caller => ({
  call: (call, args) => give(context.device, expressionsFor(context, call, args)),
  close: () => {},
});

const callers: { readonly [F in RunForm]: (context: Context) => Caller } = {
  jit: (context) => jitted(context, false),
  stages: (context) => jitted(context, true),
  read: (context) => plain(context, T.read),
  evaluate: (context) =>
    plain(context, async (device, tree) => {
      const kept = await T.evaluate(device, tree);
      const arrays = await T.read(device, kept);
      T.free(kept.filter((t, i) => t !== tree[i]));
      return arrays;
    }),
};

/** Runs all calls; errors of the device or of the construction pass through. */
export const runProgram = async (device: Device, program: Program): Promise<Outcome> => {
  if (program.run.warm) await soil(device);
  const hole = program.run.behind ? await holeFor(device, program) : undefined;
  const captured = new Map<number, Tensor>();
  for (const place of sourcesOf(program, 'captured')) {
    captured.set(place, await T.evaluate(device, constantAt(program, place, 0)));
  }
  const places = sourcesOf(program, 'argument');
  const caller = callers[program.run.form]({ device, program, captured });
  const calls: Call[] = [];
  const changed: string[] = [];
  const check = async (what: string, t: Tensor, expected: HostArray): Promise<void> => {
    if (!sameBits(await T.read(device, t), expected)) changed.push(what);
  };
  try {
    for (let call = 0; call < program.run.calls; call++) {
      const args = await argumentsFor(device, program, call);
      if (call === 0 && hole) T.free(hole);
      calls.push(await caller.call(call, args));
      const jit = program.run.form === 'jit' || program.run.form === 'stages';
      for (const [i, place] of places.entries()) {
        if (jit && program.run.donate.includes(place)) continue;
        await check(`argument ${i} after call ${call}`, args[i], dataAt(program, place, call));
        T.free(args[i]);
      }
      for (const [place, t] of captured) {
        await check(`the captured tensor of statement ${place} after call ${call}`, t, dataAt(program, place, 0));
      }
    }
  } finally {
    caller.close();
    T.free([...captured.values()]);
  }
  return { calls, changed };
};

/** The graph of a call and what its parameters are, every source being a parameter. */
export const traceProgram = (program: Program, call: number): { graph: T.Graph; args: readonly HostArray[] } => {
  const places = sourcesOf(program, 'argument');
  const args = places.map((place) => dataAt(program, place, call));
  const inputs = places.map((place, i) => T.input(i, sourceAt(program, place).shape, sourceAt(program, place).dtype));
  const results = buildResults(program, {
    source: (place, { role }) => (role === 'argument' ? inputs[places.indexOf(place)] : constantAt(program, place, 0)),
    statics: staticsOf(program, call),
  });
  return { graph: T.graphOf(results, inputs), args };
};
