/** A small disk of its own (tmpfs), to be filled to its last byte. Only root can have one. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export type SmallDisk = {
  /** Takes all the room there is. */
  readonly fill: () => void;
  /** Gives back what `fill` took. */
  readonly free: () => void;
  readonly remove: () => void;
};

/** Makes the folder `path`, with room for so many MiB; or tells why that cannot be. */
export const smallDisk = (path: string, mebibytes: number): SmallDisk | string => {
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path], { stdio: 'pipe' });
  } catch (error) {
    return `a tmpfs cannot be mounted: ${String(error).split('\n').at(-2) ?? error}`;
  }
  const filler = join(path, 'filler');
  const fill = (): void => {
    const file = openSync(filler, 'w');
    const block = new Uint8Array(4096);
    try {
      for (;;) writeSync(file, block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  };
  return {
    fill,
    free: () => rmSync(filler, { force: true }),
    remove: () => void execFileSync('umount', ['--lazy', path]),
  };
};
