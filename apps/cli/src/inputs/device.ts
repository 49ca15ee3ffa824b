/** Devices by name, as `--device` takes them. */
import { reasonOf } from '@gdarknet/data';
import { type Device, openDevice } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { optional, withDefault } from '../arguments/option.ts';
import { oneOf, whole } from '../arguments/value.ts';
import { type Failure, refused } from '../failure.ts';

export type DeviceChoice = {
  readonly device: 'auto' | 'wasm' | 'reference';
  readonly threads: number | undefined;
  /** Kernels that an earlier process, or another member, has computed with. */
  readonly kernels?: string | undefined;
};

/** The kernels' label in a description (`WebAssembly, 2 threads, <label>`); undefined for other devices. */
export const kernelsIn = (description: string): string | undefined =>
  /^WebAssembly, \d+ threads?, (.*)$/.exec(description)?.[1];

export const deviceOptions = {
  device: withDefault(oneOf('auto', 'wasm', 'reference'), 'auto', {
    placeholder: 'auto|wasm|reference',
    doc: 'what computes: wasm (SIMD, threads), reference (plain and slow, the oracle), auto (the fastest that works here)',
  }),
  threads: optional(whole({ min: 1, max: 256 }), {
    placeholder: 'n',
    doc: 'threads of the wasm device [all cores]; results do not depend on it',
  }),
};

/** Those that are not `auto`, the fastest first. */
export const deviceNames = ['wasm', 'reference'] as const;

export const openChosen = ({ device, threads, kernels }: DeviceChoice): TE.TaskEither<Failure, Device> =>
  TE.tryCatch(
    () => openDevice(device, { ...(threads !== undefined && { threads }), ...(kernels !== undefined && { kernels }) }),
    (error) => refused(`--device ${device}: cannot be opened: ${reasonOf(error)}`, 'try --device reference'),
  );

/** Opens, uses and closes. */
export const withDevice =
  (choice: DeviceChoice) =>
  <A>(use: (device: Device) => TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    TE.bracket(openChosen(choice), use, (device) => async () => E.right(await device.close()));
