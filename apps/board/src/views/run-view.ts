/** A run as the page shows it. These types are all that the page and the server share. */
import type { Core } from '../core.ts';
import type { Pair } from '../runs/point.ts';
import { metricsOf } from '../store/points.ts';
import { type Preference, preferenceOf } from '../store/preferences.ts';
import { faultsOf, listRuns, paramsOf, type StoredRun, tagsOf } from '../store/runs.ts';

export type MetricView = {
  readonly count: number;
  readonly step: number;
  readonly time: number;
  readonly value: number | string;
  readonly low?: number | string;
  readonly high?: number | string;
};

export type RunView = {
  readonly id: string;
  readonly name: string;
  readonly experiment: string;
  readonly status: string;
  readonly started: number;
  readonly ended?: number;
  readonly updated: number;
  /** Found on the disk, or came over the network. */
  readonly source: 'disk' | 'network';
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, MetricView>>;
  readonly preference: Preference;
  /** Lines of its files that could not be read. */
  readonly faults: readonly string[];
};

const record = (pairs: readonly Pair[]): Readonly<Record<string, string>> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, value]));

export const runView = ({ db }: Core, run: StoredRun, experiment: string): RunView => ({
  id: run.uuid,
  name: run.name,
  experiment,
  status: run.status,
  started: run.started,
  ...(run.ended !== undefined && { ended: run.ended }),
  updated: run.updated,
  source: run.folder === undefined ? 'network' : 'disk',
  params: record(paramsOf(db, run.id)),
  tags: record(tagsOf(db, run.id)),
  metrics: Object.fromEntries(
    metricsOf(db, run.id).map(({ key, count, last, low, high }) => [
      key,
      { count, ...last, ...(low !== undefined && { low }), ...(high !== undefined && { high }) },
    ]),
  ),
  preference: preferenceOf(db, run.uuid),
  faults: faultsOf(db, run.id),
});

/** Those that have not been deleted; the newest first. */
export const runViews = (core: Core): readonly RunView[] => {
  const names = new Map(
    core.db
      .sql('select id, name from experiment')
      .all()
      .map(({ id, name }) => [Number(id), String(name)]),
  );
  return listRuns(core.db)
    .filter(({ lifecycle }) => lifecycle === 'active')
    .map((run) => runView(core, run, names.get(run.experiment) ?? ''));
};
