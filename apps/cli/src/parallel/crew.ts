/** Those who train one network together: worker threads of this process, or processes that MPI has started. */
import type { Team } from '@gdarknet/yolo';

/**
 * `exact`: the parts of each batch are dealt out and the gradients summed, as one device would. `darknet`: each makes
 * updates of its own, and every four batches the weights are averaged, as the original does (SPEC 8.3).
 */
export type Sync = 'exact' | 'darknet';

export type Crew = {
  readonly team: Team;
  readonly sync: Sync;
  /** Members on this host, that share its cores. */
  readonly localSize: number;
  /** For people. */
  readonly description: string;
  /** Milliseconds spent waiting for others and exchanging values, so far. */
  readonly spentMs: () => number;
  /** Whether `abort` ends this process too. */
  readonly abortEnds: boolean;
  /** Something went wrong here: the others must not wait for ever. */
  readonly abort: () => void;
  /** When all have ended. */
  readonly close: () => Promise<void>;
};
