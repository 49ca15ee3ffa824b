/** What a person has said about a run on the page: a nice name, a colour, notes, hidden. Kept with the logs. */
import type { Connection } from './database.ts';

export type Preference = {
  readonly name?: string;
  /** `#rrggbb` */
  readonly color?: string;
  readonly notes?: string;
  readonly hidden?: boolean;
};

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export const preferenceOf = ({ sql }: Connection, uuid: string): Preference => {
  const row = sql('select name, color, notes, hidden from preference where run = ?').get(uuid);
  if (!row) return {};
  const [name, color, notes] = [textOf(row.name), textOf(row.color), textOf(row.notes)];
  return {
    ...(name !== undefined && { name }),
    ...(color !== undefined && { color }),
    ...(notes !== undefined && { notes }),
    ...(row.hidden === 1 && { hidden: true }),
  };
};

/** To be called in `change`. What is not named stays. An empty text takes back what was said. */
export const setPreference = (connection: Connection, uuid: string, change: Preference): void => {
  const { name, color, notes, hidden } = { ...preferenceOf(connection, uuid), ...change };
  connection
    .sql('insert or replace into preference (run, name, color, notes, hidden) values (?, ?, ?, ?, ?)')
    .run(uuid, name || null, color || null, notes || null, hidden ? 1 : 0);
};
