/** What all programs of a `webgpu` device share. */
import type { ProfileEvent } from '../profile.ts';
import type { HostArray } from '../shape.ts';
import type { AdapterFacts } from './adapter.ts';
import type { Pool, Scratch } from './buffers.ts';
import type { Means } from './lowering.ts';
import type { Pipelines } from './pipelines.ts';
import type { Tuner } from './tuning.ts';

export type Shop = {
  readonly gpu: GPUDevice;
  readonly facts: AdapterFacts;
  readonly means: Means;
  /** Whether images between layers are stored as 16 bits. */
  readonly half: boolean;
  readonly storage: Pool;
  /** Values between steps, and those within a step. */
  readonly scratch: Scratch;
  readonly temporaries: Scratch;
  readonly pipelines: Pipelines;
  readonly tuner?: Tuner | undefined;
  readonly way?: number | undefined;
  readonly profile?: ((event: ProfileEvent) => void) | undefined;
  /** A number for each program. */
  readonly number: () => number;
  /** Since when the profile counts: the first kernel. */
  readonly clock: { origin?: number | undefined };
  /** What is still to be told to `profile`. */
  readonly untold: Set<Promise<void>>;
  readonly upload: (data: HostArray) => GPUBuffer;
  /** Throws what has gone wrong since. */
  readonly check: () => void;
};
