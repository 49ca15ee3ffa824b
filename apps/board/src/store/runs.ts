/** Runs with their parameters, tags and what a person has said about them. */
import { randomBytes } from 'node:crypto';
import { refuse } from '../fault.ts';
import type { Pair, Point, Status } from '../runs/point.ts';
import { statuses } from '../runs/point.ts';
import type { Connection, Row } from './database.ts';
import type { Lifecycle } from './experiments.ts';
import { pairsOf } from './experiments.ts';
import { addPoints, dropPoints } from './points.ts';

export type StoredRun = {
  readonly id: number;
  /** 32 hexadecimal digits. */
  readonly uuid: string;
  readonly experiment: number;
  readonly name: string;
  readonly user: string;
  readonly status: Status;
  readonly started: number;
  readonly ended: number | undefined;
  readonly lifecycle: Lifecycle;
  /** Where its files lie, for a run that was found on the disk. */
  readonly folder: string | undefined;
  readonly updated: number;
};

const columns = 'id, uuid, experiment, name, user, status, started, ended, lifecycle, folder, updated';

const runOf = (row: Row): StoredRun => ({
  id: Number(row.id),
  uuid: String(row.uuid),
  experiment: Number(row.experiment),
  name: String(row.name),
  user: String(row.user),
  status: statuses.find((status) => status === row.status) ?? 'RUNNING',
  started: Number(row.started),
  ended: row.ended === null ? undefined : Number(row.ended),
  lifecycle: row.lifecycle === 'deleted' ? 'deleted' : 'active',
  folder: row.folder === null ? undefined : String(row.folder),
  updated: Number(row.updated),
});

export const listRuns = ({ sql }: Connection): readonly StoredRun[] =>
  sql(`select ${columns} from run order by started desc, id desc`).all().map(runOf);

export const runsOfExperiments = (connection: Connection, ids: readonly number[]): readonly StoredRun[] =>
  listRuns(connection).filter(({ experiment }) => ids.includes(experiment));

export const findRun = ({ sql }: Connection, uuid: string): StoredRun | undefined => {
  const row = sql(`select ${columns} from run where uuid = ?`).get(uuid);
  return row && runOf(row);
};

export const runById = (connection: Connection, uuid: string): StoredRun =>
  findRun(connection, uuid) ?? refuse('missing', `there is no run with the id ${JSON.stringify(uuid.slice(0, 80))}`);

export const paramsOf = ({ sql }: Connection, run: number): readonly Pair[] =>
  pairsOf(sql('select key, value from param where run = ? order by key').all(run));

export const tagsOf = ({ sql }: Connection, run: number): readonly Pair[] =>
  pairsOf(sql('select key, value from tag where run = ? order by key').all(run));

export const faultsOf = ({ sql }: Connection, run: number): readonly string[] =>
  sql('select text from fault where run = ? order by id')
    .all(run)
    .map(({ text }) => String(text));

/** A broken log says the same thing over and over. */
const keptFaults = 200;

/** To be called in `change`, as all below. */
export const addFaults = ({ sql }: Connection, run: number, faults: readonly string[]): void => {
  const known = Number(sql('select count(*) as count from fault where run = ?').get(run)?.count);
  for (const text of faults.slice(0, Math.max(0, keptFaults - known))) {
    sql('insert into fault (run, text) values (?, ?)').run(run, text);
  }
};

/** The tag by which an uploader finds its run again; a second run with the same one is never made. */
export const uploadTag = 'gdarknet.upload';

export type NewRun = {
  readonly uuid?: string;
  readonly experiment: number;
  readonly name: string;
  readonly user?: string;
  readonly started: number;
  readonly tags?: readonly Pair[];
  readonly folder?: string;
};

/** The run made, or the one that has this upload id already. */
export const addRun = (connection: Connection, run: NewRun, now: number): string => {
  const { sql } = connection;
  const tags = run.tags ?? [];
  const upload = run.uuid ?? tags.find(({ key }) => key === uploadTag)?.value ?? null;
  const known = upload === null ? undefined : sql('select uuid from run where upload = ?').get(upload);
  if (known) return String(known.uuid);
  const uuid = run.uuid ?? randomBytes(16).toString('hex');
  const { lastInsertRowid } = sql(
    `insert into run (uuid, experiment, name, user, status, started, lifecycle, folder, upload, updated)
     values (?, ?, ?, ?, 'RUNNING', ?, 'active', ?, ?, ?)`,
  ).run(uuid, run.experiment, run.name, run.user ?? '', run.started, run.folder ?? null, upload, now);
  for (const { key, value } of tags) setTag(connection, lastInsertRowid, key, value);
  return uuid;
};

export const setTag = ({ sql }: Connection, run: number, key: string, value: string): void => {
  sql('insert or replace into tag (run, key, value) values (?, ?, ?)').run(run, key, value);
  if (key === 'mlflow.runName') sql('update run set name = ? where id = ?').run(value, run);
};

export const dropTag = ({ sql }: Connection, run: number, key: string): void => {
  if (sql('delete from tag where run = ? and key = ?').run(run, key).changes === 0) {
    refuse('missing', `the run has no tag ${JSON.stringify(key)}`);
  }
};

/** A parameter is set once; the same value again is no fault. */
export const setParam = ({ sql }: Connection, run: number, key: string, value: string): void => {
  const known = sql('select value from param where run = ? and key = ?').get(run, key);
  if (known && known.value !== value) {
    refuse(
      'invalid',
      `the parameter ${JSON.stringify(key)} is ${JSON.stringify(known.value)} already and cannot be changed`,
    );
  }
  if (!known) sql('insert into param (run, key, value) values (?, ?, ?)').run(run, key, value);
};

export const replaceParams = ({ sql }: Connection, run: number, params: readonly Pair[]): void => {
  for (const { key, value } of params) {
    sql('insert or replace into param (run, key, value) values (?, ?, ?)').run(run, key, value);
  }
};

export const updateRun = (
  { sql }: Connection,
  run: number,
  change: Partial<Pick<StoredRun, 'status' | 'ended' | 'name' | 'lifecycle' | 'started'>>,
  now: number,
): void => {
  for (const [column, value] of Object.entries(change)) {
    if (value !== undefined) sql(`update run set ${column} = ? where id = ?`).run(value, run);
  }
  if (change.status === 'RUNNING') sql('update run set ended = null where id = ?').run(run);
  sql('update run set updated = ? where id = ?').run(now, run);
};

export type Log = {
  readonly points: readonly Point[];
  readonly params: readonly Pair[];
  readonly tags: readonly Pair[];
};

/** All of it or nothing. */
export const addLog = (connection: Connection, run: number, { points, params, tags }: Log, now: number): void => {
  for (const { key, value } of params) setParam(connection, run, key, value);
  for (const { key, value } of tags) setTag(connection, run, key, value);
  addPoints(connection, run, points);
  connection.sql('update run set updated = ? where id = ?').run(now, run);
};

/** Everything the collector holds of a run; files are not touched. */
export const dropRun = (connection: Connection, run: number): void => {
  const { sql } = connection;
  dropPoints(connection, run);
  for (const table of ['param', 'tag', 'fault', 'folder']) sql(`delete from ${table} where run = ?`).run(run);
  sql('delete from run where id = ?').run(run);
};
