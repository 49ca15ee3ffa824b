/**
 * A run's `state`: everything that its next batch depends on, in the safetensors format (eight bytes of length, a header in
 * JSON, the values as they lie in memory), so that other programs can read it. Darknet's own files keep the weights only.
 */
import { existsSync } from 'node:fs';
import { readWhole, writeWhole } from '@gdarknet/data';
import type { Snapshot } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { dataFailure, type Failure, refused } from '../core/failure.ts';

export type Counters = {
  /** Batches of this run's data that have been used: where the sampler stands. */
  readonly position: number;
  /** Running average of the loss; undefined before the first. */
  readonly average: number | undefined;
  /** The batch of the last numbered weights. */
  readonly lastSave: number;
};

export type RunState = { readonly snapshot: Snapshot; readonly counters: Counters };

type Entry = { readonly dtype: 'F32'; readonly shape: readonly number[]; readonly data_offsets: readonly number[] };
type Header = { readonly __metadata__: Readonly<Record<string, string>> } & Readonly<Record<string, Entry>>;

const lengthBytes = 8;
const format = 'gdarknet-state-1';

export const stateBytes = ({ snapshot, counters }: RunState): Uint8Array => {
  let at = 0;
  const entries = Object.entries(snapshot.tensors).map(([name, { shape, values }]) => {
    const from = at;
    at += values.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [from, at] }] as const;
  });
  const metadata = { format, seen: String(snapshot.seen), counters: JSON.stringify(counters) };
  const text = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  // Values begin at a multiple of 8 bytes.
  const header = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const bytes = new Uint8Array(lengthBytes + header.length + at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, lengthBytes);
  let place = lengthBytes + header.length;
  for (const { values } of Object.values(snapshot.tensors)) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), place);
    place += values.byteLength;
  }
  return bytes;
};

const isCount = (u: unknown): u is number => Number.isSafeInteger(u) && (u as number) >= 0;

const isCounters = (u: unknown): u is Counters => {
  const { position, lastSave, average } = (u ?? {}) as Readonly<Record<string, unknown>>;
  return isCount(position) && isCount(lastSave) && (average === undefined || Number.isFinite(average));
};

export const parseState = (bytes: Uint8Array): RunState | undefined => {
  if (bytes.length < lengthBytes) return undefined;
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const start = lengthBytes + length;
  if (!(start <= bytes.length)) return undefined;
  try {
    const header: Header = JSON.parse(new TextDecoder().decode(bytes.subarray(lengthBytes, start)));
    const { __metadata__: metadata, ...entries } = header;
    const counters: unknown = JSON.parse(metadata.counters);
    const seen = Number(metadata.seen);
    if (metadata.format !== format || !isCount(seen) || !isCounters(counters)) return undefined;
    const tensors: Record<string, Snapshot['tensors'][string]> = {};
    for (const [name, { shape, data_offsets }] of Object.entries(entries)) {
      const [from, to] = data_offsets;
      const count = shape.reduce((product, size) => product * size, 1);
      if (!isCount(from) || to - from !== 4 * count || !(start + to <= bytes.length)) return undefined;
      // A copy, as views must be aligned; a Buffer's own `slice` is none.
      const own = new Uint8Array(bytes.subarray(start + from, start + to));
      tensors[name] = { shape, values: new Float32Array(own.buffer) };
    }
    return { snapshot: { seen, tensors }, counters };
  } catch {
    return undefined;
  }
};

export const writeState = (path: string, state: RunState): TE.TaskEither<Failure, void> =>
  TE.mapLeft(dataFailure)(writeWhole(path, stateBytes(state)));

/** Whether every weight is a number. */
export const isSound = ({ tensors }: Snapshot): boolean =>
  Object.entries(tensors).every(([name, { values }]) => !name.startsWith('params.') || values.every(Number.isFinite));

const fromWeights = 'start from the weights instead: give the .backup';

export const readState = (path: string): TE.TaskEither<Failure, RunState> =>
  pipe(
    existsSync(path)
      ? TE.mapLeft(dataFailure)(readWhole(path))
      : TE.left(refused(`${path}: is not there`, fromWeights)),
    TE.flatMapEither((bytes) =>
      E.fromNullable(refused(`${path}: is no state of a run, or not all of it`, fromWeights))(parseState(bytes)),
    ),
    TE.filterOrElse(
      ({ snapshot }) => isSound(snapshot),
      () => refused(`${path}: holds weights that are not finite`, fromWeights),
    ),
  );
