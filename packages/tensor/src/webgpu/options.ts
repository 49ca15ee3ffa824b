/** What the `webgpu` device can be told when it is opened. Apart from the device, whose code is loaded when it is asked for. */
import { callable, flag, type OptionRules, oneOf, text, whole } from '../check.ts';
import { type Check, checks } from '../finite.ts';
import type { ProfileEvent } from '../profile.ts';

export type WebGpuOptions = {
  /** Index of the adapter, or a part of its name. Default: the one for performance. */
  readonly adapter?: string;
  /**
   * `f16`: images between layers are stored as 16 bits, which halves most of the memory and of its traffic; sums,
   * statistics, parameters and losses stay in 32 bits. The adapter must have `shader-f16`. Default `f32`.
   */
  readonly precision?: 'f32' | 'f16';
  /**
   * Whether products are computed by the adapter's matrix units, from factors of 16 bits with sums of 32. Default: with the
   * precision `f16`, where the adapter has some that Dawn can use, and they agree with the plain kernels.
   */
  readonly matrixUnits?: boolean;
  /** Matrix kernels with shared memory or with registers alone. Default: as suits the adapter. */
  readonly matrices?: 'shared' | 'registers';
  /** Of the ways to write a matrix kernel always the one at this place, where there are so many; for tests. */
  readonly way?: number;
  /**
   * Whether ways are timed when a problem is first met, and the fastest is remembered in the user's cache (in a browser in
   * the page's storage). Results are the same bits. Default: where the adapter has a clock and is not emulated, and the
   * environment is not a test machine's (`CI`).
   */
  readonly autotune?: boolean;
  /**
   * `finite`: after each run every value is looked at, and the first NaN or infinity that comes of finite values is an error
   * (`NonFiniteError`) with operation, scope, place and line. Slow; default: no check.
   */
  readonly check?: Check;
  /** Called for every kernel of every run, some time after it; all have been when `close` is done. */
  readonly profile?: (event: ProfileEvent) => void;
};

export const webGpuRules: OptionRules<WebGpuOptions> = {
  adapter: text,
  precision: oneOf(['f32', 'f16']),
  matrixUnits: flag,
  matrices: oneOf(['shared', 'registers']),
  way: whole(),
  autotune: flag,
  check: oneOf(checks),
  profile: callable,
};
