/**
 * From expressions to values. `jit` traces a function once per shape of its arguments and replays the plan afterwards;
 * `evaluate` and `read` take the same path for an expression that is used once.
 */
import type { Buffer, Device, Executable, Run, Stored } from './device.ts';
import { graphOf } from './graph.ts';
import { planGraph } from './plan/plan.ts';
import { type HostArray, sizeOf } from './shape.ts';
import { input, node, type Tensor } from './tensor.ts';
import { isTensor, leavesOf, mapTree } from './tree.ts';

/** A result that `jit` hands out as a typed array instead of a tensor. */
export type Fetched = { readonly fetch: Tensor };
export const fetch = (t: Tensor): Fetched => ({ fetch: t });

/** A result that `jit` hands out as the promise of a typed array: the call does not wait for the device. */
export type Deferred = { readonly defer: Tensor };
export const defer = (t: Tensor): Deferred => ({ defer: t });

/** What comes back for a result tree: tensors stay, fetched leaves become typed arrays, deferred ones promises of them. */
export type Fetching<T> = T extends Fetched
  ? HostArray
  : T extends Deferred
    ? Promise<HostArray>
    : T extends Tensor
      ? Tensor
      : T extends HostArray
        ? T
        : { [K in keyof T]: Fetching<T[K]> };

/** What comes back when every tensor of a tree is read. */
export type Read<T> = T extends Tensor ? HostArray : { [K in keyof T]: Read<T[K]> };

export type JitOptions = {
  /** Positions of arguments whose tensors the results may overwrite. They must not be used afterwards. */
  readonly donate?: readonly number[];
  /** The function gives an array, whose elements can be had one by one (`Jitted.stages`). */
  readonly staged?: boolean;
};

const isFetched = (x: unknown): x is Fetched =>
  typeof x === 'object' && x !== null && 'fetch' in x && isTensor(x.fetch);
const isDeferred = (x: unknown): x is Deferred =>
  typeof x === 'object' && x !== null && 'defer' in x && isTensor(x.defer);
type Leaf = Tensor | Fetched | Deferred;
const isLeaf = (x: unknown): x is Leaf => isTensor(x) || isFetched(x) || isDeferred(x);

/** Device memory of a result is given back when its tensor is no longer reachable. */
const orphans = new FinalizationRegistry<Stored>((stored) => release(stored));
const release = (stored: Stored): void => {
  if (stored.donated) return;
  stored.donated = true;
  stored.device.free(stored.buffer);
};

/** The tensor carries the registration: it owns the buffer. */
const wrap = (device: Device, buffer: Buffer): Tensor => {
  const value: Stored = { device, buffer, donated: false };
  const t = node({ kind: 'stored', value }, [], buffer.shape, buffer.dtype);
  orphans.register(t, value, t);
  return t;
};

/** Gives the device memory of every tensor of a tree back at once. Optional: unreachable tensors are freed anyway. */
export const free = (tree: unknown): void => {
  for (const t of leavesOf<Tensor>(tree)) {
    if (t.op.kind === 'stored') {
      orphans.unregister(t);
      release(t.op.value);
    }
  }
};

const storedOf = (t: Tensor, device: Device): Stored | undefined => {
  if (t.op.kind !== 'stored') return undefined;
  if (t.op.value.donated) {
    throw new Error('This tensor was donated to an earlier call (or freed) and is gone; use the result of that call.');
  }
  if (t.op.value.device !== device) {
    throw new Error(`A tensor on ${t.op.value.device.name} was given to ${device.name}; read it there first.`);
  }
  return t.op.value;
};

const describe = (tree: unknown): string => {
  let text = '';
  const shapes = mapTree(tree, (t) => {
    text += `${t.dtype}[${t.shape}]`;
    return 0;
  });
  return `${text} ${JSON.stringify(shapes)}`;
};

const argument = (t: Tensor, device: Device): Buffer | HostArray =>
  t.op.kind === 'constant' ? t.op.data : storedOf(t, device)!.buffer;

const isConcrete = (t: Tensor): boolean => t.op.kind === 'constant' || t.op.kind === 'stored';

