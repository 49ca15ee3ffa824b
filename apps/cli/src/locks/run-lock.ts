/**
 * Who works in a run's folder: one process. The lock is a file that names its owner; the lock of an owner that is no more
 * is taken over. Between hosts (a shared disk) an owner shows that it lives by touching the file.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { reasonOf } from '@gdarknet/data';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { dataFailure, type Failure, refused } from '../core/failure.ts';
import { beganAt, isRunning } from './owner.ts';

export type Owner = {
  /** Of this lock alone. */
  readonly token: string;
  readonly host: string;
  readonly pid: number;
  /** When the process started, in ticks since the host did, where the system tells: a number may be given out again. */
  readonly began: string | undefined;
  readonly since: string;
};

export type Lock = {
  /** Whose lock was taken over. */
  readonly before: Owner | undefined;
  /** Shows that the owner lives, and tells what has become of the lock: ours, gone, or somebody else's. */
  readonly touch: () => Promise<'ours' | 'gone' | 'taken'>;
  readonly release: () => Promise<void>;
};

/** An owner on another host that has not touched its lock for so long is taken for dead. */
const silenceMs = 15 * 60_000;
/** Others may come and go while we look. */
const attempts = 5;

const ownerIn = async (path: string): Promise<Owner | undefined> => {
  try {
    const owner: Partial<Owner> = JSON.parse(await readFile(path, 'utf8'));
    return typeof owner.token === 'string' && typeof owner.pid === 'number' ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
};

const isAlive = async (owner: Owner, path: string): Promise<boolean> => {
  if (owner.host !== hostname()) return Date.now() - (await stat(path)).mtimeMs < silenceMs;
  return isRunning(owner);
};

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Whole from the first moment: written beside, then linked to the name, which fails if there is one. */
const claim = async (path: string, owner: Owner): Promise<boolean> => {
  const beside = `${path}.${owner.token}.part`;
  try {
    await writeFile(beside, `${JSON.stringify(owner)}\n`);
    await link(beside, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(beside, { force: true });
  }
};

/** Moves a dead owner's lock out of the way, unless somebody else has done so and put a lock of their own there. */
const moveAway = async (path: string, dead: Owner | undefined, token: string): Promise<void> => {
  const aside = `${path}.${token}.dead`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const moved = await ownerIn(aside);
  if (moved?.token !== dead?.token) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
};

const held = (path: string, { pid, host, since }: Owner): Failure =>
  refused(
    `${path}: process ${pid} on ${host} has worked in this run since ${since}`,
    `wait for it or stop it; if there is no such process, remove ${path}`,
  );

const take = async (path: string): Promise<E.Either<Failure, Lock>> => {
  const token = randomBytes(8).toString('hex');
  const own = { token, host: hostname(), pid: process.pid, began: beganAt(process.pid) };
  let before: Owner | undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const owner: Owner = { ...own, since: new Date().toISOString() };
    if (await claim(path, owner)) {
      const isOurs = async (): Promise<boolean> => (await ownerIn(path))?.token === token;
      return E.right({
        before,
        touch: async () => {
          const holder = await ownerIn(path);
          if (holder?.token !== token) return existsSync(path) ? 'taken' : 'gone';
          const now = new Date();
          await utimes(path, now, now).catch(() => undefined);
          return 'ours';
        },
        release: async () => {
          if (await isOurs()) await rm(path, { force: true });
        },
      });
    }
    const holder = await ownerIn(path);
    if (holder && (await isAlive(holder, path).catch(() => false))) return E.left(held(path, holder));
    before = holder;
    await moveAway(path, holder, token);
  }
  return E.left(refused(`${path}: others take this lock again and again`, 'start one process for a run'));
};

export const takeLock =
  (path: string): TaskEither<Failure, Lock> =>
  () =>
    take(path).catch((error: unknown) =>
      E.left(dataFailure({ tag: 'unwritable', file: path, reason: reasonOf(error) })),
    );
