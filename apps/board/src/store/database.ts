/**
 * The collector's file: an SQLite database in write-ahead mode. Changes that come at the same time are committed together,
 * and each is answered only when it is on the disk: what has been acknowledged survives the death of the process.
 */
import Database from 'libsql';
import { schema, version } from './schema.ts';

export type Value = number | string | null;
export type Row = Readonly<Record<string, Value>>;

/** The part of the library that is used, with types that say what comes back. */
export type Statement = {
  readonly run: (...values: readonly Value[]) => { readonly changes: number; readonly lastInsertRowid: number };
  readonly get: (...values: readonly Value[]) => Row | undefined;
  readonly all: (...values: readonly Value[]) => readonly Row[];
};

export type Connection = {
  /** Kept, so that the same text is compiled once. */
  readonly sql: (text: string) => Statement;
  /** Runs `work` in a transaction with others that come at the same time. Resolves when it is on the disk. */
  readonly change: <A>(work: () => A) => Promise<A>;
  readonly close: () => Promise<void>;
};

type Job = {
  readonly work: () => unknown;
  readonly done: (value: unknown) => void;
  readonly fail: (error: unknown) => void;
};

export type ConnectionOptions = {
  /** The file's largest size. Default: what the disk holds. */
  readonly maxBytes?: number;
};

/** At most so many changes in one transaction, so that none waits long. */
const group = 256;
const pageBytes = 4096;

/** `:memory:` for one that is gone with the process. */
export const openDatabase = (path: string, { maxBytes }: ConnectionOptions = {}): Connection => {
  const db = new Database(path, { timeout: 5000 });
  const scalar = (pragma: string): unknown => {
    const result = db.prepare(`pragma ${pragma}`).get() as Row | undefined;
    return result && Object.values(result)[0];
  };
  scalar(`page_size = ${pageBytes}`);
  scalar('journal_mode = wal');
  scalar('synchronous = full');
  scalar('cache_size = -65536');
  if (maxBytes !== undefined) scalar(`max_page_count = ${Math.ceil(maxBytes / pageBytes)}`);
  const found = Number(scalar('user_version'));
  if (found > version) {
    db.close();
    throw new Error(`${path} was written by a later version of the board; use that one, or another file`);
  }
  db.exec(schema);
  db.exec(`pragma user_version = ${version}`);

  const statements = new Map<string, Statement>();
  const sql = (text: string): Statement => {
    const known = statements.get(text);
    if (known) return known;
    const made = db.prepare(text) as unknown as Statement;
    statements.set(text, made);
    return made;
  };

  const jobs: Job[] = [];
  let closing: (() => void) | undefined;
  let scheduled = false;
  const attempt = (job: Job): (() => void) => {
    db.exec('savepoint job');
    try {
      const value = job.work();
      db.exec('release job');
      return () => job.done(value);
    } catch (error) {
      // A full disk ends the whole transaction by itself.
      if (!db.inTransaction) throw error;
      db.exec('rollback to job');
      db.exec('release job');
      return () => job.fail(error);
    }
  };
  const flush = (): void => {
    scheduled = false;
    const batch = jobs.splice(0, group);
    try {
      db.exec('begin immediate');
      const outcomes = batch.map(attempt);
      db.exec('commit');
      for (const tell of outcomes) tell();
    } catch (error) {
      try {
        if (db.inTransaction) db.exec('rollback');
      } finally {
        for (const { fail } of batch) fail(error);
      }
    }
    if (jobs.length > 0) schedule();
    else closing?.();
  };
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  };
  return {
    sql,
    change: <A>(work: () => A) =>
      new Promise<A>((done, fail) => {
        if (closing) {
          fail(new Error('the database is closed'));
          return;
        }
        jobs.push({ work, done: done as Job['done'], fail });
        schedule();
      }),
    close: () =>
      new Promise((resolve) => {
        closing = () => {
          db.close();
          resolve();
        };
        if (jobs.length === 0) closing();
      }),
  };
};
