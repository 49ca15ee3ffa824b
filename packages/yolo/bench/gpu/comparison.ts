/** Whether two devices agree on a list of values, and by how much. What fails here ends the bench before any speed is told. */
export type Check = {
  readonly name: string;
  /** What `error` is of: see `largestOf` and `normOf`. */
  readonly measure: 'largest' | 'norm';
  readonly error: number;
  readonly tolerance: number;
  readonly passed: boolean;
  /** Why there was nothing to compare: the device says that it has no room for the program. That is no wrong result. */
  readonly refused?: string;
};

export const refusal = (name: string, { measure, tolerance }: Expectation, refused: string): Check => ({
  name,
  measure,
  error: Number.POSITIVE_INFINITY,
  tolerance,
  passed: false,
  refused,
});

/** The largest difference as a share of the largest expected value. */
export const largestOf = (found: ArrayLike<number>, expected: ArrayLike<number>): number => {
  let [difference, scale] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    // Not a number must not pass: every comparison with it is false.
    if (!Number.isFinite(found[i])) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(found[i] - expected[i]));
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return difference === 0 ? 0 : difference / scale;
};

/** The norm of the difference as a share of the norm of what is expected. */
export const normOf = (found: ArrayLike<number>, expected: ArrayLike<number>): number => {
  let [difference, scale] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(found[i])) return Number.POSITIVE_INFINITY;
    difference += (found[i] - expected[i]) ** 2;
    scale += expected[i] ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / scale);
};

const measures = { largest: largestOf, norm: normOf } as const;

/** Found values as a faulty device would give them: a twentieth too large. For the bench's own test. */
const withFault = (values: ArrayLike<number>): Float32Array => Float32Array.from(values, (v) => 1.05 * v);

export type Expectation = {
  readonly measure: Check['measure'];
  readonly tolerance: number;
  /** Spoils the found values first. */
  readonly fault?: boolean;
};

export const compare = (
  name: string,
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  { measure, tolerance, fault = false }: Expectation,
): Check => {
  const same = found.length === expected.length && expected.length > 0;
  const error = same ? measures[measure](fault ? withFault(found) : found, expected) : Number.POSITIVE_INFINITY;
  return { name, measure, error, tolerance, passed: error <= tolerance };
};
