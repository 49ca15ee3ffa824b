/** Text files read whole, a few at a time, and written whole or not at all. Faults are values. */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import type { Either } from '../formats/either.ts';
import { left, right } from '../formats/either.ts';
import type { FormatFault } from '../formats/fault.ts';

export type Read<A> = Promise<Either<readonly FormatFault[], A>>;

export const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

export const readText = async (path: string): Read<string> => {
  try {
    const text = await readFile(path, 'utf8');
    return right(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (thrown) {
    return left([{ tag: 'unreadable', file: path, reason: reasonOf(thrown) }]);
  }
};

/** A reader of `path` sees the old content or the new one, never a part. */
export const writeText = async (path: string, text: string): Read<void> => {
  const beside = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  try {
    const handle = await open(beside, 'wx');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, path);
    return right(undefined);
  } catch (thrown) {
    await rm(beside, { force: true }).catch(() => undefined);
    return left([{ tag: 'unwritable', file: path, reason: reasonOf(thrown) }]);
  }
};

/** `read` on every item, at most 32 at a time (open files are limited), results in the order of the items. */
export const readAll = async <A, B>(items: readonly A[], read: (item: A) => Promise<B>): Promise<readonly B[]> => {
  const results = new Array<B>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await read(items[i]!);
  };
  await Promise.all(Array.from({ length: Math.min(32, items.length) }, worker));
  return results;
};
