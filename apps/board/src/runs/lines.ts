/** The whole lines of a file that is being written, from a cursor on. */
import { type FileHandle, open } from 'node:fs/promises';

export type Lines = {
  readonly lines: readonly string[];
  /** Bytes read, to the end of the last line taken. */
  readonly offset: number;
  /** The bytes before `offset`, to know the file by the next time. */
  readonly tail: string;
  /** There is more to read now. */
  readonly more: boolean;
};

/** Where reading goes on. */
export type Place = { readonly offset: number; readonly tail: string };

const tailBytes = 48;

const newline = 0x0a;
/** A file without line ends is not read into memory whole: beyond this a line is cut into pieces, which are faults. */
export const longestLine = 8 << 20;

const tooLong = '\u0000too long';

const bytesAt = async (file: FileHandle, from: number, length: number): Promise<Uint8Array> => {
  const room = new Uint8Array(length);
  const { bytesRead } = await file.read(room, 0, length, from);
  return room.subarray(0, bytesRead);
};

const tailAt = async (file: FileHandle, offset: number): Promise<string> => {
  const length = Math.min(tailBytes, offset);
  return Buffer.from(await bytesAt(file, offset - length, length)).toString('base64');
};

type Piece = Pick<Lines, 'lines' | 'offset'>;

/** More than `want` bytes only for a long line. */
const piece = async (file: FileHandle, from: number, size: number, want: number): Promise<Piece> => {
  const bytes = await bytesAt(file, from, Math.min(want, size - from));
  const end = bytes.lastIndexOf(newline) + 1;
  if (end > 0) return { lines: new TextDecoder().decode(bytes.subarray(0, end - 1)).split('\n'), offset: from + end };
  if (bytes.length >= longestLine) return { lines: [tooLong], offset: from + bytes.length };
  // The last line counts only when it is ended.
  if (bytes.length < want) return { lines: [], offset: from };
  return piece(file, from, size, Math.min(want * 4, longestLine));
};

/** About `bytes` at most. Undefined when what stands before the place is not what stood there: it is another file now. */
export const linesFrom = async (path: string, { offset, tail }: Place, bytes: number): Promise<Lines | undefined> => {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size < offset || (tail !== '' && (await tailAt(file, offset)) !== tail)) return undefined;
    const found = await piece(file, offset, size, bytes);
    const more = found.offset > offset && found.offset < size;
    return { ...found, tail: await tailAt(file, found.offset), more };
  } finally {
    await file.close();
  }
};
