/** Files written whole or not at all: into a neighbour first, flushed to the disk, then renamed over the name. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { DataFault } from './fault.ts';
import { reasonOf } from './fault.ts';

const replace = async (path: string, content: string | Uint8Array): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  try {
    const handle = await open(beside, 'wx');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, path);
  } catch (thrown) {
    await rm(beside, { force: true });
    throw thrown;
  }
};

/** Missing folders are made. A reader sees the old content or the new, never a part. */
export const writeWhole = (path: string, content: string | Uint8Array): TE.TaskEither<DataFault, void> =>
  TE.tryCatch(
    () => replace(path, content),
    (thrown) => ({ tag: 'unwritable', file: path, reason: reasonOf(thrown) }),
  );

export const readWhole = (path: string): TE.TaskEither<DataFault, Uint8Array> =>
  TE.tryCatch(
    () => readFile(path),
    (thrown) => ({ tag: 'unreadable', file: path, reason: reasonOf(thrown) }),
  );

const byteOrderMark = 0xfeff;

/** UTF-8 text without a byte order mark; a file that begins with the mark of UTF-16 is a fault. */
export const readText = (path: string): TE.TaskEither<DataFault, string> =>
  TE.tryCatch(
    async () => {
      const bytes = await readFile(path);
      const mark = bytes.length < 2 ? 0 : (bytes[0] << 8) | bytes[1];
      if (mark === 0xfffe || mark === 0xfeff) throw new Error('it is UTF-16 text; save it as UTF-8');
      const text = bytes.toString('utf8');
      return text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text;
    },
    (thrown) => ({ tag: 'unreadable', file: path, reason: reasonOf(thrown) }),
  );
