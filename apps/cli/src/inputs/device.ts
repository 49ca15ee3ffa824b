/** Devices by name, as `--device` takes them. */
import { type Device, openReference } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { optional, withDefault } from '../arguments/option.ts';
import { oneOf, whole } from '../arguments/value.ts';
import { type Failure, refused, thrown } from '../failure.ts';

export type DeviceChoice = {
  readonly device: 'auto' | 'wasm' | 'reference';
  readonly threads: number | undefined;
};

export const deviceOptions = {
  device: withDefault(oneOf('auto', 'wasm', 'reference'), 'auto', {
    placeholder: 'auto|wasm|reference',
    doc: 'what computes: wasm (SIMD, threads), reference (plain and slow, the oracle), auto (the fastest that works here)',
  }),
  threads: optional(whole({ min: 1, max: 256 }), {
    placeholder: 'n',
    doc: 'threads of the wasm device [all cores]',
  }),
};

/** Fastest first: `auto` takes the first that opens. */
export const deviceNames = ['wasm', 'reference'] as const;
export type DeviceName = (typeof deviceNames)[number];

type Opener = (threads: number | undefined) => TE.TaskEither<Failure, Device>;

const openers: { readonly [N in DeviceName]: Opener } = {
  wasm: () => TE.left(refused('the wasm device is not in this build', 'use --device reference')),
  reference: () => TE.tryCatch(async () => openReference(), thrown),
};

export const openNamed = (name: DeviceName, threads?: number): TE.TaskEither<Failure, Device> => openers[name](threads);

export const openChosen = ({ device, threads }: DeviceChoice): TE.TaskEither<Failure, Device> =>
  device === 'auto'
    ? TE.orElse(() => openNamed('reference', threads))(openNamed('wasm', threads))
    : openNamed(device, threads);

/** Opens, uses and closes. */
export const withDevice =
  (choice: DeviceChoice) =>
  <A>(use: (device: Device) => TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    TE.bracket(openChosen(choice), use, (device) => async () => E.right(await device.close()));
