/** The whole lines of a file that is being written, from a cursor on. */
import { open } from 'node:fs/promises';

export type Lines = {
  readonly lines: readonly string[];
  /** Bytes read, to the end of the last line taken. */
  readonly offset: number;
  /** There is more to read now. */
  readonly more: boolean;
};

const newline = 0x0a;
/** A file without line ends is not read into memory whole: beyond this a line is cut into pieces, which are faults. */
export const longestLine = 8 << 20;

const tooLong = '\u0000too long';

/** At most about `bytes`, more only for a long line. The last line counts only when it is ended. Size below `from`: undefined, the file is another one. */
export const linesFrom = async (path: string, from: number, bytes: number): Promise<Lines | undefined> => {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size < from) return undefined;
    for (let want = bytes; ; want = Math.min(want * 4, longestLine)) {
      const room = new Uint8Array(Math.min(want, size - from));
      const { bytesRead } = await file.read(room, 0, room.length, from);
      const end = room.lastIndexOf(newline, bytesRead - 1) + 1;
      if (end > 0) {
        const text = new TextDecoder().decode(room.subarray(0, end - 1));
        return { lines: text.split('\n'), offset: from + end, more: from + end < size && bytesRead < size - from };
      }
      if (bytesRead < want || bytesRead === size - from) {
        if (bytesRead < longestLine) return { lines: [], offset: from, more: false };
      }
      if (want >= longestLine) return { lines: [tooLong], offset: from + bytesRead, more: from + bytesRead < size };
    }
  } finally {
    await file.close();
  }
};
