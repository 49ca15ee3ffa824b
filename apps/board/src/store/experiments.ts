/** Experiments: names that runs are under. */
import { refuse } from '../fault.ts';
import type { Pair } from '../runs/point.ts';
import type { Connection, Row } from './database.ts';

export type Lifecycle = 'active' | 'deleted';

export type Experiment = {
  readonly id: number;
  readonly name: string;
  readonly lifecycle: Lifecycle;
  readonly created: number;
  readonly updated: number;
  readonly tags: readonly Pair[];
};

const columns = 'id, name, lifecycle, created, updated';

export const pairsOf = (rows: readonly Row[]): readonly Pair[] =>
  rows.map(({ key, value }) => ({ key: String(key), value: String(value) }));

const experimentOf = ({ sql }: Connection, row: Row): Experiment => ({
  id: Number(row.id),
  name: String(row.name),
  lifecycle: row.lifecycle === 'deleted' ? 'deleted' : 'active',
  created: Number(row.created),
  updated: Number(row.updated),
  tags: pairsOf(sql('select key, value from experiment_tag where experiment = ? order by key').all(Number(row.id))),
});

export const listExperiments = (connection: Connection): readonly Experiment[] =>
  connection
    .sql(`select ${columns} from experiment order by id`)
    .all()
    .map((row) => experimentOf(connection, row));

export const experimentById = (connection: Connection, id: number): Experiment => {
  const row = connection.sql(`select ${columns} from experiment where id = ?`).get(id);
  return row ? experimentOf(connection, row) : refuse('missing', `there is no experiment with the id ${id}`);
};

export const experimentByName = (connection: Connection, name: string): Experiment => {
  const row = connection.sql(`select ${columns} from experiment where name = ?`).get(name);
  return row
    ? experimentOf(connection, row)
    : refuse('missing', `there is no experiment named ${JSON.stringify(name)}`);
};

/** To be called in `change`, as all below. */
export const addExperiment = ({ sql }: Connection, name: string, tags: readonly Pair[], now: number): number => {
  if (sql('select 1 from experiment where name = ?').get(name)) {
    refuse('exists', `there is an experiment named ${JSON.stringify(name)} already`);
  }
  const made = sql('insert into experiment (name, lifecycle, created, updated) values (?, ?, ?, ?)');
  const id = made.run(name, 'active', now, now).lastInsertRowid;
  for (const { key, value } of tags) setExperimentTag({ sql }, id, key, value);
  return id;
};

export const setExperimentTag = ({ sql }: Pick<Connection, 'sql'>, id: number, key: string, value: string): void => {
  sql('insert or replace into experiment_tag (experiment, key, value) values (?, ?, ?)').run(id, key, value);
};

export const renameExperiment = ({ sql }: Connection, id: number, name: string, now: number): void => {
  const other = sql('select id from experiment where name = ?').get(name);
  if (other && other.id !== id) refuse('exists', `there is an experiment named ${JSON.stringify(name)} already`);
  sql('update experiment set name = ?, updated = ? where id = ?').run(name, now, id);
};

export const markExperiment = ({ sql }: Connection, id: number, lifecycle: Lifecycle, now: number): void => {
  sql('update experiment set lifecycle = ?, updated = ? where id = ?').run(lifecycle, now, id);
  sql('update run set lifecycle = ?, updated = ? where experiment = ?').run(lifecycle, now, id);
};
