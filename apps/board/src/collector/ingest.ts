/** A run's folder into the database: points and the place reached in its files are committed together, so nothing counts twice. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Core } from '../core.ts';
import type { Point } from '../runs/point.ts';
import { type FolderCursor, type FolderNews, folderId, folderStart, readFolder, runFiles } from '../runs/run-folder.ts';
import { addExperiment } from '../store/experiments.ts';
import { addPoints, dropPoints, dropTimeless } from '../store/points.ts';
import { addFaults, addRun, findRun, replaceParams, setTag, updateRun } from '../store/runs.ts';
import type { Found } from './folders.ts';

const fileTime = async (folder: string): Promise<number | undefined> => {
  for (const name of [runFiles.run, runFiles.events, runFiles.log]) {
    try {
      const { birthtimeMs, mtimeMs } = await stat(join(folder, name));
      return Math.round(birthtimeMs > 0 ? Math.min(birthtimeMs, mtimeMs) : mtimeMs);
    } catch {
      // The next one.
    }
  }
  return undefined;
};

const experimentNamed = ({ db, now }: Core, name: string): number => {
  const known = db.sql('select id from experiment where name = ?').get(name);
  return known ? Number(known.id) : addExperiment(db, name, [], now());
};

const cursorOf = ({ db }: Core, run: number): FolderCursor => {
  const row = db.sql('select cursor from folder where run = ?').get(run);
  return row ? { ...folderStart, ...(JSON.parse(String(row.cursor)) as FolderCursor) } : folderStart;
};

/** The run of a folder, made when it is not known. A run that an uploader on this machine has made already is taken over. */
const enter = async (core: Core, found: Found, experiment: string): Promise<string> => {
  const { db, now } = core;
  const uuid = await folderId(found.path);
  const known = db.sql('select uuid, folder from run where uuid = ? or upload = ?').get(uuid, uuid);
  if (known && known.folder === found.path) return String(known.uuid);
  const started = (await fileTime(found.path)) ?? now();
  return db.change(() => {
    if (known) {
      db.sql('update run set folder = ? where uuid = ?').run(found.path, String(known.uuid));
      return String(known.uuid);
    }
    const made = { uuid, experiment: experimentNamed(core, experiment), name: found.name, started, folder: found.path };
    return addRun(db, made, now());
  });
};

const store = (core: Core, run: number, news: FolderNews): readonly Point[] => {
  const { db, now } = core;
  if (news.replaced) dropPoints(db, run);
  if (news.map) dropTimeless(db, run);
  const points = [...news.points, ...(news.map ?? [])];
  addPoints(db, run, points);
  replaceParams(db, run, news.params);
  addFaults(db, run, news.faults);
  const state = { status: news.status?.status, started: news.started };
  updateRun(db, run, state, now());
  if (news.status?.ended !== undefined) updateRun(db, run, { ended: news.status.ended }, now());
  db.sql('insert or replace into folder (run, cursor) values (?, ?)').run(run, JSON.stringify(news.cursor));
  return points;
};

const isNews = ({ replaced, points, map, params, faults, status, started }: FolderNews): boolean =>
  replaced ||
  map !== undefined ||
  status !== undefined ||
  started !== undefined ||
  points.length + params.length + faults.length > 0;

/** Reads on until there is nothing new. The run's id. */
export const ingest = async (core: Core, found: Found, experiment: string): Promise<string> => {
  const { db, hub } = core;
  const uuid = await enter(core, found, experiment);
  const { id } = findRun(db, uuid) ?? { id: 0 };
  for (;;) {
    const cursor = cursorOf(core, id);
    const news = await readFolder(found.path, cursor);
    if (isNews(news) || JSON.stringify(news.cursor) !== JSON.stringify(cursor)) {
      const points = await db.change(() => store(core, id, news));
      if (news.replaced || news.map) hub.stale(uuid);
      else hub.points(uuid, points);
      if (news.params.length > 0 || news.status || news.faults.length > 0) hub.runs();
    }
    if (!news.more) return uuid;
  }
};

/** The original's logs do not say when training ends: a log without news for this long has ended. */
const silenceMs = 10 * 60_000;

export const noteSilence = async (core: Core, found: Found, uuid: string): Promise<void> => {
  const { db, now, hub } = core;
  const run = findRun(db, uuid);
  if (run?.status !== 'RUNNING') return;
  try {
    const { mtimeMs } = await stat(join(found.path, runFiles.log));
    if (now() - mtimeMs < silenceMs) return;
    await stat(join(found.path, runFiles.events)).then(
      () => undefined,
      async () => {
        await db.change(() => {
          updateRun(db, run.id, { status: 'FINISHED', ended: Math.round(mtimeMs) }, now());
          setTag(db, run.id, 'gdarknet.ended', 'by silence');
        });
        hub.runs();
      },
    );
  } catch {
    // No log: an events file says itself when it ends.
  }
};
