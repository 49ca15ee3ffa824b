/** A static report: everything stands in the page itself. */
import type { Preference, RunFiles, RunView, SeriesViews, Source } from './source.ts';

export type Embedded = {
  readonly title: string;
  readonly runs: readonly RunView[];
  readonly series: SeriesViews;
  readonly files: Readonly<Record<string, RunFiles>>;
  /** Data URLs by run and path. */
  readonly pictures: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

const within = (embedded: SeriesViews, runs: readonly string[], keys: readonly string[]): SeriesViews =>
  Object.fromEntries(
    runs.map((run) => [
      run,
      Object.fromEntries(keys.flatMap((key) => (embedded[run]?.[key] ? [[key, embedded[run][key]]] : []))),
    ]),
  );

export const embeddedSource = (embedded: Embedded): Source => {
  const said = new Map<string, Preference>();
  return {
    live: false,
    runs: () =>
      Promise.resolve(embedded.runs.map((run) => ({ ...run, preference: { ...run.preference, ...said.get(run.id) } }))),
    series: (runs, keys) => Promise.resolve(within(embedded.series, runs, keys)),
    files: (run) => Promise.resolve(embedded.files[run] ?? { cfg: null, pictures: [], evaluations: [] }),
    pictureUrl: (run, path) => embedded.pictures[run]?.[path] ?? '',
    exportUrl: undefined,
    prefer: (run, preference) => {
      said.set(run, { ...said.get(run), ...preference });
      return Promise.resolve();
    },
    remove: undefined,
    listen: () => {},
  };
};
