/** Files that grow while work goes on, and stand under their names together at its end, or not at all. */
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { reasonOf } from '@gdarknet/data';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { dataFailure, type Failure } from '../core/failure.ts';

export type Spool = {
  /** Appends; throws a `SpoolError` where the disk refuses. */
  readonly write: (path: string, text: string) => void;
  /** Gives all files their names; of `paths` those that nothing was written to are made too. */
  readonly commit: (paths: readonly string[]) => TaskEither<Failure, void>;
  /** Leaves nothing behind. */
  readonly discard: () => void;
};

export class SpoolError extends Error {
  readonly failure: Failure;
  constructor(file: string, error: unknown) {
    super(`${file}: ${reasonOf(error)}`);
    this.failure = dataFailure({ tag: 'unwritable', file, reason: reasonOf(error) });
  }
}

/** Characters that wait in memory. */
const held = 2 ** 20;

export const openSpool = (): Spool => {
  const tag = `${process.pid}.${randomBytes(4).toString('hex')}.part`;
  const part = (path: string): string => `${path}.${tag}`;
  const begun = new Set<string>();
  const waiting = new Map<string, string[]>();
  let characters = 0;

  const append = (path: string, text: string): void => {
    try {
      if (!begun.has(path)) mkdirSync(dirname(path), { recursive: true });
      appendFileSync(part(path), text);
      begun.add(path);
    } catch (error) {
      throw new SpoolError(path, error);
    }
  };
  const flush = (): void => {
    for (const [path, texts] of waiting) append(path, texts.join(''));
    waiting.clear();
    characters = 0;
  };
  const discard = (): void => {
    for (const path of begun) rmSync(part(path), { force: true });
    begun.clear();
  };
  return {
    write: (path, text) => {
      const texts = waiting.get(path);
      if (texts) texts.push(text);
      else waiting.set(path, [text]);
      characters += text.length;
      if (characters >= held) flush();
    },
    commit: (paths) => async () => {
      let current = paths[0] ?? '';
      try {
        flush();
        for (const path of paths) if (!begun.has(path)) append(path, '');
        for (const path of begun) {
          current = path;
          const handle = await open(part(path), 'r+');
          await handle.sync().finally(() => handle.close());
        }
        for (const path of begun) {
          current = path;
          await rename(part(path), path);
        }
        return E.right(undefined);
      } catch (error) {
        discard();
        return E.left(error instanceof SpoolError ? error.failure : new SpoolError(current, error).failure);
      }
    },
    discard,
  };
};
