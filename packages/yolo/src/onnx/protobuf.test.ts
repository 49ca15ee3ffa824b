import { describe, expect, it } from 'vitest';
import { bytes, encoded, float, message, nested, text, whole } from './protobuf.ts';

const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');

describe('protobuf', () => {
  it('writes the examples of its documentation', () => {
    expect(hex(encoded(whole(1, 150)))).toBe('089601');
    expect(hex(encoded(text(2, 'testing')))).toBe('120774657374696e67');
    expect(hex(encoded(nested(3, whole(1, 150))))).toBe('1a03089601');
  });

  it('writes negative numbers in ten bytes, floats in four, large fields with two tag bytes', () => {
    expect(hex(encoded(whole(1, -2)))).toBe('08feffffffffffffffff01');
    expect(hex(encoded(float(2, 1)))).toBe('150000803f');
    expect(hex(encoded(message(bytes(20, Uint8Array.of(7)), whole(1, 0))))).toBe('a20101070800');
  });
});
