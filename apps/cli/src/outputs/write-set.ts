/** Several files that belong together: all of them written, or none. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { reasonOf } from '@gdarknet/data';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { dataFailure, type Failure } from '../core/failure.ts';

export type Output = { readonly path: string; readonly content: string | Uint8Array };

const writeFlushed = async (path: string, content: Output['content']): Promise<void> => {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Each is written beside its name; only when all lie there whole are they renamed. Missing folders are made. */
export const writeSet =
  (outputs: readonly Output[]): TaskEither<Failure, void> =>
  async () => {
    const tag = `${process.pid}.${randomBytes(4).toString('hex')}.part`;
    let current = '';
    try {
      for (const { path, content } of outputs) {
        current = path;
        await mkdir(dirname(path), { recursive: true });
        await writeFlushed(`${path}.${tag}`, content);
      }
      for (const { path } of outputs) {
        current = path;
        await rename(`${path}.${tag}`, path);
      }
      return E.right(undefined);
    } catch (error) {
      await Promise.all(outputs.map(({ path }) => rm(`${path}.${tag}`, { force: true }).catch(() => undefined)));
      return E.left(dataFailure({ tag: 'unwritable', file: current, reason: reasonOf(error) }));
    }
  };
