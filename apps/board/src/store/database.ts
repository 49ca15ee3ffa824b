/** The collector's file: an SQLite database in write-ahead mode. What it has acknowledged survives the death of the process. */
import Database from 'libsql';
import { groupCommit } from './group-commit.ts';
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

export type ConnectionOptions = {
  /** The file's largest size. Default: what the disk holds. */
  readonly maxBytes?: number;
};

const pageBytes = 4096;

/** Sets one of SQLite's pragmas, or asks for it. */
const pragma = (db: Database.Database, text: string): unknown => {
  const result = db.prepare(`pragma ${text}`).get() as Row | undefined;
  return result && Object.values(result)[0];
};

const setUp = (db: Database.Database, path: string, maxBytes: number | undefined): void => {
  pragma(db, `page_size = ${pageBytes}`);
  pragma(db, 'journal_mode = wal');
  pragma(db, 'synchronous = full');
  pragma(db, 'cache_size = -65536');
  if (maxBytes !== undefined) pragma(db, `max_page_count = ${Math.ceil(maxBytes / pageBytes)}`);
  if (Number(pragma(db, 'user_version')) > version) {
    db.close();
    throw new Error(`${path} was written by a later version of the board; use that one, or another file`);
  }
  db.exec(schema);
  db.exec(`pragma user_version = ${version}`);
};

/** Each text is compiled once. */
const statements = (db: Database.Database): Connection['sql'] => {
  const known = new Map<string, Statement>();
  return (text) => {
    const before = known.get(text);
    if (before) return before;
    const statement = db.prepare(text) as unknown as Statement;
    known.set(text, statement);
    return statement;
  };
};

/** `:memory:` for one that is gone with the process. */
export const openDatabase = (path: string, { maxBytes }: ConnectionOptions = {}): Connection => {
  const db = new Database(path, { timeout: 5000 });
  setUp(db, path, maxBytes);
  const { change, end } = groupCommit(db);
  return {
    sql: statements(db),
    change,
    close: async () => {
      await end();
      db.close();
    },
  };
};
