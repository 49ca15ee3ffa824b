/** What is kept: runs that were deleted, or have had no news for long, leave the database after so many days. Files on the disk stay. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Core } from '../core.ts';
import { dropRun, listRuns } from '../store/runs.ts';

const dayMs = 24 * 3600_000;

/** Runs of folders come back from their files, so they stay. How many went. */
export const sweep = async (core: Core, keepDays: number): Promise<number> => {
  const { db, now, artifacts, hub } = core;
  const before = now() - keepDays * dayMs;
  const old = listRuns(db).filter(({ folder, updated }) => folder === undefined && updated < before);
  for (const run of old) {
    await db.change(() => dropRun(db, run.id));
    await rm(join(artifacts, String(run.experiment), run.uuid), { recursive: true, force: true });
  }
  if (old.length > 0) hub.runs();
  return old.length;
};
