/**
 * A run's folder on disk, read from a cursor on: run.json, events.ndjson, log.csv and map.txt to points, parameters and
 * states. What the events tell is taken from them; the two files of the original give what lies before the first event,
 * or everything in a folder that Darknet wrote.
 */
import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type DataFault, reasonOf, showFault } from '@gdarknet/data';
import { parseMapLog, parseTrainLog } from '@gdarknet/data/runs';
import * as E from 'fp-ts/lib/Either.js';
import { layerPoints } from './batch-points.ts';
import { readEvent } from './event-line.ts';
import { type Lines, linesFrom, type Place } from './lines.ts';
import { mapPoints } from './map-points.ts';
import { averageLossKey } from './metric-keys.ts';
import type { Pair, Point, Status } from './point.ts';
import { readRunJson } from './run-json.ts';

export const runFiles = { run: 'run.json', events: 'events.ndjson', log: 'log.csv', map: 'map.txt' } as const;
/** The original's mark of a run that is not to be shown. */
export const hideMark = '_HIDE';

export type FolderCursor = {
  readonly events: Place;
  readonly eventLines: number;
  readonly log: Place;
  readonly logLines: number;
  /** The first batch that an event tells of. */
  readonly batchFrom?: number;
  readonly mapFrom: Readonly<Record<string, number>>;
  /** Content of the two small files, as last read. */
  readonly mapHash: string;
  readonly runHash: string;
};

const fileStart: Place = { offset: 0, tail: '' };

export const folderStart: FolderCursor = {
  events: fileStart,
  eventLines: 0,
  log: fileStart,
  logLines: 0,
  mapFrom: {},
  mapHash: '',
  runHash: '',
};

export type FolderNews = {
  /** A file has become shorter: it is another run now, and everything known is to be forgotten. */
  readonly replaced: boolean;
  readonly points: readonly Point[];
  /** map.txt is rewritten as a whole, so these take the place of all its earlier points. */
  readonly map: readonly Point[] | undefined;
  readonly params: readonly Pair[];
  readonly cfg: string | undefined;
  readonly started: number | undefined;
  readonly status: { readonly status: Status; readonly ended: number | undefined } | undefined;
  readonly faults: readonly string[];
  readonly cursor: FolderCursor;
  /** There is more to read now. */
  readonly more: boolean;
};

/** The same folder on the same machine has the same id, whoever reads it and whenever. */
export const folderId = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(`${hostname()}\n${await realpath(path)}`)
    .digest('hex')
    .slice(0, 32);

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

const textIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
};

const isThere = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
};

/** A piece of a file at a time, so that a long log neither fills the memory nor holds up the process. */
const pieceBytes = 512 << 10;

type Draft = {
  points: Point[];
  faults: string[];
  batchFrom: number | undefined;
  mapFrom: Record<string, number>;
  status: FolderNews['status'];
  started: number | undefined;
};

const takeEvents = (draft: Draft, file: string, lines: readonly string[], before: number): void => {
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const read = readEvent(line);
    if (E.isLeft(read)) {
      const fault = { tag: 'line', file, line: before + i + 1, found: JSON.stringify(line.slice(0, 80)) } as const;
      draft.faults.push(showFault({ ...fault, expected: read.left, advice: 'the line is left out' }));
      continue;
    }
    const { points, batchFrom, mapFrom, started, ended } = read.right;
    for (const point of points) draft.points.push(point);
    if (batchFrom !== undefined) draft.batchFrom = Math.min(draft.batchFrom ?? batchFrom, batchFrom);
    if (mapFrom) draft.mapFrom[mapFrom.metric] ??= mapFrom.batch;
    if (started !== undefined) {
      draft.started ??= started;
      draft.status = { status: 'RUNNING', ended: undefined };
    }
    if (ended) draft.status = { status: ended.status, ended: ended.time };
  }
};

/** Line numbers of a piece to those of the file. */
const shifted = (fault: DataFault, by: number): DataFault =>
  fault.tag === 'line' ? { ...fault, line: fault.line + by } : fault;

