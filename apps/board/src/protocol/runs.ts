/** MLflow's requests about runs and their metrics. */
import * as t from 'io-ts';
import { type Core, change, logTo } from '../core.ts';
import { refuse } from '../fault.ts';
import type { Point } from '../runs/point.ts';
import { experimentById } from '../store/experiments.ts';
import { metricNamed, readPage } from '../store/points.ts';
import {
  addRun,
  dropTag,
  runById,
  runsOfExperiments,
  type StoredRun,
  setParam,
  setTag,
  updateRun,
  uploadTag,
} from '../store/runs.ts';
import {
  anyText,
  integer,
  key,
  metric,
  metrics,
  name,
  param,
  params,
  runId,
  status,
  tag,
  tagKey,
  tags,
  take,
  texts,
} from './codecs.ts';
import { infoDocument, runDocument, searchable } from './documents.ts';
import { page } from './experiments.ts';
import { parseFilter, parseOrder } from './filter.ts';
import type { Request } from './request.ts';

/** `run_uuid` is what old clients send. */
const ofRun = t.partial({ run_id: runId, run_uuid: runId });
const idOf = (input: unknown): string => {
  const { run_id, run_uuid } = take(ofRun, input);
  return run_id ?? run_uuid ?? refuse('invalid', 'run_id: found nothing, expected a run id');
};

const create = t.partial({
  experiment_id: integer,
  user_id: anyText(250),
  run_name: name,
  start_time: integer,
  tags,
});

/** A client without a clock, or with one that is wrong, is taken as it is: times order the points of a run, nothing else. */
const pointOf = ({ key, value, timestamp, step }: t.TypeOf<typeof metric>, now: number): Point => ({
  key,
  value,
  time: timestamp ?? now,
  step: step ?? 0,
});

const views = t.keyof({ ACTIVE_ONLY: null, DELETED_ONLY: null, ALL: null });
const search = t.intersection([
  t.type({ experiment_ids: texts(1000) }),
  t.partial({
    filter: t.string,
    run_view_type: views,
    max_results: integer,
    order_by: texts(20),
    page_token: t.string,
  }),
]);

const find = (core: Core, input: unknown): unknown => {
  const {
    experiment_ids,
    filter = '',
    run_view_type,
    max_results = 1000,
    order_by = [],
    page_token,
  } = take(search, input);
  const test = parseFilter(filter);
  const order = parseOrder(order_by);
  const seen = ({ lifecycle }: StoredRun): boolean =>
    run_view_type === 'ALL' || (run_view_type === 'DELETED_ONLY') === (lifecycle === 'deleted');
  const all = runsOfExperiments(core.db, experiment_ids.map(Number))
    .filter(seen)
    .map((run) => ({ run, about: searchable(core, run) }))
    .filter(({ about }) => test(about))
    .sort((a, b) => order(a.about, b.about));
  const { items, next } = page(all, page_token, max_results);
  return { runs: items.map(({ run }) => runDocument(core, run)), ...(next && { next_page_token: next }) };
};

const history = t.intersection([
  t.type({ metric_key: key }),
  t.partial({ max_results: integer, page_token: t.string }),
]);
/** Of one answer. Old clients know of no pages, and are content with this. */
const historyPage = 200_000;

type Place = Omit<Point, 'key'>;

/** Where the next page begins: behind this point. */
const tokenOf = ({ step, time, value }: Place): string =>
  Buffer.from(JSON.stringify([step, time, String(value)])).toString('base64url');

const placeOf = (token: string): Place => {
  try {
    const [step, time, value] = JSON.parse(Buffer.from(token, 'base64url').toString()) as readonly unknown[];
    if (Number.isSafeInteger(step) && Number.isSafeInteger(time) && typeof value === 'string') {
      return { step: Number(step), time: Number(time), value: Number(value) };
    }
  } catch {
    // Not one of ours.
  }
  return refuse('invalid', `page_token: found ${JSON.stringify(token.slice(0, 80))}, expected that of an answer`);
};

const findHistory = ({ db }: Core, input: unknown): unknown => {
  const run = runById(db, idOf(input));
  const { metric_key, max_results = historyPage, page_token } = take(history, input);
  const known = metricNamed(db, run.id, metric_key);
  if (!known) return { metrics: [] };
  const size = Math.max(1, Math.min(max_results, historyPage));
  // One more tells whether there is another page.
  const points = readPage(db, known.id, size + 1, page_token ? placeOf(page_token) : undefined);
  return {
    metrics: points.slice(0, size).map(({ step, time, value }) => ({
      key: metric_key,
      value,
      timestamp: time,
      step,
      run_id: run.uuid,
    })),
    ...(points.length > size && { next_page_token: tokenOf(points[size - 1]) }),
  };
};

