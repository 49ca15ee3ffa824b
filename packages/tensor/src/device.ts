/** What a device must do. The interface fits WebGPU: compiling and reading back wait, a run only enqueues. */
import type { Graph } from './graph.ts';
import type { DType, HostArray, Shape } from './shape.ts';

/** A value in device memory. `handle` is the device's own. */
export type Buffer = { readonly shape: Shape; readonly dtype: DType; readonly handle: unknown };

export type CompileOptions = {
  /**
   * Arguments whose buffers the executable takes over: it uses them for its results or frees them. One given as a host
   * array is copied first, as any other.
   */
  readonly donated?: readonly number[];
  /** How many results, from the first on, are complete at the end of each stage of a run; default: one stage. */
  readonly stages?: readonly number[];
};

/** A replay under way. Until it has ended nothing else may be run on the device, but results of stages can be read. */
export type Run = {
  /** Where the results will be. */
  readonly results: readonly Buffer[];
  /** Enqueues the next stage; false when there was none left. */
  readonly advance: () => boolean;
  /** After the last stage: waits for what a device has to say about a run, and throws it. Most have nothing to say. */
  readonly settle?: () => Promise<void>;
};

export type Executable = {
  /**
   * One replay. Host arrays are copied into the plan's own memory; results are new buffers (or donated ones). Ordered
   * after everything enqueued before.
   */
  readonly start: (args: readonly (Buffer | HostArray)[]) => Run;
  /** Gives back the memory of the plan. */
  readonly close: () => void;
};

export type Device = {
  readonly name: 'reference' | 'wasm' | 'webgpu';
  /** For people: which kernels, how many threads, which adapter. */
  readonly description: string;
  readonly compile: (graph: Graph, options?: CompileOptions) => Promise<Executable>;
  readonly upload: (data: HostArray, shape: Shape) => Buffer;
  /** A copy of the values, after everything enqueued before. */
  readonly read: (buffer: Buffer) => Promise<HostArray>;
  readonly free: (buffer: Buffer) => void;
  /** GFLOP/s that its matrix kernel reaches out of the cache, on all threads; measured when the device was opened. */
  readonly peak?: number;
  /** How images between layers are stored, where it is not `f32`; gradients then want a loss scale. */
  readonly precision?: 'f16';
  /** Bytes of memory that the device has taken so far. */
  readonly memory?: () => number;
  readonly close: () => Promise<void>;
};

/** A buffer owned by a tensor; once it is gone it must not be used again. */
export type Stored = { readonly device: Device; readonly buffer: Buffer; gone?: 'freed' | 'donated' };
