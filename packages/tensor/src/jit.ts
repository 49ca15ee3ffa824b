/**
 * From expressions to values. `jit` traces a function once per shape of its arguments and replays the plan afterwards;
 * `evaluate` and `read` take the same path for an expression that is used once.
 */
import { callable, check, checkDevice, checkOptions, flag, listOf, type OptionRules, whole } from './check.ts';
import type { Buffer, Device, Run, Stored } from './device.ts';
import { ArgumentError, TensorError } from './errors.ts';
import type { OpOf } from './op.ts';
import { planGraph } from './plan/plan.ts';
import { capturedBy, openPlans, type Plans, type Traced } from './plans.ts';
import { hearing, type Print, printsOf, withPrints } from './print.ts';
import { type HostArray, sizeOf } from './shape.ts';
import { complete, donate, free, occupy, usable, whenIdle, wrap } from './stored.ts';
import { input, type Tensor } from './tensor.ts';
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
  /** How many plans are kept, those used last; one is needed for each set of shapes and static arguments. Default 64. */
  readonly plans?: number;
};

const rules: OptionRules<JitOptions> = { donate: listOf(whole()), staged: flag, plans: whole(1) };

const isFetched = (x: unknown): x is Fetched =>
  typeof x === 'object' && x !== null && 'fetch' in x && isTensor(x.fetch);
const isDeferred = (x: unknown): x is Deferred =>
  typeof x === 'object' && x !== null && 'defer' in x && isTensor(x.defer);
type Leaf = Tensor | Fetched | Deferred;
const isLeaf = (x: unknown): x is Leaf => isTensor(x) || isFetched(x) || isDeferred(x);

const argument = (t: Tensor, device: Device): Buffer | HostArray =>
  t.op.kind === 'constant' ? t.op.data : usable((t.op as OpOf<'stored'>).value, device, 'jit').buffer;

const isConcrete = (t: Tensor): boolean => t.op.kind === 'constant' || t.op.kind === 'stored';

const checkCaptured = (captured: readonly Stored[], device: Device): void => {
  for (const stored of captured) usable(stored, device, 'jit', 'a tensor that the computation reads');
};

/**
 * What there is to do when all stages of a run have been enqueued: the device's own word, then the prints, whose values are
 * the last of the results. Where either fails, the results that nobody has yet are given back.
 */
const finish = async (
  device: Device,
  run: Run,
  prints: readonly Print[],
  waiting: readonly Buffer[],
): Promise<void> => {
  const printed = run.results.slice(run.results.length - prints.length);
  try {
    await run.settle?.();
    for (const [i, { emit }] of prints.entries()) emit(await device.read(printed[i]));
  } catch (error) {
    for (const buffer of waiting) device.free(buffer);
    throw error;
  } finally {
    for (const buffer of printed) device.free(buffer);
  }
};

/** Expressions computed once, each into a buffer. */
const compute = async (device: Device, expressions: readonly Tensor[]): Promise<readonly Tensor[]> => {
  if (expressions.length === 0) return [];
  const release = await occupy(device);
  try {
    const { graph, prints } = withPrints(expressions, printsOf(expressions), []);
    checkCaptured(capturedBy(graph), device);
    const executable = await device.compile(graph);
    try {
      const run = executable.start([]);
      complete(run);
      await finish(device, run, prints, run.results.slice(0, expressions.length));
      return run.results.slice(0, expressions.length).map((b) => wrap(device, b));
    } finally {
      executable.close();
    }
  } finally {
    release();
  }
};

/** Every tensor of a tree computed and kept on the device; one plan for the whole tree. */
export const evaluate = async <T>(device: Device, tree: T): Promise<T> => {
  checkDevice('evaluate', device);
  if (tree instanceof Promise)
    throw new ArgumentError('evaluate', 'the tree', 'tensors', 'a promise', 'await it first');
  const leaves = leavesOf<Tensor>(tree);
  for (const { op } of leaves) if (op.kind === 'stored') usable(op.value, device, 'evaluate');
  const computed = await compute(
    device,
    leaves.filter((t) => !isConcrete(t)),
  );
  let next = 0;
  return mapTree<T>(tree, (t) => {
    if (t.op.kind === 'stored') return t;
    return t.op.kind === 'constant' ? wrap(device, device.upload(t.op.data, t.shape)) : computed[next++];
  });
};

