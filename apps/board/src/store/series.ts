/** Series for charts: whole where they are short, otherwise thinned so that no extreme is lost. */
import { partOf } from './buckets.ts';
import type { Connection, Row } from './database.ts';
import { ofValue } from './points.ts';

/** Of each part that was left out: its last step, its mean time and value, and how many points it has. */
export type Means = {
  readonly steps: readonly number[];
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly counts: readonly number[];
};

/** Steps, times and values of the same length, by step and time. */
export type Series = {
  readonly steps: readonly number[];
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** All points of the range, of which these are some. */
  readonly count: number;
  /** Where points were left out, for smoothing that knows of all of them. */
  readonly means?: Means;
};

export type SeriesRange = {
  /** Steps, both ends taken; where points are left out a part that lies across an end is taken whole. */
  readonly from?: number;
  readonly to?: number;
  /** About so many points at most. Default: all. */
  readonly points?: number;
};

type Logged = { readonly step: number; readonly time: number; readonly value: number };

/** Some points that follow each other, as a bucket has them. */
type Part = {
  readonly count: number;
  readonly numbers: number;
  readonly mean: number;
  readonly time: number;
  readonly step: number;
  readonly low: Logged | undefined;
  readonly high: Logged | undefined;
};

const logged = ({ step, time, value }: Row): Logged => ({
  step: Number(step),
  time: Number(time),
  value: ofValue(value),
});

const partOfRow = (row: Row): Part => {
  const at = (name: 'low' | 'high'): Logged | undefined =>
    row[name] === null
      ? undefined
      : { step: Number(row[`${name}_step`]), time: Number(row[`${name}_time`]), value: Number(row[name]) };
  return {
    count: Number(row.count),
    numbers: Number(row.numbers),
    mean: ofValue(row.mean),
    time: Number(row.time),
    step: Number(row.step),
    low: at('low'),
    high: at('high'),
  };
};

const partOfPoint = (point: Logged): Part => {
  const isNumber = !Number.isNaN(point.value);
  return {
    count: 1,
    numbers: isNumber ? 1 : 0,
    mean: point.value,
    time: point.time,
    step: point.step,
    ...(isNumber ? { low: point, high: point } : { low: undefined, high: undefined }),
  };
};

const lower = (a: Logged | undefined, b: Logged | undefined): Logged | undefined =>
  a === undefined ? b : b === undefined || a.value <= b.value ? a : b;
const higher = (a: Logged | undefined, b: Logged | undefined): Logged | undefined =>
  a === undefined ? b : b === undefined || a.value >= b.value ? a : b;

const joined = (a: Part, b: Part): Part => {
  const [count, numbers] = [a.count + b.count, a.numbers + b.numbers];
  const sum = (a.numbers > 0 ? a.mean * a.numbers : 0) + (b.numbers > 0 ? b.mean * b.numbers : 0);
  return {
    count,
    numbers,
    mean: numbers > 0 ? sum / numbers : Number.NaN,
    step: Math.max(a.step, b.step),
    time: (a.time * a.count + b.time * b.count) / count,
    low: lower(a.low, b.low),
    high: higher(a.high, b.high),
  };
};

const byPlace = (a: Logged, b: Logged): number => a.step - b.step || a.time - b.time;
const same = (a: Logged, b: Logged): boolean => a.step === b.step && a.time === b.time && Object.is(a.value, b.value);

const columns = (points: readonly Logged[], count: number): Series => ({
  steps: points.map(({ step }) => step),
  times: points.map(({ time }) => time),
  values: points.map(({ value }) => value),
  count,
});

/** The range is cut into equal parts; the least and the greatest of each stay, and the first and the last of all. */
const thinned = (parts: readonly Part[], ends: readonly Logged[], points: number, count: number): Series => {
  const wanted = Math.max(1, Math.floor(points / 2) - 1);
  const [first, last] = [parts[0].step, parts[parts.length - 1].step];
  const size = Math.max(1, (last - first + 1) / wanted);
  const groups = new Map<number, Part>();
  for (const part of parts) {
    const at = Math.floor((part.step - first) / size);
    const known = groups.get(at);
    groups.set(at, known ? joined(known, part) : part);
  }
  const means = [...groups.values()];
  const chosen = [...ends, ...means.flatMap(({ low, high }) => [low, high])].filter((point) => point !== undefined);
  chosen.sort(byPlace);
  return {
    ...columns(
      chosen.filter((point, i) => i === 0 || !same(point, chosen[i - 1])),
      count,
    ),
    means: {
      steps: means.map(({ step }) => step),
      times: means.map(({ time }) => Math.round(time)),
      values: means.map(({ mean }) => mean),
      counts: means.map((part) => part.count),
    },
  };
};

const within = 'where metric = ? and step between ? and ?';
const whole = `select step, time, value from point ${within} order by step, time, value`;
const firstPoint = `select step, time, value from point ${within} order by step, time, value limit 1`;
const lastPoint = `select step, time, value from point ${within} order by step desc, time desc, value desc limit 1`;
const buckets = 'select * from bucket where metric = ? and part between ? and ? order by part';
const inBuckets = 'select total(count) as count from bucket where metric = ? and part between ? and ?';

/** Up to so many times the points asked for are read whole and thinned exactly; beyond it the buckets are read. */
const exact = 4;

export const readSeries = ({ sql }: Connection, metric: number, range: SeriesRange = {}): Series => {
  const { from = Number.MIN_SAFE_INTEGER, to = Number.MAX_SAFE_INTEGER, points } = range;
  const [low, high] = [partOf(from), partOf(to)];
  const about = Number(sql(inBuckets).get(metric, low, high)?.count ?? 0);
  if (points === undefined || about <= exact * points) {
    const all = sql(whole).all(metric, from, to).map(logged);
    if (points === undefined || all.length <= points) return columns(all, all.length);
    return thinned(all.map(partOfPoint), [all[0], all[all.length - 1]], points, all.length);
  }
  const ends = [sql(firstPoint).get(metric, from, to), sql(lastPoint).get(metric, from, to)];
  const parts = sql(buckets).all(metric, low, high).map(partOfRow);
  return thinned(
    parts,
    ends.flatMap((row) => (row ? [logged(row)] : [])),
    points,
    about,
  );
};