/** Every tensor of a tree computed and kept on the device; one plan for the whole tree. */
export const evaluate = async <T>(device: Device, tree: T): Promise<T> => {
  const leaves = leavesOf<Tensor>(tree);
  const pending = leaves.filter((t) => !isConcrete(t));
  let computed: readonly Tensor[] = [];
  if (pending.length > 0) {
    const release = await occupy(device);
    try {
      const executable = await device.compile(graphOf(pending, []));
      computed = complete(executable.start([])).map((b) => wrap(device, b));
      executable.close();
    } finally {
      release();
    }
  }
  let next = 0;
  return mapTree<T>(tree, (t) => {
    if (t.op.kind === 'stored') return t;
    return t.op.kind === 'constant' ? wrap(device, device.upload(t.op.data, t.shape)) : computed[next++];
  });
};

/** Every tensor of a tree as a typed array. */
export const read = async <T>(device: Device, tree: T): Promise<Read<T>> => {
  const leaves = leavesOf<Tensor>(tree);
  const ready = await evaluate(device, leaves);
  const arrays = await Promise.all(ready.map((t) => device.read(storedOf(t, device)!.buffer)));
  ready.forEach((t, i) => {
    if (t !== leaves[i]) free(t);
  });
  return mapTree<Read<T>>(tree, (_, i) => arrays[i]);
};

/** Devices in the midst of a run, with its end. */
const underWay = new WeakMap<Device, Promise<void>>();
/** Waits for a device, and keeps it until what this gives is called. */
const occupy = async (device: Device): Promise<() => void> => {
  while (underWay.has(device)) await underWay.get(device);
  let end = (): void => {};
  underWay.set(
    device,
    new Promise((resolve) => {
      end = resolve;
    }),
  );
  return () => {
    underWay.delete(device);
    end();
  };
};

const complete = (run: Run): readonly Buffer[] => {
  while (run.advance());
  return run.results;
};

/** How a result is handed out. */
type Manner = 'tensor' | 'array' | 'promise';
const mannerOf = (leaf: Leaf): Manner => (isFetched(leaf) ? 'array' : isDeferred(leaf) ? 'promise' : 'tensor');
const tensorOf = (leaf: Leaf): Tensor => (isFetched(leaf) ? leaf.fetch : isDeferred(leaf) ? leaf.defer : leaf);

type Compiled = { readonly executable: Executable; readonly result: unknown; readonly manners: readonly Manner[] };

/** What `stages` gives of a result. */
export type Stage<R> = R extends readonly (infer S)[] ? Fetching<S> : never;

export type Jitted<A extends unknown[], R> = ((...args: A) => Promise<Fetching<R>>) & {
  /**
   * The same with the option `staged`: the elements of the result one by one, each as soon as it is complete; asked for the
   * next, the device goes on. Elements can be read at once; whatever else the device is to do waits until the last has come.
   */
  readonly stages: (...args: A) => AsyncGenerator<Stage<R>>;
  /** Makes the plan for arguments of these shapes, and takes its memory, without running it. */
  readonly prepare: (...args: A) => Promise<void>;
  /** Bytes that a run for arguments of these shapes takes beside them; nothing is compiled or taken for the answer. */
  readonly bytes: (...args: A) => number;
  /** Gives back the memory of every plan. */
  readonly close: () => void;
};

/** Leaves up to the end of each element. */
const leafCounts = (result: readonly unknown[]): readonly number[] => {
  let count = 0;
  return result.map((part) => {
    count += leavesOf(part, isLeaf).length;
    return count;
  });
};

/**
 * `f` compiled for a device. Arguments are trees of tensors; `f` must be pure in them (anything else it reads is fixed at
 * the first call for a shape). Calls run in order.
 */
