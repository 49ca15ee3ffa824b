/**
 * A file that grows by whole lines. Where the disk takes no more, lines wait in memory and are tried again with the next;
 * what was there stays whole.
 */
import { open } from 'node:fs/promises';
import { reasonOf } from '@gdarknet/data';

export type Journal = {
  /** Throws `JournalFull` when too many lines wait. */
  readonly write: (line: string) => Promise<void>;
  /** Whether everything written has reached the disk. */
  readonly settle: () => Promise<boolean>;
};

export type JournalOptions = {
  readonly path: string;
  /** The first line that cannot be written, and why; told again when it has gone well in between. */
  readonly onTrouble: (reason: string) => void;
  /** So many waiting lines have been written after all. */
  readonly onRelief: (lines: number) => void;
};

/** Lines of some hundred bytes: some tens of megabytes. */
const mostWaiting = 100_000;

export class JournalFull extends Error {
  override readonly name = 'JournalFull';
}

const append = async (path: string, text: string): Promise<void> => {
  const handle = await open(path, 'a');
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    const { size } = await handle.stat();
    try {
      while (written < bytes.length) written += (await handle.write(bytes, written)).bytesWritten;
    } catch (error) {
      // Half a line must not stay; unless somebody else has written behind it.
      if (written > 0 && (await handle.stat()).size === size + written) await handle.truncate(size);
      throw error;
    }
  } finally {
    await handle.close();
  }
};

const sync = async (path: string): Promise<void> => {
  const handle = await open(path, 'r+');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
};

export const openJournal = ({ path, onTrouble, onRelief }: JournalOptions): Journal => {
  let waiting: string[] = [];
  let troubled = false;

  const attempt = async (): Promise<boolean> => {
    if (waiting.length === 0) return true;
    try {
      await append(path, waiting.map((line) => `${line}\n`).join(''));
    } catch (error) {
      if (!troubled) onTrouble(reasonOf(error));
      troubled = true;
      return false;
    }
    if (troubled) onRelief(waiting.length);
    troubled = false;
    waiting = [];
    return true;
  };

  return {
    write: async (line) => {
      waiting.push(line);
      if (!(await attempt()) && waiting.length > mostWaiting) {
        throw new JournalFull(`${path}: ${waiting.length} lines wait for room on the disk`);
      }
    },
    settle: async () => {
      if (!(await attempt())) return false;
      try {
        await sync(path);
        return true;
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return true;
        return false;
      }
    },
  };
};

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