const takeLog = (draft: Draft, file: string, lines: readonly string[], before: number): void => {
  for (const [i, line] of lines.entries()) {
    const { batches, faults } = parseTrainLog(`${line}\n`, file);
    for (const fault of faults) draft.faults.push(showFault(shifted(fault, before + i)));
    for (const { batch, averageLoss, layers } of batches) {
      if (!Number.isSafeInteger(batch) || batch >= (draft.batchFrom ?? Number.POSITIVE_INFINITY)) continue;
      const time = before + i + 1;
      draft.points.push({ key: averageLossKey, step: batch, time, value: averageLoss });
      for (const point of layerPoints(layers, batch, time)) draft.points.push(point);
    }
  }
};

/** What is new since the cursor. Never fails for what the files hold: that becomes faults. */
export const readFolder = async (path: string, cursor: FolderCursor): Promise<FolderNews> => {
  const file = (name: keyof typeof runFiles): string => join(path, runFiles[name]);
  const draft: Draft = {
    points: [],
    faults: [],
    batchFrom: cursor.batchFrom,
    mapFrom: { ...cursor.mapFrom },
    status: undefined,
    started: undefined,
  };
  const stay = (place: Place): Lines => ({ lines: [], more: false, ...place });
  const piece = async (name: 'events' | 'log', from: Place): Promise<Lines | undefined> => {
    if (!(await isThere(file(name)))) return from.offset === 0 ? stay(from) : undefined;
    try {
      return await linesFrom(file(name), from, pieceBytes);
    } catch (thrown) {
      draft.faults.push(showFault({ tag: 'unreadable', file: file(name), reason: reasonOf(thrown) }));
      return stay(from);
    }
  };

  const events = await piece('events', cursor.events);
  if (!events) return { ...(await readFolder(path, folderStart)), replaced: true };
  takeEvents(draft, file('events'), events.lines, cursor.eventLines);

  const runText = await textIfThere(file('run'));
  // Our trainer writes the line of log.csv a moment before its event: until an event has come, nobody knows whose it is.
  const ours = runText !== undefined || (await isThere(file('events')));
  const wait = events.more || (ours && draft.batchFrom === undefined);
  const log = wait ? stay(cursor.log) : await piece('log', cursor.log);
  if (!log) return { ...(await readFolder(path, folderStart)), replaced: true };
  takeLog(draft, file('log'), log.lines, cursor.logLines);

  const mapText = events.more ? undefined : await textIfThere(file('map'));
  const mapHash = mapText === undefined ? cursor.mapHash : hashOf(mapText + JSON.stringify(draft.mapFrom));
  const mapLog = mapText !== undefined && mapHash !== cursor.mapHash ? parseMapLog(mapText, file('map')) : undefined;
  for (const fault of mapLog?.faults ?? []) draft.faults.push(showFault(fault));

  const runHash = runText === undefined ? cursor.runHash : hashOf(runText);
  const start = runText !== undefined && runHash !== cursor.runHash ? readRunJson(runText) : undefined;
  if (runText !== undefined && runHash !== cursor.runHash && start === undefined) {
    draft.faults.push(showFault({ tag: 'unreadable', file: file('run'), reason: 'it is no JSON object' }));
  }
  return {
    replaced: false,
    points: draft.points,
    map: mapLog && mapPoints(mapLog.rows, draft.mapFrom),
    params: start?.params ?? [],
    cfg: start?.cfg,
    started: draft.started ?? start?.started,
    status: draft.status,
    faults: draft.faults,
    cursor: {
      events: { offset: events.offset, tail: events.tail },
      eventLines: cursor.eventLines + events.lines.length,
      log: { offset: log.offset, tail: log.tail },
      logLines: cursor.logLines + log.lines.length,
      ...(draft.batchFrom !== undefined && { batchFrom: draft.batchFrom }),
      mapFrom: draft.mapFrom,
      mapHash,
      runHash,
    },
    more: events.more || log.more,
  };
};
