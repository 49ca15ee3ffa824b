/**
 * Protocol Buffers' wire format, the writing half that ONNX files need: varints, 32-bit floats and length-delimited fields.
 * https://protobuf.dev/programming-guides/encoding
 */

/** A message in pieces, so that weights are copied once, at the end. */
export type Message = { readonly size: number; readonly pieces: readonly Uint8Array[] };

const wire = { varint: 0, delimited: 2, fixed32: 5 } as const;

/** Seven bits a byte, lowest first; a negative number as its 64-bit two's complement. */
const varint = (value: number | bigint): Uint8Array => {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Uint8Array.from([...bytes, Number(rest)]);
};

const tag = (field: number, type: number): Uint8Array => varint((field << 3) | type);

const of = (...pieces: readonly Uint8Array[]): Message => ({
  pieces,
  size: pieces.reduce((sum, { length }) => sum + length, 0),
});

/** Fields one after the other are a message. */
export const message = (...fields: readonly Message[]): Message => ({
  pieces: fields.flatMap(({ pieces }) => pieces),
  size: fields.reduce((sum, { size }) => sum + size, 0),
});

export const whole = (field: number, value: number | bigint): Message => of(tag(field, wire.varint), varint(value));

export const float = (field: number, value: number): Message => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return of(tag(field, wire.fixed32), bytes);
};

export const bytes = (field: number, value: Uint8Array): Message =>
  of(tag(field, wire.delimited), varint(value.length), value);

export const text = (field: number, value: string): Message => bytes(field, new TextEncoder().encode(value));

export const nested = (field: number, { pieces, size }: Message): Message =>
  of(tag(field, wire.delimited), varint(size), ...pieces);

export const encoded = ({ pieces, size }: Message): Uint8Array => {
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
};
