/** Event files read back by protobufjs with TensorFlow's own message definitions, every checksum checked. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { expect, it } from 'vitest';
import { tempFolder, until } from '../testing/board.ts';
import { growRun, makeRun, pointsPerBatch, start } from '../testing/run-folder.ts';
import { crc32c, maskedCrc } from './crc32c.ts';
import { exportTensorboard } from './export.ts';
import { pointRecord } from './record.ts';

/** The fields of event.proto and summary.proto that are used, under their numbers there. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Summary { message Value { string tag = 1; oneof value { float simple_value = 2; } } repeated Value value = 1; }
  message Event { double wall_time = 1; int64 step = 2; oneof what { string file_version = 3; Summary summary = 5; } }
`);
const Event = root.lookupType('Event');

type Read = {
  readonly wallTime: number;
  readonly step?: string;
  readonly fileVersion?: string;
  readonly summary?: { readonly value: readonly { readonly tag: string; readonly simpleValue: number }[] };
};

const readEvents = (bytes: Uint8Array): readonly Read[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: Read[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expect(view.getUint32(at + 8, true)).toBe(maskedCrc(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(view.getUint32(at + 12 + length, true)).toBe(maskedCrc(data));
    events.push(Event.toObject(Event.decode(data), { longs: String }) as Read);
    at += 16 + length;
  }
  return events;
};

/** Under its final name. */
const isEvents = (name: string): boolean => /^events[.]out[.].*gdarknet$/.test(name);

it('CRC-32C is that of RFC 3720', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

it('a run, once and while it grows', async () => {
  const folder = makeRun(join(await tempFolder(), 'run'), 30);
  const finish = new AbortController();
  const exporting = exportTensorboard({ folder, follow: true, everyMs: 20, finish: finish.signal });
  // What was there has been written.
  await until(() => existsSync(join(folder, 'tensorboard')) && readdirSync(join(folder, 'tensorboard')).some(isEvents));
  growRun(folder, 31, 40);
  finish.abort();
  const { file, points } = await exporting;
  expect(points).toBe(40 * pointsPerBatch);
  const [first, ...rest] = readEvents(readFileSync(file));
  expect(first).toMatchObject({ fileVersion: 'brain.Event:2', wallTime: start / 1000 });
  expect(rest).toHaveLength(points);
  const losses = rest.filter(({ summary }) => summary?.value[0].tag === 'loss/total');
  expect(losses.map(({ step, wallTime, summary }) => [Number(step), wallTime, summary?.value[0].simpleValue])).toEqual(
    Array.from({ length: 40 }, (_, i) => [i + 1, start / 1000 + i + 1, Math.fround(3 / (i + 1))]),
  );
});

it('large steps and values that are no numbers', () => {
  for (const [step, value] of [
    [2 ** 52, Number.NaN],
    [0, Number.NEGATIVE_INFINITY],
    [300, 1e300],
  ] as const) {
    const [event] = readEvents(pointRecord({ key: 'k', step, time: 1.5e12, value }));
    expect([Number(event.step ?? 0), event.summary?.value[0].simpleValue]).toEqual([step, Math.fround(value)]);
  }
});
