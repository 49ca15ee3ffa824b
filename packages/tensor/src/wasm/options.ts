/** What the `wasm` device can be told when it is opened. */
import { callable, flag, type OptionRules, oneOf, text, whole } from '../check.ts';
import { type Check, checks } from '../finite.ts';
import type { ProfileEvent } from '../profile.ts';

export type WasmOptions = {
  /** Default: the cores of the machine. Results do not depend on it. */
  readonly threads?: number;
  /** 256-bit vectors where Node offers them (default true; the environment variable GDARKNET_NO_REVEC=1 turns them off). */
  readonly wide?: boolean;
  /**
   * Kernels by their label, as it stands in `description`, where this machine has them: another process then computes the
   * same bits. Default: the fastest, measured.
   */
  readonly kernels?: string;
  /**
   * `finite`: after each run every value is looked at, and the first NaN or infinity that comes of finite values is an error
   * (`NonFiniteError`) with operation, scope, place and line. Slow; default: no check.
   */
  readonly check?: Check;
  /** Hears of every kernel launch, with its time. */
  readonly profile?: (event: ProfileEvent) => void;
};

export const wasmRules: OptionRules<WasmOptions> = {
  threads: whole(1),
  wide: flag,
  kernels: text,
  check: oneOf(checks),
  profile: callable,
};
