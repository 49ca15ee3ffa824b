/** TensorBoard's events: TFRecord framing around protocol buffers of `tensorflow.Event`, written by hand as they are few. */
import type { Point } from '../runs/point.ts';
import { maskedCrc } from './crc32c.ts';

/** Field numbers of event.proto and summary.proto. */
const fields = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, value: 1, tag: 1, simpleValue: 2 } as const;
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const varint = (value: number): readonly number[] => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
};

const tagOf = (field: number, type: number): readonly number[] => varint((field << 3) | type);

const bytesField = (field: number, content: Uint8Array | readonly number[]): readonly number[] => [
  ...tagOf(field, wire.bytes),
  ...varint(content.length),
  ...content,
];

const doubleField = (field: number, value: number): readonly number[] => [
  ...tagOf(field, wire.fixed64),
  ...new Uint8Array(Float64Array.of(value).buffer),
];

const floatField = (field: number, value: number): readonly number[] => [
  ...tagOf(field, wire.fixed32),
  ...new Uint8Array(Float32Array.of(value).buffer),
];

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Length and data, each with its checksum. */
const record = (data: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(data.length + 16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(bytes.subarray(12, 12 + data.length)), true);
  return bytes;
};

/** What every file begins with. `time` in milliseconds since 1970, as below. */
export const openingRecord = (time: number): Uint8Array =>
  record([...doubleField(fields.wallTime, time / 1000), ...bytesField(fields.fileVersion, text('brain.Event:2'))]);

export const pointRecord = ({ key, step, time, value }: Point): Uint8Array => {
  const scalar = [...bytesField(fields.tag, text(key)), ...floatField(fields.simpleValue, value)];
  return record([
    ...doubleField(fields.wallTime, time / 1000),
    ...tagOf(fields.step, wire.varint),
    ...varint(step),
    ...bytesField(fields.summary, bytesField(fields.value, scalar)),
  ]);
};
