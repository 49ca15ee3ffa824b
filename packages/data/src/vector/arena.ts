/**
 * WebAssembly memory for the vector kernels: one a thread that only grows. Whoever computes lays out what it needs from the
 * start, copies in, and copies out before anything else runs.
 */
import { type Func, hostFunctions, ModuleWriter } from '@gdarknet/tensor/emitter';

const page = 65536;
/** Loads and stores go by whole vectors and may touch so many bytes behind the last. */
const slack = 128;
const maxBytes = 2 ** 31 - page;

let shared: WebAssembly.Memory | undefined;
const memoryOfThread = (): WebAssembly.Memory => {
  shared ??= new WebAssembly.Memory({ initial: 64 });
  return shared;
};

/** Kernels by name: their parameters are addresses and counts. */
export type Kernels<K extends string> = Readonly<Record<K, (...numbers: number[]) => void>>;

/** Kernels compiled when first asked for; undefined where there is no SIMD. */
export const kernelsOnDemand = <K extends string>(
  functions: () => Readonly<Record<K, Func>>,
): (() => Kernels<K> | undefined) => {
  let compiled: Kernels<K> | null | undefined;
  return () => {
    if (compiled === undefined) {
      try {
        compiled = compile(functions());
      } catch {
        compiled = null;
      }
    }
    return compiled ?? undefined;
  };
};

const compile = <K extends string>(functions: Readonly<Record<K, Func>>): Kernels<K> => {
  const writer = new ModuleWriter();
  const names = Object.entries<Func>(functions).map(([name, f]) => [name, `f${writer.add(f)}`]);
  const host = { memory: memoryOfThread(), ...Object.fromEntries(hostFunctions.map((name) => [name, Math[name]])) };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(writer.encode(false)), { host });
  return Object.fromEntries(names.map(([name, exported]) => [name, exports[exported]])) as Kernels<K>;
};

export type Layout = { readonly heap: ArrayBuffer; readonly at: readonly number[] };

/** Room for parts of so many bytes, one behind the other, each at a multiple of 16. Undefined if it is too much. */
export const layOut = (sizes: readonly number[]): Layout | undefined => {
  let bytes = 0;
  const at = sizes.map((size) => {
    const here = bytes;
    bytes += (size + slack + 15) & ~15;
    return here;
  });
  if (bytes > maxBytes) return undefined;
  const memory = memoryOfThread();
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / page);
  if (missing > 0) memory.grow(missing);
  return { heap: memory.buffer, at };
};
