/** How far a run has been sent to a server: a small file in the run's folder, written whole. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '@gdarknet/data';
import { type FolderCursor, folderStart } from '../runs/run-folder.ts';

export type Journal = {
  readonly url: string;
  /** The run there. */
  readonly run?: string;
  readonly artifacts?: string;
  /** What lies before has been acknowledged. */
  readonly cursor: FolderCursor;
  /** Points acknowledged so far. */
  readonly points: number;
};

const fileOf = (folder: string, url: string): string =>
  join(folder, `.upload-${createHash('sha256').update(url).digest('hex').slice(0, 12)}.json`);

export const openJournal = async (folder: string, url: string): Promise<Journal> => {
  const fresh: Journal = { url, cursor: folderStart, points: 0 };
  try {
    const known = JSON.parse(await readFile(fileOf(folder, url), 'utf8')) as Journal;
    return known.url === url ? { ...fresh, ...known, cursor: { ...folderStart, ...known.cursor } } : fresh;
  } catch {
    // None, or one that nobody can read: everything is sent again, and the server knows what it has.
    return fresh;
  }
};

export const writeJournal = async (folder: string, journal: Journal): Promise<void> => {
  // Without it the next start sends more than it must, and nothing is lost.
  await writeWhole(fileOf(folder, journal.url), `${JSON.stringify(journal)}\n`)();
};
