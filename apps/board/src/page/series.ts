/** Series in the page: numbers, kept up to date with what arrives, read again when they have grown too long. */
import type { FreshPoints, Range, SeriesViews, Source } from './source.ts';

export type Parts = { steps: number[]; times: number[]; values: number[]; counts: number[] };

export type Series = {
  steps: number[];
  times: number[];
  values: number[];
  /** All points logged, of which these are some. */
  count: number;
  /** What smoothing works on: means of many points, or every point by itself. */
  means: Parts;
};

type View = SeriesViews[string][string];

const numbers = (values: readonly (number | string)[]): number[] => values.map(Number);

const seriesOf = ({ steps, times, values, count, means }: View): Series => {
  const all = { steps: [...steps], times: [...times], values: numbers(values), count };
  return {
    ...all,
    means: means
      ? { steps: [...means.steps], times: [...means.times], values: numbers(means.values), counts: [...means.counts] }
      : { steps: [...steps], times: [...times], values: all.values.slice(), counts: steps.map(() => 1) },
  };
};

/** Behind points with greater steps a late one takes its place; nearly all come last. */
const insert = (
  parts: { steps: number[]; times: number[]; values: number[]; counts?: number[] },
  point: readonly [number, number, number],
): boolean => {
  const [step, time, value] = point;
  let at = parts.steps.length;
  while (at > 0 && parts.steps[at - 1] > step) at--;
  for (let i = at - 1; i >= 0 && parts.steps[i] === step; i--) {
    if (parts.times[i] === time && Object.is(parts.values[i], value)) return false;
  }
  parts.steps.splice(at, 0, step);
  parts.times.splice(at, 0, time);
  parts.values.splice(at, 0, value);
  parts.counts?.splice(at, 0, 1);
  return true;
};

const name = (run: string, key: string): string => `${run} ${key}`;

/** Grown to this many times what was asked for, a series is thinned anew by the server. */
const growth = 3;

export const seriesCache = (source: Source) => {
  let known = new Map<string, Series | undefined>();
  let asking = new Set<string>();
  let range: Range = { points: 600 };
  return {
    get: (run: string, key: string): Series | undefined => known.get(name(run, key)),
    /** Reads what is missing. True when something came. */
    ensure: async (runs: readonly string[], keys: readonly string[]): Promise<boolean> => {
      const missing = (run: string, key: string): boolean => !known.has(name(run, key)) && !asking.has(name(run, key));
      const wanted = runs.filter((run) => keys.some((key) => missing(run, key)));
      const lacking = keys.filter((key) => runs.some((run) => missing(run, key)));
      if (wanted.length === 0) return false;
      const [into, mine] = [known, asking];
      for (const run of wanted) for (const key of lacking) mine.add(name(run, key));
      try {
        const views = await source.series(wanted, lacking, range);
        for (const run of wanted) {
          for (const key of lacking) {
            const view = views[run]?.[key];
            into.set(name(run, key), view && seriesOf(view));
          }
        }
      } finally {
        for (const run of wanted) for (const key of lacking) mine.delete(name(run, key));
      }
      return true;
    },
    add: (fresh: FreshPoints): void => {
      for (const [run, byKey] of Object.entries(fresh)) {
        for (const [key, points] of Object.entries(byKey)) {
          const series = known.get(name(run, key));
          if (!series) {
            known.delete(name(run, key));
            continue;
          }
          for (const [step, time, given] of points) {
            const point = [step, time, Number(given)] as const;
            if (insert(series, point)) {
              series.count++;
              insert(series.means, point);
            }
          }
          if (series.steps.length > growth * range.points) known.delete(name(run, key));
        }
      }
    },
    forget: (runs?: readonly string[]): void => {
      if (!runs) {
        known = new Map();
        asking = new Set();
        return;
      }
      for (const key of [...known.keys()]) if (runs.includes(key.split(' ', 1)[0])) known.delete(key);
    },
    /** Everything is read again for another part of the steps. */
    show: (next: Range): void => {
      if (next.from === range.from && next.to === range.to && next.points === range.points) return;
      range = next;
      known = new Map();
      asking = new Set();
    },
  };
};

export type SeriesCache = ReturnType<typeof seriesCache>;
