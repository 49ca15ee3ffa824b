/** Changes that come at the same time are committed together, and each is answered only when it is on the disk. */
import type Database from 'libsql';

type Job = {
  readonly work: () => unknown;
  readonly done: (value: unknown) => void;
  readonly fail: (error: unknown) => void;
};

/** At most so many changes in one transaction, so that none waits long. */
const group = 256;

/** What to tell the one who waits, once the transaction is on the disk. A change that fails leaves the others alone. */
const attempt = (db: Database.Database, { work, done, fail }: Job): (() => void) => {
  db.exec('savepoint job');
  try {
    const value = work();
    db.exec('release job');
    return () => done(value);
  } catch (error) {
    // A full disk ends the whole transaction by itself.
    if (!db.inTransaction) throw error;
    db.exec('rollback to job');
    db.exec('release job');
    return () => fail(error);
  }
};

const commit = (db: Database.Database, jobs: readonly Job[]): void => {
  try {
    db.exec('begin immediate');
    const outcomes = jobs.map((job) => attempt(db, job));
    db.exec('commit');
    for (const tell of outcomes) tell();
  } catch (error) {
    try {
      if (db.inTransaction) db.exec('rollback');
    } finally {
      for (const { fail } of jobs) fail(error);
    }
  }
};

export const groupCommit = (db: Database.Database) => {
  const jobs: Job[] = [];
  let closing: (() => void) | undefined;
  let scheduled = false;
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      commit(db, jobs.splice(0, group));
      if (jobs.length > 0) schedule();
      else closing?.();
    });
  };
  return {
    /** Runs `work` in a transaction with others that come at the same time. */
    change: <A>(work: () => A): Promise<A> =>
      new Promise<A>((done, fail) => {
        if (closing) {
          fail(new Error('the database is closed'));
          return;
        }
        jobs.push({ work, done: done as Job['done'], fail });
        schedule();
      }),
    /** Takes no more, and resolves when what has come is on the disk. */
    end: (): Promise<void> =>
      new Promise((resolve) => {
        closing = resolve;
        if (jobs.length === 0) resolve();
      }),
  };
};
