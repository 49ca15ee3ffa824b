/** What a graphics card may answer with. */

/** There is no WebGPU here, or no such adapter. */
export class NoAdapterError extends Error {
  override readonly name = 'NoAdapterError';
}

/** A program, or a value of it, that the adapter has no room for. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
  /** How many times too large the largest value is, where that is known: so many parts of it would fit. */
  readonly times: number | undefined;
  constructor(message: string, times?: number) {
    super(message);
    this.times = times;
  }
}

/** Kernels are to be timed on an adapter without a clock. */
export class NoClockError extends Error {
  override readonly name = 'NoClockError';
}
