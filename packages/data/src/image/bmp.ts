/** Windows bitmaps: 1, 4, 8, 16, 24 and 32 bits, palettes, bit fields, RLE8 and RLE4, both row orders. */
import type { Image } from './image.ts';
import { Refused, refuseSize } from './refusal.ts';

type Header = {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  readonly pixels: number;
  readonly palette: Uint8Array;
  readonly masks: readonly [number, number, number];
};

const RGB = 0;
const RLE8 = 1;
const RLE4 = 2;
const BIT_FIELDS = 3;

const defaultMasks: Readonly<Record<number, readonly [number, number, number]>> = {
  16: [0x7c00, 0x03e0, 0x001f],
  32: [0xff0000, 0x00ff00, 0x0000ff],
};

/** Colours of `count` palette entries as RGB triples; entries that the file does not hold stay black. */
const readPalette = (bytes: Uint8Array, at: number, count: number, entryBytes: number): Uint8Array => {
  const palette = new Uint8Array(256 * 3);
  for (let i = 0; i < Math.min(count, 256); i++) {
    const entry = at + i * entryBytes;
    palette.set([bytes[entry + 2] ?? 0, bytes[entry + 1] ?? 0, bytes[entry] ?? 0], i * 3);
  }
  return palette;
};

const readHeader = (bytes: Uint8Array): Header => {
  if (bytes.length < 26) throw new Refused('BMP is cut inside its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pixels = view.getUint32(10, true);
  const size = view.getUint32(14, true);
  const core = size === 12;
  if (!core && (size < 40 || bytes.length < 14 + 40)) throw new Refused(`BMP has an unknown header of ${size} bytes`);
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(core ? 24 : 28, true);
  const compression = core ? RGB : view.getUint32(30, true);
  const used = core ? 0 : view.getUint32(46, true);
  const hasMasks = compression === BIT_FIELDS && bytes.length >= 66;
  const masks: readonly [number, number, number] = hasMasks
    ? [view.getUint32(54, true), view.getUint32(58, true), view.getUint32(62, true)]
    : (defaultMasks[bits] ?? [0, 0, 0]);
  const count = bits <= 8 ? used || 1 << bits : 0;
  const palette = readPalette(bytes, 14 + size, count, core ? 3 : 4);
  return {
    width,
    height: Math.abs(signedHeight),
    topDown: signedHeight < 0,
    bits,
    compression,
    pixels,
    palette,
    masks,
  };
};

/** Reads a field of a packed pixel and spreads it over 0..255. */
const fieldReader = (mask: number): ((pixel: number) => number) => {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const top = mask >>> shift;
  return (pixel) => Math.round((((pixel & mask) >>> shift) * 255) / top);
};

/** Run-length coded indices, expanded to one byte a pixel in file order of rows; what is not coded stays 0. */
const expandRuns = (bytes: Uint8Array, header: Header): Uint8Array => {
  const { width, height, compression } = header;
  const out = new Uint8Array(width * height);
  const nibbles = compression === RLE4;
  let x = 0;
  let y = 0;
  let at = header.pixels;
  const put = (index: number): void => {
    if (x < width && y < height) out[y * width + x] = index;
    x++;
  };
  const pick = (byte: number, i: number): number => (nibbles ? (i & 1 ? byte & 15 : byte >> 4) : byte);
  while (at + 1 < bytes.length && y < height) {
    const count = bytes[at];
    const value = bytes[at + 1];
    at += 2;
    if (count > 0) {
      for (let i = 0; i < count; i++) put(pick(value, i));
    } else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) {
      return out;
    } else if (value === 2) {
      x += bytes[at] ?? 0;
      y += bytes[at + 1] ?? 0;
      at += 2;
    } else {
      const length = nibbles ? (value + 1) >> 1 : value;
      for (let i = 0; i < value; i++) put(pick(bytes[at + (nibbles ? i >> 1 : i)] ?? 0, i));
      at += length + (length & 1);
    }
  }
  if (y < height) throw new Refused(`BMP is cut short: its runs end in row ${y + 1} of ${height}`);
  return out;
};

/** Writes row `y` of the file as RGB at `o`. */
type RowWriter = (y: number, out: Uint8Array, o: number) => void;

const indexedRow = (header: Header, indexOf: (y: number, x: number) => number): RowWriter => {
  const { width, palette } = header;
  return (y, out, o) => {
    for (let x = 0; x < width; x++) {
      const entry = indexOf(y, x) * 3;
      out[o + x * 3] = palette[entry];
      out[o + x * 3 + 1] = palette[entry + 1];
      out[o + x * 3 + 2] = palette[entry + 2];
    }
  };
};

const packedRow = (header: Header, pixelOf: (y: number, x: number) => number): RowWriter => {
  const [red, green, blue] = header.masks.map(fieldReader);
  return (y, out, o) => {
    for (let x = 0; x < header.width; x++) {
      const pixel = pixelOf(y, x);
      out[o + x * 3] = red(pixel);
      out[o + x * 3 + 1] = green(pixel);
      out[o + x * 3 + 2] = blue(pixel);
    }
  };
};

const rowWriter = (bytes: Uint8Array, header: Header): RowWriter => {
  const { width, height, bits, compression, pixels } = header;
  if ((compression === RLE8 && bits === 8) || (compression === RLE4 && bits === 4)) {
    const indices = expandRuns(bytes, header);
    return indexedRow(header, (y, x) => indices[y * width + x]);
  }
  if (compression !== RGB && !(compression === BIT_FIELDS && (bits === 16 || bits === 32))) {
    throw new Refused(`BMP uses compression ${compression} at ${bits} bits, which is not supported`);
  }
  const stride = ((width * bits + 31) >> 5) * 4;
  if (pixels + stride * height > bytes.length + 3) {
    throw new Refused(`BMP is cut short: ${pixels + stride * height} bytes expected, ${bytes.length} there`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rowAt = (y: number): number => pixels + y * stride;
  if (bits === 24) {
    return (y, out, o) => {
      for (let x = 0, at = rowAt(y); x < width; x++, at += 3) {
        out[o + x * 3] = bytes[at + 2];
        out[o + x * 3 + 1] = bytes[at + 1];
        out[o + x * 3 + 2] = bytes[at];
      }
    };
  }
  if (bits === 16) return packedRow(header, (y, x) => view.getUint16(rowAt(y) + x * 2, true));
  if (bits === 32) return packedRow(header, (y, x) => view.getUint32(rowAt(y) + x * 4, true));
  if (bits === 1 || bits === 2 || bits === 4 || bits === 8) {
    const mask = (1 << bits) - 1;
    return indexedRow(header, (y, x) => (bytes[rowAt(y) + ((x * bits) >> 3)] >> (8 - bits - ((x * bits) & 7))) & mask);
  }
  throw new Refused(`BMP has ${bits} bits a pixel, expected 1, 2, 4, 8, 16, 24 or 32`);
};

export const decodeBmp = (bytes: Uint8Array, maxPixels: number): Image => {
  const header = readHeader(bytes);
  const { width, height, topDown } = header;
  refuseSize(width, height, maxPixels);
  const write = rowWriter(bytes, header);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) write(y, data, (topDown ? y : height - 1 - y) * width * 3);
  return { width, height, data };
};