/** Every tensor of a tree as a typed array. */
export const read = async <T>(device: Device, tree: T): Promise<Read<T>> => {
  checkDevice('read', device);
  if (tree instanceof Promise) throw new ArgumentError('read', 'the tree', 'tensors', 'a promise', 'await it first');
  const leaves = leavesOf<Tensor>(tree);
  const ready = await evaluate(device, leaves);
  const arrays = await Promise.all(ready.map((t) => device.read(argument(t, device) as Buffer)));
  ready.forEach((t, i) => {
    if (t !== leaves[i]) free(t);
  });
  return mapTree<Read<T>>(tree, (_, i) => arrays[i]);
};

/** How a result is handed out. */
type Manner = 'tensor' | 'array' | 'promise';
const mannerOf = (leaf: Leaf): Manner => (isFetched(leaf) ? 'array' : isDeferred(leaf) ? 'promise' : 'tensor');
const tensorOf = (leaf: Leaf): Tensor => (isFetched(leaf) ? leaf.fetch : isDeferred(leaf) ? leaf.defer : leaf);

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

/** The arguments' tensors as variables of a graph, and the graph of what `f` makes of them. */
const traceWith =
  <A extends unknown[], R>(f: (...args: A) => R, donate: readonly number[], staged: boolean) =>
  (args: A): Traced<R> => {
    const variables: Tensor[] = [];
    const donated: number[] = [];
    const traced = args.map((arg, position) =>
      mapTree(arg, (t) => {
        const index = variables.length;
        if (donate.includes(position)) donated.push(index);
        variables.push(input(index, t.shape, t.dtype));
        return variables[index];
      }),
    ) as A;
    const { value: result, prints: heard } = hearing(() => f(...traced));
    if (typeof (result as { then?: unknown } | undefined)?.then === 'function')
      throw new ArgumentError(
        'jit',
        'the function',
        'a function that gives its tensors at once',
        'one that gives a promise',
        'await before the call',
      );
    const outputs = leavesOf<Leaf>(result, isLeaf).map(tensorOf);
    const made = withPrints(outputs, printsOf([...outputs, ...heard]), variables);
    const stages = staged ? leafCounts(result as readonly unknown[]) : [];
    return { ...made, options: { donated, stages }, result };
  };

/** A tensor whose memory a call takes over must not come into that call in another way. */
const checkDonated = (args: readonly unknown[], donate: readonly number[], captured: readonly Stored[]): Stored[] => {
  const count = new Map<Stored, number>(captured.map((stored) => [stored, 1]));
  const taken: Stored[] = [];
  args.forEach((arg, position) => {
    for (const { op } of leavesOf<Tensor>(arg)) {
      if (op.kind !== 'stored') continue;
      count.set(op.value, (count.get(op.value) ?? 0) + 1);
      if (donate.includes(position)) taken.push(op.value);
    }
  });
  if (taken.some((stored) => (count.get(stored) ?? 0) > 1))
    throw new TensorError(
      'jit',
      'a donated tensor came into the call twice (as two arguments, or captured by the function too), and its memory can be taken over once; give a copy, or do not donate it',
    );
  return taken;
};

/** Bytes that a program takes beside its arguments: between its steps, and for results with memory of their own. */
const bytesOf = <R>({ graph, options }: Traced<R>): number => {
  const { scratch, results, values } = planGraph(graph, options);
  return results.reduce((sum, id) => {
    const { place, shape } = values[id];
    return place.kind === 'result' && place.reuses === undefined ? sum + 4 * sizeOf(shape) : sum;
  }, scratch);
};

