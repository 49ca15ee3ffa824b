/** Where the page gets its data: from a board that runs, or from the report that it stands in. */
import type { Preference } from '../store/preferences.ts';
import type { NamedEvaluation, Picture } from '../views/run-files.ts';
import type { RunView } from '../views/run-view.ts';
import type { SeriesViews } from '../views/series-view.ts';

export type { NamedEvaluation, Picture, Preference, RunView, SeriesViews };

export type RunFiles = {
  readonly cfg: string | null;
  readonly pictures: readonly Picture[];
  readonly evaluations: readonly NamedEvaluation[];
};

export type Range = { readonly from?: number; readonly to?: number; readonly points: number };

/** `[step, time, value]` by run and key. */
export type FreshPoints = Readonly<
  Record<string, Readonly<Record<string, readonly (readonly [number, number, number | string])[]>>>
>;

export type News = {
  /** The list of runs is to be read again. */
  readonly runs: () => void;
  readonly points: (points: FreshPoints) => void;
  /** These runs' series are to be read again; undefined for all. */
  readonly stale: (runs: readonly string[] | undefined) => void;
  readonly connected: (connected: boolean) => void;
};

export type Source = {
  readonly live: boolean;
  readonly runs: () => Promise<readonly RunView[]>;
  readonly series: (runs: readonly string[], keys: readonly string[], range: Range) => Promise<SeriesViews>;
  readonly files: (run: string) => Promise<RunFiles>;
  readonly pictureUrl: (run: string, path: string) => string;
  readonly exportUrl: ((run: string) => string) | undefined;
  readonly prefer: (run: string, preference: Preference) => Promise<void>;
  readonly remove: ((run: string) => Promise<void>) | undefined;
  readonly listen: (news: News) => void;
};
