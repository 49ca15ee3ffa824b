/**
 * Who works on what in a folder that several processes, perhaps on several machines, share. A claim is a file
 * `<name>.<generation>.claim` made with O_EXCL; the claim of the highest generation counts. That of a dead owner is not
 * removed but outbid by the next generation, so that of two that find it dead only one gets the work.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beganAt, isRunning } from './owner.ts';

type Owner = {
  readonly host: string;
  readonly pid: number;
  /** When the process began, in the system's own count: a number that is given out again is another process. */
  readonly began: string;
  readonly token: string;
};

export type Claim = {
  /** The work is done, or given up: others may have it. */
  readonly release: () => Promise<void>;
};

/** An owner on another machine that has not stirred for so long is dead. */
const silenceMs = 5 * 60_000;
const heartbeatMs = 20_000;

type Held = { readonly generation: number; readonly file: string; readonly token: string; readonly alive: boolean };

const read = async (file: string): Promise<Owner | undefined> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
};

const ageOf = async (file: string): Promise<number> => {
  try {
    return Date.now() - (await stat(file)).mtimeMs;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
};

/** A claim that cannot be read is being written, or its writer died doing so. */
const unreadableMs = 2_000;

const isAlive = async (file: string, owner: Owner | undefined): Promise<boolean> => {
  if (owner === undefined) return (await ageOf(file)) < unreadableMs;
  return owner.host === hostname() ? isRunning(owner) : (await ageOf(file)) < silenceMs;
};

/** All claims to a name, lowest generation first. */
const claimsOn = async (folder: string, name: string): Promise<readonly Held[]> => {
  const files = await readdir(folder).catch(() => []);
  const generations = files
    .filter((file) => file.startsWith(`${name}.`) && /^\d+[.]claim$/.test(file.slice(name.length + 1)))
    .map((file) => ({ file: join(folder, file), generation: Number.parseInt(file.slice(name.length + 1), 10) }))
    .sort((a, b) => a.generation - b.generation);
  return Promise.all(
    generations.map(async ({ file, generation }) => {
      const owner = await read(file);
      return { file, generation, token: owner?.token ?? '', alive: await isAlive(file, owner) };
    }),
  );
};

/**
 * Undefined when somebody alive has it. `folder` is made when missing; `name` must be fit for a file's name.
 * Between machines the clocks may differ by less than `silenceMs`.
 */
export const claim = async (folder: string, name: string): Promise<Claim | undefined> => {
  await mkdir(folder, { recursive: true });
  const before = (await claimsOn(folder, name)).at(-1);
  if (before?.alive) return undefined;
  const generation = (before?.generation ?? 0) + 1;
  const file = join(folder, `${name}.${generation}.claim`);
  const owner: Owner = { host: hostname(), pid: process.pid, began: beganAt(process.pid) ?? '', token: randomUUID() };
  try {
    await writeFile(file, JSON.stringify(owner), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    // A full disk leaves an empty file.
    await rm(file, { force: true });
    throw error;
  }
  // Between the look and the bid others may have come, worked and gone: what was outbid must still be there, and dead.
  const now = await claimsOn(folder, name);
  const mine = now.findIndex(({ token }) => token === owner.token);
  const outbid = now[mine - 1];
  const stands = mine === now.length - 1 && outbid?.token === before?.token && !outbid?.alive;
  if (!stands) {
    await rm(file, { force: true });
    return undefined;
  }
  const heartbeat = setInterval(() => {
    const at = new Date();
    utimes(file, at, at).catch(() => undefined);
  }, heartbeatMs);
  heartbeat.unref();
  return {
    release: async () => {
      clearInterval(heartbeat);
      // The dead first: as long as the highest stands nobody else has it.
      for (const held of await claimsOn(folder, name)) {
        if (held.generation < generation) await rm(held.file, { force: true });
      }
      await rm(file, { force: true });
    },
  };
};

/** Waits until nobody else has it, then holds it while `act` runs. */
export const exclusively = async <A>(folder: string, name: string, act: () => Promise<A>): Promise<A> => {
  for (;;) {
    const held = await claim(folder, name);
    if (held) {
      try {
        return await act();
      } finally {
        await held.release();
      }
    }
    await sleep(10 + Math.random() * 40);
  }
};
