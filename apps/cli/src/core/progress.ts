/** The progress line: how much is done, how fast, how much waiting for data, how much time is left. */

export type Reading = {
  readonly label: string;
  /** What is counted, in the plural. */
  readonly unit: string;
  readonly done: number;
  readonly total: number;
  /** Units a second, lately; undefined before anything can be said. */
  readonly rate: number | undefined;
  /** Of the time so far, 0..1; undefined where nothing is loaded. */
  readonly waitShare: number | undefined;
  /** Anything else. */
  readonly note: string;
};

/** `1:02:03`, `2:03` */
export const clock = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.trunc(whole / 3600), Math.trunc(whole / 60) % 60, whole % 60];
  const tail = `${h > 0 ? String(m).padStart(2, '0') : m}:${String(s).padStart(2, '0')}`;
  return h > 0 ? `${h}:${tail}` : tail;
};

const shortRate = (rate: number): string =>
  rate >= 100 ? rate.toFixed(0) : rate >= 1 ? rate.toFixed(1) : rate.toFixed(2);

export const progressText = ({ label, unit, done, total, rate, waitShare, note }: Reading): string =>
  [
    `${label} ${done}/${total}`,
    ...(rate === undefined ? [] : [`${shortRate(rate)} ${unit}/s`]),
    ...(waitShare === undefined ? [] : [`data wait ${Math.round(100 * waitShare)} %`]),
    ...(rate === undefined || rate <= 0 || done >= total ? [] : [`${clock((total - done) / rate)} left`]),
    ...(note === '' ? [] : [note]),
  ].join('  ');

/** Rates are taken over this much of the recent past, so that a slow start is forgotten. */
const windowMs = 30_000;

type Sample = { readonly at: number; readonly done: number };

/** Counts and times; `now` in milliseconds. */
export const meter = (label: string, total: number, unit: string, start: number) => {
  let samples: readonly Sample[] = [{ at: start, done: 0 }];
  let waited = 0;
  let waits = false;
  return {
    /** `done` units in all; `waitMs` more was spent waiting for data. */
    advance: (now: number, done: number, waitMs?: number): void => {
      // One sample at or before the window's edge is kept as its start.
      const from = samples.findLastIndex(({ at }) => at <= now - windowMs);
      samples = [...samples.slice(Math.max(0, from)), { at: now, done }];
      waits ||= waitMs !== undefined;
      waited += waitMs ?? 0;
    },
    read: (now: number, note = ''): Reading => {
      const [first, last] = [samples[0], samples[samples.length - 1]];
      const rate = last.done > first.done ? (1000 * (last.done - first.done)) / (last.at - first.at || 1) : undefined;
      const waitShare = waits && now > start ? Math.min(1, waited / (now - start)) : undefined;
      return { label, unit, done: last.done, total, rate, waitShare, note };
    },
  };
};