export const jit = <A extends unknown[], R>(
  device: Device,
  f: (...args: A) => R,
  { donate = [], staged = false }: JitOptions = {},
): Jitted<A, R> => {
  const plans = new Map<string, Promise<Compiled>>();

  const trace = (args: A) => {
    let count = 0;
    const donated: number[] = [];
    const variables = args.map((arg, position) =>
      mapTree(arg, (t) => {
        if (donate.includes(position)) donated.push(count);
        return input(count++, t.shape, t.dtype);
      }),
    ) as A;
    const parameters = leavesOf<Tensor>(variables).map(({ shape, dtype }) => ({ shape, dtype }));
    const result = f(...variables);
    const leaves = leavesOf<Leaf>(result, isLeaf);
    const outputs = leaves.map(tensorOf);
    const stages = staged ? leafCounts(result as readonly unknown[]) : [];
    const graph = graphOf(outputs, parameters);
    return { graph, options: { donated, stages }, result, manners: leaves.map(mannerOf) };
  };

  const compile = async (args: A): Promise<Compiled> => {
    const { graph, options, result, manners } = trace(args);
    return { executable: await device.compile(graph, options), result, manners };
  };

  const bytes = (...args: A): number => {
    const { graph, options } = trace(args);
    const { scratch, results, values } = planGraph(graph, options);
    return results.reduce((sum, id) => {
      const { place, shape } = values[id];
      return place.kind === 'result' && place.reuses === undefined ? sum + 4 * sizeOf(shape) : sum;
    }, scratch);
  };

  const planFor = (args: A): Promise<Compiled> => {
    const key = describe(args);
    const known = plans.get(key);
    if (known) return known;
    const plan = compile(args);
    plans.set(key, plan);
    plan.catch(() => plans.delete(key));
    return plan;
  };

  const begin = async (args: A) => {
    const compiled = await planFor(args);
    return { ...compiled, run: compiled.executable.start(leavesOf<Tensor>(args).map((t) => argument(t, device))) };
  };

  const start = async (given: A) => {
    const concrete = leavesOf<Tensor>(given).every(isConcrete);
    const args = concrete ? given : await evaluate(device, given);
    const release = await occupy(device);
    const { result, manners, run } = await begin(args).catch((error: unknown) => {
      release();
      throw error;
    });
    for (const position of donate) {
      for (const t of leavesOf<Tensor>(args[position])) {
        if (t.op.kind !== 'stored') continue;
        orphans.unregister(t);
        t.op.value.donated = true;
      }
    }
    const take = (buffer: Buffer): Promise<HostArray> => {
      const array = device.read(buffer).finally(() => device.free(buffer));
      // Who asks for it later learns of a failure then.
      array.catch(() => {});
      return array;
    };
    /** A part of the result tree with values, whose first leaf is the given one. */
    const handOut = async <T>(tree: T, first: number): Promise<Fetching<T>> => {
      const values = await Promise.all(
        leavesOf(tree, isLeaf).map(async (_, i) => {
          const buffer = run.results[first + i];
          const manner = manners[first + i];
          if (manner === 'tensor') return { value: wrap(device, buffer) };
          const array = take(buffer);
          return { value: manner === 'array' ? await array : array };
        }),
      );
      let index = 0;
      return mapTree<Fetching<T>>(tree, () => values[index++].value, isLeaf as (x: unknown) => x is Tensor);
    };
    return { run, result: result as R, handOut, release };
  };

  const call = async (...args: A): Promise<Fetching<R>> => {
    const { run, result, handOut, release } = await start(args);
    try {
      complete(run);
    } finally {
      release();
    }
    return handOut(result, 0);
  };

  const stages = async function* (...args: A): AsyncGenerator<Stage<R>> {
    const { run, result, handOut, release } = await start(args);
    let first = 0;
    try {
      for (const part of result as readonly unknown[]) {
        run.advance();
        const values = (await handOut(part, first)) as Stage<R>;
        first += leavesOf(part, isLeaf).length;
        yield values;
      }
    } finally {
      // Also for one who wants no more: arguments may be half overwritten.
      try {
        complete(run);
      } finally {
        release();
      }
      for (const buffer of run.results.slice(first)) device.free(buffer);
    }
  };

  const close = (): void => {
    for (const plan of plans.values()) plan.then(({ executable }) => executable.close()).catch(() => {});
    plans.clear();
  };
  const prepare = async (...args: A): Promise<void> => {
    const release = await occupy(device);
    await planFor(args).finally(release);
  };
  return Object.assign(call, { stages, close, prepare, bytes });
};
