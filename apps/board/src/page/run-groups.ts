/** How the list of runs says what they are, and by what they can be grouped. */
import type { RunView } from './source.ts';

const statusText: Readonly<Record<string, string>> = {
  RUNNING: 'running',
  FINISHED: 'finished',
  FAILED: 'failed',
  KILLED: 'interrupted',
  SCHEDULED: 'scheduled',
};

/** A run that is killed cannot say so: one without news for this long is marked. */
const quietMs = 15 * 60_000;
/** A parameter with more values than this makes no groups. */
const mostGroups = 20;

export const stateOf = ({ status, updated }: RunView): string =>
  status === 'RUNNING' && Date.now() - updated > quietMs ? 'no news' : (statusText[status] ?? status);

export const lastStep = ({ metrics }: RunView): number =>
  Object.values(metrics).reduce((most, { step }) => Math.max(most, step), 0);

/** The group's heading; empty for no grouping. */
const groupOf = (run: RunView, by: string): string => {
  if (by === 'experiment') return run.experiment;
  if (by === 'status') return stateOf(run);
  return by.startsWith('param:') ? `${by.slice(6)} = ${run.params[by.slice(6)] ?? 'none'}` : '';
};

/** What runs can be grouped by: with the words for it, a parameter only where it tells runs apart. */
export const groupings = (runs: readonly RunView[]): readonly (readonly [by: string, text: string])[] => {
  const values = new Map<string, Set<string>>();
  for (const { params } of runs) {
    for (const [key, value] of Object.entries(params)) values.set(key, (values.get(key) ?? new Set()).add(value));
  }
  const params = [...values]
    .filter(([, set]) => set.size > 1 && set.size <= mostGroups)
    .map(([key]) => [`param:${key}`, key] as const);
  return [['', 'none'], ['experiment', 'experiment'], ['status', 'status'], ...params];
};

export type Group = { readonly title: string; readonly runs: readonly RunView[] };

export const grouped = (runs: readonly RunView[], by: string): readonly Group[] => {
  const groups = new Map<string, RunView[]>();
  for (const run of runs) {
    const title = groupOf(run, by);
    const known = groups.get(title);
    if (known) known.push(run);
    else groups.set(title, [run]);
  }
  return [...groups].sort(([a], [b]) => a.localeCompare(b)).map(([title, members]) => ({ title, runs: members }));
};
