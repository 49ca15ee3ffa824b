/**
 * Series summed up for charts: for every 256 steps how many points there are, their mean, and the two extremes with their
 * places. Written anew from the points whenever one of them changes, so a bucket is right whatever came twice or late.
 */
import type { Connection } from './database.ts';

/** Steps. */
const width = 256;
export const partOf = (step: number): number => Math.floor(step / width);

const among = 'from point where metric = ?1 and step between ?3 and ?4';
// A text, which is NaN, is above every number.
const number = 'value <= 9e999';
// SQLite takes the other columns from the row of the extreme, so each is a point that was logged.
const extreme = (which: 'min' | 'max'): string => `select step, time, ${which}(value) as value ${among} and ${number}`;

const summary = `
insert or replace into bucket (metric, part, count, numbers, mean, time, step,
  low_step, low_time, low, high_step, high_time, high)
select ?1, ?2, whole.count, whole.numbers, whole.mean, whole.time, whole.step,
  low.step, low.time, low.value, high.step, high.time, high.value
from (select count(*) as count, count(case when ${number} then 1 end) as numbers,
        avg(case when ${number} then value end) as mean, avg(time) as time, max(step) as step ${among}) as whole,
  (${extreme('min')}) as low, (${extreme('max')}) as high`;

/** To be called in `change`, after points of these steps have been stored. */
export const sumUp = ({ sql }: Connection, metric: number, steps: readonly number[]): void => {
  for (const part of new Set(steps.map(partOf))) {
    sql(summary).run(metric, part, part * width, part * width + width - 1);
  }
};

/** To be called in `change`, after points of a run have been removed. */
export const sumUpRun = (connection: Connection, run: number): void => {
  const { sql } = connection;
  dropBuckets(connection, run);
  const left = sql('select distinct metric, step from point where metric in (select id from metric where run = ?)');
  for (const { metric, step } of left.all(run)) sumUp(connection, Number(metric), [Number(step)]);
};

/** To be called in `change`, before the run's metrics go. */
export const dropBuckets = ({ sql }: Connection, run: number): void => {
  sql('delete from bucket where metric in (select id from metric where run = ?)').run(run);
};
