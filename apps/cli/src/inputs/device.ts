/** Devices by name, as `--device` takes them. */
import { reasonOf } from '@gdarknet/data';
import {
  chromeTrace,
  type Device,
  type OpenOptions,
  openDevice,
  type ProfileEvent,
  profileTable,
} from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { optional, withDefault } from '../arguments/option.ts';
import { oneOf, text, whole } from '../arguments/value.ts';
import { type Failure, refused } from '../core/failure.ts';
import { writeSet } from '../outputs/write-set.ts';

export type DeviceChoice = {
  readonly device: 'auto' | 'wasm' | 'webgpu' | 'reference';
  readonly threads: number | undefined;
  readonly adapter?: string | undefined;
  /** The number of a graphics card, where what is opened is one. */
  readonly gpu?: number | undefined;
  readonly precision?: 'f32' | 'f16' | undefined;
  readonly profile?: string | undefined;
  /** Kernels that an earlier process, or another member, has computed with. */
  readonly kernels?: string | undefined;
};

/** The kernels' label in a description (`WebAssembly, 2 threads, <label>`); undefined for other devices. */
export const kernelsIn = (description: string): string | undefined =>
  /^WebAssembly, \d+ threads?, (.*)$/.exec(description)?.[1];

export const deviceOptions = {
  device: withDefault(oneOf('auto', 'wasm', 'webgpu', 'reference'), 'auto', {
    placeholder: 'auto|wasm|webgpu|reference',
    doc: 'what computes: webgpu (a graphics card), wasm (SIMD, threads), reference (plain and slow, the oracle), auto (the fastest that works here)',
  }),
  adapter: optional(text, {
    placeholder: 'n|name',
    doc: 'which graphics card, by its number or a part of its name (see gdarknet devices)',
  }),
  threads: optional(whole({ min: 1, max: 256 }), {
    placeholder: 'n',
    doc: 'threads of the wasm device [all cores]; results do not depend on it',
  }),
  precision: withDefault(oneOf('f32', 'f16'), 'f32', {
    placeholder: 'f32|f16',
    doc: 'how a graphics card stores the images between layers: f16 takes half the memory, and uses its matrix units',
  }),
  profile: optional(text, {
    placeholder: 'trace.json',
    doc: 'time every kernel of the wasm or webgpu device: a table on stderr, and a trace for chrome://tracing in this file',
  }),
};

/** Those that are not `auto`, the fastest first. */
export const deviceNames = ['webgpu', 'wasm', 'reference'] as const;

const advice: Readonly<Record<DeviceChoice['device'], string>> = {
  auto: 'see gdarknet devices, or try --device reference',
  webgpu: 'see gdarknet devices, or try --device wasm',
  wasm: 'try --device reference',
  reference: 'this should not happen',
};

type Opened = { readonly device: Device; readonly events: readonly ProfileEvent[] };

/** A device, on the graphics card of that number if it is one; the first is what opens by itself. */
const openOn = async (name: DeviceChoice['device'], gpu: number | undefined, options: OpenOptions): Promise<Device> => {
  const device = await openDevice(name, options);
  if (!gpu || options.adapter !== undefined || device.name !== 'webgpu') return device;
  await device.close();
  return openDevice('webgpu', { ...options, adapter: String(gpu) });
};

const openNamed = (choice: DeviceChoice): TE.TaskEither<Failure, Opened> =>
  TE.tryCatch(
    async () => {
      const { device, gpu, threads, kernels, adapter, precision, profile } = choice;
      const events: ProfileEvent[] = [];
      const opened = await openOn(device, gpu, {
        ...(threads !== undefined && { threads }),
        ...(kernels !== undefined && { kernels }),
        ...(adapter !== undefined && { adapter }),
        ...(precision !== undefined && { precision }),
        ...(profile !== undefined && { profile: (event: ProfileEvent) => void events.push(event) }),
      });
      return { device: opened, events };
    },
    (error) =>
      refused(
        `--device ${choice.device}: cannot be opened: ${reasonOf(error).replace(/[.]$/, '')}`,
        advice[choice.device],
      ),
  );

const open = (choice: DeviceChoice): TE.TaskEither<Failure, Opened> =>
  pipe(
    openNamed(choice),
    TE.flatMap((opened) => {
      if (choice.precision !== 'f16' || opened.device.precision === 'f16') return TE.right(opened);
      const failure = refused(
        `--precision f16: is for graphics cards, and this is ${opened.device.description}`,
        'leave it out, or give --device webgpu',
      );
      return async () => {
        await opened.device.close();
        return E.left(failure);
      };
    }),
  );

export const openChosen = (choice: DeviceChoice): TE.TaskEither<Failure, Device> =>
  pipe(
    open(choice),
    TE.map(({ device }) => device),
  );

/** The table for people, the trace for tools. */
const tellProfile = ({ device, events }: Opened, path: string): TE.TaskEither<Failure, void> => {
  process.stderr.write(`\n${profileTable(events, device.peak)}`);
  return writeSet([{ path, content: chromeTrace(events) }]);
};

/** Opens, uses and closes. */
export const withDevice =
  (choice: DeviceChoice) =>
  <A>(use: (device: Device) => TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    TE.bracket(
      open(choice),
      ({ device }) => use(device),
      (opened) => async () => {
        await opened.device.close();
        return choice.profile === undefined ? E.right(undefined) : tellProfile(opened, choice.profile)();
      },
    );
