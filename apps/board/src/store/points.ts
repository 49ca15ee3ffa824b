/** Points of metrics: stored once each, read whole or thinned so that no extreme is lost. */
import type { Point } from '../runs/point.ts';
import { dropBuckets, sumUp, sumUpRun } from './buckets.ts';
import type { Connection, Row, Value } from './database.ts';

export type StoredMetric = {
  readonly id: number;
  readonly key: string;
  readonly count: number;
  /** The one with the greatest step, and of these the latest. */
  readonly last: Omit<Point, 'key'>;
  /** Over the numbers that are not NaN; undefined without any. */
  readonly low: number | undefined;
  readonly high: number | undefined;
};

const nan = 'NaN';
const toValue = (value: number): Value => (Number.isNaN(value) ? nan : value);
export const ofValue = (value: Value): number => (value === nan || value === null ? Number.NaN : Number(value));

/** Rows in one statement; the rest goes one by one. */
const many = 100;

const insertText = (rows: number): string =>
  `insert or ignore into point (metric, step, time, value) values ${new Array(rows).fill('(?, ?, ?, ?)').join(', ')}`;
const [insertMany, insertOne] = [insertText(many), insertText(1)];

const later = (a: Omit<Point, 'key'>, b: Omit<Point, 'key'>): boolean =>
  a.step !== b.step ? a.step > b.step : a.time !== b.time ? a.time > b.time : a.value >= b.value;

const metricOf = (row: Row): StoredMetric => ({
  id: Number(row.id),
  key: String(row.key),
  count: Number(row.count),
  last: { step: Number(row.step), time: Number(row.time), value: ofValue(row.value) },
  low: row.low === null ? undefined : Number(row.low),
  high: row.high === null ? undefined : Number(row.high),
});

const columns = 'id, key, count, step, time, value, low, high';

export const metricsOf = ({ sql }: Connection, run: number): readonly StoredMetric[] =>
  sql(`select ${columns} from metric where run = ? order by key`).all(run).map(metricOf);

export const metricNamed = ({ sql }: Connection, run: number, key: string): StoredMetric | undefined => {
  const row = sql(`select ${columns} from metric where run = ? and key = ?`).get(run, key);
  return row && metricOf(row);
};

const grouped = (points: readonly Point[]): ReadonlyMap<string, readonly Point[]> => {
  const groups = new Map<string, Point[]>();
  for (const point of points) {
    const group = groups.get(point.key);
    if (group) group.push(point);
    else groups.set(point.key, [point]);
  }
  return groups;
};

const insert = ({ sql }: Connection, metric: number, points: readonly Point[]): number => {
  let changes = 0;
  let at = 0;
  for (; at + many <= points.length; at += many) {
    const values = points.slice(at, at + many).flatMap(({ step, time, value }) => [metric, step, time, toValue(value)]);
    changes += sql(insertMany).run(...values).changes;
  }
  for (const { step, time, value } of points.slice(at)) {
    changes += sql(insertOne).run(metric, step, time, toValue(value)).changes;
  }
  return changes;
};

/** To be called in `change`. A point that is there already is not stored again. */
export const addPoints = (connection: Connection, run: number, points: readonly Point[]): void => {
  const { sql } = connection;
  for (const [key, mine] of grouped(points)) {
    const known = metricNamed(connection, run, key);
    const id =
      known?.id ??
      sql('insert into metric (run, key, count, step, time, value) values (?, ?, 0, ?, ?, ?)').run(
        run,
        key,
        mine[0].step,
        mine[0].time,
        toValue(mine[0].value),
      ).lastInsertRowid;
    const added = insert(connection, id, mine);
    if (added === 0) continue;
    sumUp(
      connection,
      id,
      mine.map(({ step }) => step),
    );
    let last: Omit<Point, 'key'> = known?.last ?? mine[0];
    let [low, high] = [known?.low ?? Number.POSITIVE_INFINITY, known?.high ?? Number.NEGATIVE_INFINITY];
    let numbers = known?.low !== undefined;
    for (const point of mine) {
      if (later(point, last)) last = point;
      if (Number.isNaN(point.value)) continue;
      numbers = true;
      if (point.value < low) low = point.value;
      if (point.value > high) high = point.value;
    }
    sql('update metric set count = count + ?, step = ?, time = ?, value = ?, low = ?, high = ? where id = ?').run(
      added,
      last.step,
      last.time,
      toValue(last.value),
      numbers ? low : null,
      numbers ? high : null,
      id,
    );
  }
};

/** To be called in `change`. Forgets points without a clock, which come from map.txt as a whole. */
export const dropTimeless = (connection: Connection, run: number): void => {
  const { sql } = connection;
  sql('delete from point where time = 0 and metric in (select id from metric where run = ?)').run(run);
  sql(`delete from metric where run = ? and not exists (select 1 from point where metric = metric.id)`).run(run);
  sumUpRun(connection, run);
};

/** To be called in `change`. */
export const dropPoints = (connection: Connection, run: number): void => {
  const { sql } = connection;
  dropBuckets(connection, run);
  sql('delete from point where metric in (select id from metric where run = ?)').run(run);
  sql('delete from metric where run = ?').run(run);
};

const columnsOfPoint = 'select step, time, value from point where metric = ?';
const inOrder = 'order by step, time, value limit ?';

/** A page of the whole history, in the order of MLflow, from behind a point on. */
export const readPage = (
  { sql }: Connection,
  metric: number,
  limit: number,
  after?: Omit<Point, 'key'>,
): readonly Omit<Point, 'key'>[] => {
  const rows = after
    ? sql(`${columnsOfPoint} and (step, time, value) > (?, ?, ?) ${inOrder}`).all(
        metric,
        after.step,
        after.time,
        toValue(after.value),
        limit,
      )
    : sql(`${columnsOfPoint} ${inOrder}`).all(metric, limit);
  return rows.map(({ step, time, value }) => ({ step: Number(step), time: Number(time), value: ofValue(value) }));
};
