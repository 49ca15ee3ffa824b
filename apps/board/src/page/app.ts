/** The page's state and data, and who is told when they change. */
import { colorsOf } from './colors.ts';
import { latest } from './latest.ts';
import { runFilter } from './run-filter.ts';
import { type SeriesCache, seriesCache } from './series.ts';
import type { FreshPoints, Preference, RunView, Source } from './source.ts';
import { fromHash, type State, toHash } from './state.ts';

export type App = {
  readonly source: Source;
  readonly series: SeriesCache;
  readonly state: () => State;
  readonly set: (change: Partial<State>) => void;
  readonly runs: () => readonly RunView[];
  /** That pass the filter; hidden ones only when they are asked for. */
  readonly listed: () => readonly RunView[];
  /** Whose curves are drawn. */
  readonly selected: () => readonly RunView[];
  readonly color: (run: string) => string;
  /** `nice name (name)`, as in the original's legend. */
  readonly label: (run: RunView) => string;
  readonly select: (run: string, selected: boolean) => void;
  readonly prefer: (run: string, preference: Preference) => Promise<void>;
  readonly remove: (run: string) => Promise<void>;
  readonly reload: () => Promise<void>;
  /** Points that have just come: the list says how far each run is without asking again. */
  readonly note: (points: FreshPoints) => void;
  /** Series have come or grown. */
  readonly redraw: () => void;
  readonly onChange: (listener: (what: 'state' | 'runs' | 'data') => void) => void;
  /** For people who cannot see the page change. */
  readonly announce: (text: string) => void;
};

/** The list is drawn again no more often than this while points come. */
const listMs = 700;

/** Shown before anybody has chosen. */
const newest = 10;

/** Folders of several experiments may have one name: then the experiment stands before it. */
const labelsOf = (runs: readonly RunView[]): ReadonlyMap<string, string> => {
  const experiments = new Map<string, Set<string>>();
  for (const { name, experiment } of runs) experiments.set(name, (experiments.get(name) ?? new Set()).add(experiment));
  return new Map(
    runs.map(({ id, name, experiment, preference }) => {
      const whole = (experiments.get(name)?.size ?? 0) > 1 ? `${experiment}/${name}` : name;
      return [id, preference.name ? `${preference.name} (${whole})` : whole];
    }),
  );
};

export const makeApp = (source: Source, announce: (text: string) => void): App => {
  let state = fromHash(location.hash);
  let runs: readonly RunView[] = [];
  let labels: ReadonlyMap<string, string> = new Map();
  let colors: ReadonlyMap<string, string> = new Map();
  let noting = 0;
  const listeners: ((what: 'state' | 'runs' | 'data') => void)[] = [];
  const tell = (what: 'state' | 'runs' | 'data'): void => {
    for (const listener of listeners) listener(what);
  };
  const set = (change: Partial<State>): void => {
    state = { ...state, ...change };
    const hash = toHash(state);
    history.replaceState(null, '', hash === '' ? location.pathname + location.search : `#${hash}`);
    tell('state');
  };
  addEventListener('hashchange', () => {
    state = fromHash(location.hash);
    tell('state');
  });
  const listed = (): readonly RunView[] => {
    const test = runFilter(state.filter);
    return runs.filter((run) => (state.showHidden || !run.preference.hidden) && test(run));
  };
  const selected = (): readonly RunView[] => {
    const { selected: ids } = state;
    return ids ? runs.filter(({ id }) => ids.some((one) => id.startsWith(one))) : listed().slice(0, newest);
  };
  const reload = async (): Promise<void> => {
    runs = await source.runs();
    colors = colorsOf(runs);
    labels = labelsOf(runs);
    tell('runs');
  };
  return {
    source,
    series: seriesCache(source),
    set,
    listed,
    selected,
    reload,
    announce,
    state: () => state,
    runs: () => runs,
    label: ({ id, name }) => labels.get(id) ?? name,
    color: (run) => colors.get(run) ?? '#888888',
    note: (points) => {
      const next = latest(runs, points, Date.now());
      if (next === undefined) void reload();
      else runs = next;
      if (noting !== 0) return;
      noting = window.setTimeout(() => {
        noting = 0;
        tell('runs');
      }, listMs);
    },
    select: (run, on) => {
      const ids = selected().map(({ id }) => id);
      set({ selected: on ? [...ids, run] : ids.filter((id) => id !== run) });
    },
    prefer: async (run, preference) => {
      await source.prefer(run, preference);
      await reload();
    },
    remove: async (run) => {
      await source.remove?.(run);
      await reload();
    },
    redraw: () => tell('data'),
    onChange: (listener) => {
      listeners.push(listener);
    },
  };
};
