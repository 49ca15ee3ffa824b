/** MLflow's requests about experiments. */
import * as t from 'io-ts';
import type { Core } from '../core.ts';
import type { Experiment } from '../store/experiments.ts';
import {
  addExperiment,
  experimentById,
  experimentByName,
  listExperiments,
  markExperiment,
  renameExperiment,
  setExperimentTag,
} from '../store/experiments.ts';
import { integer, name, tagKey, tags, tagValue, take, texts } from './codecs.ts';
import { experimentDocument } from './documents.ts';
import { parseFilter, parseOrder, type Searchable } from './filter.ts';
import type { Request } from './request.ts';

const byId = t.type({ experiment_id: integer });
const views = t.keyof({ ACTIVE_ONLY: null, DELETED_ONLY: null, ALL: null });
const search = t.partial({
  max_results: integer,
  page_token: t.string,
  filter: t.string,
  order_by: texts(20),
  view_type: views,
});

const searchableOf = (experiment: Experiment): Searchable => ({
  metrics: new Map(),
  params: new Map(),
  tags: new Map(experiment.tags.map(({ key, value }) => [key, value])),
  attributes: new Map<string, string | number>([
    ['experiment_id', experiment.id],
    ['name', experiment.name],
    ['creation_time', experiment.created],
    ['last_update_time', experiment.updated],
  ]),
});

const seen = (lifecycle: string, view: t.TypeOf<typeof views> = 'ACTIVE_ONLY'): boolean =>
  view === 'ALL' || (view === 'DELETED_ONLY') === (lifecycle === 'deleted');

/** The rest of a list from a page token, which is where it starts. */
export const page = <A>(all: readonly A[], token: string | undefined, max: number) => {
  const from = /^\d{1,15}$/.test(token ?? '') ? Number(token) : 0;
  const size = Math.max(1, Math.min(max, 50_000));
  const items = all.slice(from, from + size);
  return { items, next: from + size < all.length ? String(from + size) : undefined };
};

const find =
  ({ db }: Core) =>
  (input: unknown): unknown => {
    const { max_results = 1000, page_token, filter = '', order_by = [], view_type } = take(search, input);
    const test = parseFilter(filter);
    const order = parseOrder(order_by);
    const all = listExperiments(db)
      .filter(({ lifecycle }) => seen(lifecycle, view_type))
      .map((experiment) => ({ experiment, about: searchableOf(experiment) }))
      .filter(({ about }) => test(about))
      .sort((a, b) => order(a.about, b.about));
    const { items, next } = page(all, page_token, max_results);
    return {
      experiments: items.map(({ experiment }) => experimentDocument(experiment)),
      ...(next && { next_page_token: next }),
    };
  };

export const experimentRequests = (core: Core): readonly Request[] => {
  const { db, now } = core;
  const document = (experiment: Experiment) => ({ experiment: experimentDocument(experiment) });
  const mark = (lifecycle: 'active' | 'deleted') => async (input: unknown) => {
    const { experiment_id } = take(byId, input);
    await db.change(() => markExperiment(db, experimentById(db, experiment_id).id, lifecycle, now()));
    core.hub.runs();
    return {};
  };
  const both = (path: string, run: Request['run']): readonly Request[] =>
    (['GET', 'POST'] as const).map((method) => ({ method, path, run }));
  return [
    {
      method: 'POST',
      path: 'experiments/create',
      run: async (input) => {
        const made = take(t.intersection([t.type({ name }), t.partial({ tags })]), input);
        const id = await db.change(() => addExperiment(db, made.name, made.tags ?? [], now()));
        return { experiment_id: String(id) };
      },
    },
    ...both('experiments/search', find(core)),
    ...both('experiments/list', find(core)),
    {
      method: 'GET',
      path: 'experiments/get',
      run: (input) => document(experimentById(db, take(byId, input).experiment_id)),
    },
    {
      method: 'GET',
      path: 'experiments/get-by-name',
      run: (input) => document(experimentByName(db, take(t.type({ experiment_name: name }), input).experiment_name)),
    },
    {
      method: 'POST',
      path: 'experiments/update',
      run: async (input) => {
        const { experiment_id, new_name } = take(t.intersection([byId, t.type({ new_name: name })]), input);
        await db.change(() => renameExperiment(db, experimentById(db, experiment_id).id, new_name, now()));
        return {};
      },
    },
    { method: 'POST', path: 'experiments/delete', run: mark('deleted') },
    { method: 'POST', path: 'experiments/restore', run: mark('active') },
    {
      method: 'POST',
      path: 'experiments/set-experiment-tag',
      run: async (input) => {
        const tag = take(t.intersection([byId, t.type({ key: tagKey, value: tagValue })]), input);
        await db.change(() => setExperimentTag(db, experimentById(db, tag.experiment_id).id, tag.key, tag.value));
        return {};
      },
    },
  ];
};