/** A run of the plan for these arguments; memory that is donated belongs to it from now on. */
const begin = async <A extends unknown[], R>(
  device: Device,
  plans: Plans<A, R>,
  positions: readonly number[],
  args: A,
): Promise<Begun<R>> => {
  const missing = positions.find((position) => !(position in args));
  if (missing !== undefined) {
    const expected = `positions among the ${args.length} arguments of the call`;
    throw new ArgumentError('jit', 'donate', expected, String(missing));
  }
  const { executable, result, prints, constants, captured } = await plans.for(args);
  checkCaptured(captured, device);
  const given = leavesOf<Tensor>(args).map((t) => argument(t, device));
  const taken = positions.length > 0 ? checkDonated(args, positions, captured) : [];
  const run = executable.start([...given, ...constants]);
  for (const stored of taken) donate(stored);
  return { run, result, prints };
};

type Begun<R> = { readonly run: Run; readonly result: R; readonly prints: readonly Print[] };

/** A part of the result tree with values: the first of its leaves is the run's result `first`. */
const handOut = async <T>(device: Device, { results }: Run, tree: T, first: number): Promise<Fetching<T>> => {
  const take = (buffer: Buffer): Promise<HostArray> => {
    const array = device.read(buffer).finally(() => device.free(buffer));
    // Who asks for it later learns of a failure then.
    array.catch(() => {});
    return array;
  };
  const values = await Promise.all(
    leavesOf<Leaf>(tree, isLeaf).map(async (leaf, i) => {
      const buffer = results[first + i];
      const manner = mannerOf(leaf);
      if (manner === 'tensor') return { value: wrap(device, buffer) };
      const array = take(buffer);
      return { value: manner === 'array' ? await array : array };
    }),
  );
  let index = 0;
  return mapTree<Fetching<T>>(tree, () => values[index++].value, isLeaf as (x: unknown) => x is Tensor);
};

/**
 * `f` compiled for a device. Arguments are trees of tensors; anything else in them is static: another value of it is another
 * trace. `f` must be pure in its arguments (what else it reads is fixed at the first call for them). Calls run in order.
 */
export const jit = <A extends unknown[], R>(
  device: Device,
  f: (...args: A) => R,
  options: JitOptions = {},
): Jitted<A, R> => {
  checkDevice('jit', device);
  check('jit', 'the function', callable, f);
  checkOptions('jit', rules, options);
  const { donate: positions = [], staged = false, plans: most = 64 } = options;
  const trace = traceWith(f, positions, staged);
  const plans = openPlans(device, trace, most);

  const start = async (given: A) => {
    const concrete = leavesOf<Tensor>(given).every(isConcrete);
    const args = concrete ? given : await evaluate(device, given);
    const release = await occupy(device);
    const { run, result, prints } = await begin(device, plans, positions, args).catch((error: unknown) => {
      release();
      throw error;
    });
    const own = run.results.length - prints.length;
    /** After the last stage, when the results from `first` on have not been handed out. */
    const end = (first: number) => finish(device, run, prints, run.results.slice(first, own));
    return { run, result, release, end, own };
  };

  const call = async (...args: A): Promise<Fetching<R>> => {
    const { run, result, release, end } = await start(args);
    try {
      complete(run);
      await end(0);
    } finally {
      release();
    }
    return handOut(device, run, result, 0);
  };

  const stages = async function* (...args: A): AsyncGenerator<Stage<R>> {
    const { run, result, release, end, own } = await start(args);
    let first = 0;
    try {
      for (const part of result as readonly unknown[]) {
        run.advance();
        const values = (await handOut(device, run, part, first)) as Stage<R>;
        first += leavesOf(part, isLeaf).length;
        yield values;
      }
    } finally {
      // Also for one who wants no more: arguments may be half overwritten.
      try {
        complete(run);
        for (const buffer of run.results.slice(first, own)) device.free(buffer);
        await end(own);
      } finally {
        release();
      }
    }
  };

  const prepare = async (...args: A): Promise<void> => {
    const release = await occupy(device);
    await plans.for(args).finally(release);
  };
  const close = (): void => whenIdle(device, plans.close);
  const bytes = (...args: A): number => bytesOf(trace(args));
  return Object.assign(call, { stages, close, prepare, bytes });
};
