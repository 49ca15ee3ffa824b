/** The portable anymaps P1 to P6 (Netpbm): plain and raw bitmaps, grey maps and pixmaps, 8 or 16 bits. */
import type { Image } from './image.ts';
import { Refused, refuseSize } from './refusal.ts';

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/** Reads decimal numbers, stepping over white space and `#` comments. */
const tokens = (bytes: Uint8Array, start: number) => {
  let at = start;
  const skip = (): void => {
    while (at < bytes.length && (isSpace(bytes[at]) || bytes[at] === 0x23)) {
      if (bytes[at] === 0x23) while (at < bytes.length && bytes[at] !== 0x0a) at++;
      else at++;
    }
  };
  const next = (): number => {
    skip();
    if (!isDigit(bytes[at] ?? 0)) throw new Refused(`PNM ends or is malformed at byte ${at}: a number was expected`);
    let value = 0;
    for (; isDigit(bytes[at] ?? 0); at++) value = Math.min(value * 10 + bytes[at] - 0x30, 0xffffffff);
    return value;
  };
  /** One digit, which in a plain bitmap needs no space around it. */
  const bit = (): number => {
    skip();
    if (bytes[at] !== 0x30 && bytes[at] !== 0x31)
      throw new Refused(`PNM is malformed at byte ${at}: a 0 or 1 was expected`);
    return bytes[at++] - 0x30;
  };
  return { next, bit, position: () => at };
};

export const decodePnm = (bytes: Uint8Array, maxPixels: number): Image => {
  const kind = bytes[1] - 0x30;
  const plain = kind <= 3;
  const bitmap = kind === 1 || kind === 4;
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const reader = tokens(bytes, 2);
  const width = reader.next();
  const height = reader.next();
  const max = bitmap ? 1 : reader.next();
  refuseSize(width, height, maxPixels);
  if (max < 1 || max > 65535) throw new Refused(`PNM has a largest value of ${max}, expected 1 to 65535`);

  const wide = max > 255 ? 2 : 1;
  const rowBytes = bitmap ? (width + 7) >> 3 : width * channels * wide;
  const start = reader.position() + 1;
  const needed = plain ? width * height * channels : rowBytes * height;
  const present = bytes.length - start;
  if (present < needed - (plain ? 1 : 0))
    throw new Refused(`PNM is cut short: ${needed} bytes expected, ${present} there`);

  const level = (v: number): number =>
    max === 255 ? v : Math.min(255, wide === 2 && max === 65535 ? v >> 8 : Math.round((v * 255) / max));
  const sample = (y: number, i: number): number => {
    if (plain) return bitmap ? 255 * (1 - reader.bit()) : level(reader.next());
    if (bitmap) return (bytes[start + y * rowBytes + (i >> 3)] >> (7 - (i & 7))) & 1 ? 0 : 255;
    const at = start + y * rowBytes + i * wide;
    return level(wide === 2 ? (bytes[at] << 8) | bytes[at + 1] : bytes[at]);
  };
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) {
      const first = sample(y, x * channels);
      data[o] = first;
      data[o + 1] = channels === 3 ? sample(y, x * 3 + 1) : first;
      data[o + 2] = channels === 3 ? sample(y, x * 3 + 2) : first;
    }
  }
  return { width, height, data };
};
