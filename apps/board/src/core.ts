/** What the routes share: the database, the news for open pages, where files of runs lie, and the clock. */
import type { Hub } from './http/hub.ts';
import type { Connection } from './store/database.ts';
import type { Log } from './store/runs.ts';
import { addLog, runById, updateRun } from './store/runs.ts';

export type Core = {
  readonly db: Connection;
  readonly hub: Hub;
  /** The folder of artifacts that came over the network. */
  readonly artifacts: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** Resolves when all of it is on the disk. */
export const logTo = async ({ db, hub, now }: Core, uuid: string, log: Log): Promise<void> => {
  await db.change(() => addLog(db, runById(db, uuid).id, log, now()));
  hub.points(uuid, log.points);
  if (log.params.length > 0 || log.tags.length > 0) hub.runs();
};

/** A change of the run itself. */
export const change = async <A>({ db, hub, now }: Core, uuid: string, work: (run: number) => A): Promise<A> => {
  const result = await db.change(() => {
    const { id } = runById(db, uuid);
    const made = work(id);
    updateRun(db, id, {}, now());
    return made;
  });
  hub.runs();
  return result;
};
