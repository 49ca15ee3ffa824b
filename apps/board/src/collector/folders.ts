/** Run folders below a directory: those with a log, an event file or a run.json. */
import { type Dirent, existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runFiles } from '../runs/run-folder.ts';

export type Found = {
  readonly path: string;
  /** Its own name. */
  readonly name: string;
  /** The folders between the directory and it, `''` for none. */
  readonly group: string;
};

const marks: ReadonlySet<string> = new Set([runFiles.log, runFiles.events, runFiles.run]);
/** `backup/<run>` as the original, `runs/<set>/<run>`, and one more. */
const depth = 3;
const most = 5000;

const entriesOf = async (path: string): Promise<readonly Dirent[]> => {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch {
    return [];
  }
};

/** Links to folders are followed only when `top` itself is one. What cannot be read is passed over. */
export const findFolders = async (top: string): Promise<readonly Found[]> => {
  const found: Found[] = [];
  const visit = async (path: string, names: readonly string[]): Promise<void> => {
    if (found.length >= most) return;
    const entries = await entriesOf(path);
    if (names.length > 0 && entries.some((entry) => entry.isFile() && marks.has(entry.name))) {
      found.push({ path, name: names[names.length - 1], group: names.slice(0, -1).join('/') });
      return;
    }
    if (names.length === depth) return;
    for (const entry of entries) {
      const skipped = entry.name.startsWith('.') || entry.name === 'node_modules';
      if (entry.isDirectory() && !skipped) await visit(join(path, entry.name), [...names, entry.name]);
    }
  };
  await visit(top, []);
  return found;
};

export const isRunFolder = (path: string): boolean => [...marks].some((name) => existsSync(join(path, name)));