const addNamed = ({ db, now }: Core, input: t.TypeOf<typeof create>): string => {
  const { experiment_id = 0, user_id, run_name, start_time, tags: given = [] } = input;
  const marked = given.find((one) => one.key === 'mlflow.runName')?.value;
  const label = run_name ?? marked;
  experimentById(db, experiment_id);
  const run = { experiment: experiment_id, name: label ?? '', started: start_time ?? now(), tags: given };
  const uuid = addRun(db, { ...run, ...(user_id !== undefined && { user: user_id }) }, now());
  const { id, name: named } = runById(db, uuid);
  if (named === '') updateRun(db, id, { name: `run-${uuid.slice(0, 8)}` }, now());
  if (label !== undefined && marked === undefined) setTag(db, id, 'mlflow.runName', label);
  return uuid;
};

const createRun = async (core: Core, input: unknown): Promise<unknown> => {
  const asked = take(create, input);
  const uuid = await core.db.change(() => addNamed(core, asked));
  core.hub.runs();
  return { run: runDocument(core, runById(core.db, uuid)) };
};

const update = async (core: Core, input: unknown): Promise<unknown> => {
  const { db, now } = core;
  const news = take(t.partial({ status, end_time: integer, run_name: name }), input);
  const uuid = idOf(input);
  await change(core, uuid, (run) => {
    updateRun(db, run, { status: news.status, name: news.run_name }, now());
    // Behind the state, since running again takes the end away.
    updateRun(db, run, { ended: news.end_time }, now());
  });
  return { run_info: infoDocument(runById(db, uuid)) };
};

const mark =
  (lifecycle: StoredRun['lifecycle']) =>
  async (core: Core, input: unknown): Promise<unknown> => {
    await change(core, idOf(input), (run) => updateRun(core.db, run, { lifecycle }, core.now()));
    return {};
  };

const logMetric = async (core: Core, input: unknown): Promise<unknown> => {
  const point = pointOf(take(metric, input), core.now());
  await logTo(core, idOf(input), { points: [point], params: [], tags: [] });
  return {};
};

const logParam = async (core: Core, input: unknown): Promise<unknown> => {
  const { key: name, value } = take(param, input);
  await change(core, idOf(input), (run) => setParam(core.db, run, name, value));
  return {};
};

const addTag = async (core: Core, input: unknown): Promise<unknown> => {
  const { key: name, value } = take(tag, input);
  await change(core, idOf(input), (run) => setTag(core.db, run, name, value));
  return {};
};

const deleteTag = async (core: Core, input: unknown): Promise<unknown> => {
  const { key: name } = take(t.type({ key: tagKey }), input);
  if (name === uploadTag) return refuse('invalid', `key: the tag ${uploadTag} cannot be deleted`);
  await change(core, idOf(input), (run) => dropTag(core.db, run, name));
  return {};
};

const logBatch = async (core: Core, input: unknown): Promise<unknown> => {
  const log = take(t.partial({ metrics, params, tags }), input);
  const { metrics: points = [], params: pairs = [], tags: marks = [] } = log;
  if (points.length + pairs.length + marks.length > 1000) {
    return refuse('invalid', 'found more than 1000 metrics, params and tags together, expected at most 1000');
  }
  const at = core.now();
  await logTo(core, idOf(input), { points: points.map((one) => pointOf(one, at)), params: pairs, tags: marks });
  return {};
};

const getRun = (core: Core, input: unknown): unknown => ({ run: runDocument(core, runById(core.db, idOf(input))) });

type Answering = (core: Core, input: unknown) => unknown;

const requests: readonly (readonly [method: Request['method'], path: string, answer: Answering])[] = [
  ['POST', 'runs/create', createRun],
  ['GET', 'runs/get', getRun],
  ['POST', 'runs/update', update],
  ['POST', 'runs/delete', mark('deleted')],
  ['POST', 'runs/restore', mark('active')],
  ['POST', 'runs/search', find],
  ['POST', 'runs/log-metric', logMetric],
  ['POST', 'runs/log-parameter', logParam],
  ['POST', 'runs/log-param', logParam],
  ['POST', 'runs/set-tag', addTag],
  ['POST', 'runs/delete-tag', deleteTag],
  ['POST', 'runs/log-batch', logBatch],
  ['GET', 'metrics/get-history', findHistory],
];

export const runRequests = (core: Core): readonly Request[] =>
  requests.map(([method, path, answer]) => ({ method, path, run: (input) => answer(core, input) }));
