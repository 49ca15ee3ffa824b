/** A second implementation of the part of MLflow's tracking protocol that uploads need, written from its documentation and sharing no code with ours. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Metric = { key: string; value: number | string; timestamp: number; step: number };
type Run = {
  id: string;
  experiment: string;
  tags: Map<string, string>;
  params: Map<string, string>;
  metrics: Metric[];
  status: string;
  end?: number;
};

/** What the server has come to know. */
type Store = {
  readonly experiments: Map<string, string>;
  readonly runs: Map<string, Run>;
  readonly files: Map<string, string>;
  /** Every request, by its name. */
  readonly requests: string[];
};

class Wrong extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
const bad = (message: string) => new Wrong(400, 'INVALID_PARAMETER_VALUE', message);

const checkMetric = (metric: Metric): void => {
  if (!/^[\w\-. /:]{1,250}$/.test(metric.key)) throw bad(`metric key ${metric.key}`);
  const special = metric.value === 'NaN' || metric.value === 'Infinity' || metric.value === '-Infinity';
  if (typeof metric.value !== 'number' && !special) throw bad(`metric value ${metric.value}`);
  if (!Number.isInteger(metric.timestamp) || !Number.isInteger(metric.step)) throw bad('timestamp and step are int64');
};

const runOf = (runs: Store['runs'], id: string): Run => {
  const run = runs.get(id);
  if (!run) throw new Wrong(404, 'RESOURCE_DOES_NOT_EXIST', `no run ${id}`);
  return run;
};

const document = (run: Run) => ({
  info: {
    run_id: run.id,
    experiment_id: run.experiment,
    status: run.status,
    artifact_uri: `mlflow-artifacts:/${run.experiment}/${run.id}/artifacts`,
  },
  data: { tags: [...run.tags].map(([key, value]) => ({ key, value })) },
});

// biome-ignore lint/suspicious/noExplicitAny: requests are looked at as they come
const handlers: Record<string, (store: Store, input: any) => unknown> = {
  'GET experiments/get-by-name': ({ experiments }, { experiment_name }) => {
    const id = experiments.get(experiment_name);
    if (id === undefined) throw new Wrong(404, 'RESOURCE_DOES_NOT_EXIST', `no experiment ${experiment_name}`);
    return { experiment: { experiment_id: id, name: experiment_name } };
  },
  'POST experiments/create': ({ experiments }, { name }) => {
    if (experiments.has(name))
      throw new Wrong(400, 'RESOURCE_ALREADY_EXISTS', `Experiment(name=${name}) already exists.`);
    experiments.set(name, String(experiments.size + 1));
    return { experiment_id: experiments.get(name) };
  },
  'POST runs/search': ({ runs }, { experiment_ids, filter }) => {
    const [, key, value] = /^tags\.`([^`]+)` = '([^']*)'$/.exec(filter) ?? [];
    if (key === undefined) throw bad(`filter ${filter}`);
    const found = [...runs.values()].filter(
      (run) => experiment_ids.includes(run.experiment) && run.tags.get(key) === value,
    );
    // As MLflow's JSON: an empty list is left out.
    return found.length > 0 ? { runs: found.map(document) } : {};
  },
  'POST runs/create': ({ runs }, { experiment_id, start_time, tags = [] }) => {
    if (!Number.isInteger(start_time)) throw bad('start_time');
    const run: Run = {
      id: (runs.size + 1).toString(16).padStart(32, '0'),
      experiment: experiment_id,
      status: 'RUNNING',
      tags: new Map(tags.map(({ key, value }: { key: string; value: string }) => [key, value])),
      params: new Map(),
      metrics: [],
    };
    runs.set(run.id, run);
    return { run: document(run) };
  },
  'POST runs/log-batch': ({ runs }, { run_id, metrics = [], params = [], tags = [] }) => {
    const run = runOf(runs, run_id);
    if (
      metrics.length > 1000 ||
      params.length > 100 ||
      tags.length > 100 ||
      metrics.length + params.length + tags.length > 1000
    )
      throw bad('too many');
    metrics.forEach(checkMetric);
    for (const { key, value } of params) {
      if (typeof value !== 'string' || value.length > 6000) throw bad(`param ${key}`);
      if (run.params.has(key) && run.params.get(key) !== value)
        throw bad(`Changing param values is not allowed. Param with key='${key}'`);
    }
    for (const { key, value } of params) run.params.set(key, value);
    // The primary key of its SQL store: the same point again changes nothing.
    for (const metric of metrics as Metric[]) {
      const same = (one: Metric) =>
        one.key === metric.key &&
        one.step === metric.step &&
        one.timestamp === metric.timestamp &&
        one.value === metric.value;
      if (!run.metrics.some(same)) run.metrics.push(metric);
    }
    return {};
  },
  'POST runs/update': ({ runs }, { run_id, status, end_time }) => {
    const run = runOf(runs, run_id);
    if (status) run.status = status;
    if (end_time) run.end = end_time;
    return { run_info: document(run).info };
  },
};

type Reply = { readonly status: number; readonly type?: string; readonly text: string };

const json = (status: number, value: unknown): Reply => ({
  status,
  type: 'application/json',
  text: JSON.stringify(value),
});

const answer = (store: Store, method: string, address: string, text: string): Reply => {
  const url = new URL(address, 'http://server');
  const artifact = /^\/api\/2\.0\/mlflow-artifacts\/artifacts\/(.+)$/.exec(url.pathname);
  const name = `${method} ${url.pathname.replace('/api/2.0/mlflow/', '')}`;
  store.requests.push(name);
  try {
    if (artifact && method === 'PUT') {
      store.files.set(artifact[1], text);
      return { status: 200, text: '{}' };
    }
    if (!handlers[name]) throw new Wrong(404, 'ENDPOINT_NOT_FOUND', name);
    const input = method === 'GET' ? Object.fromEntries(url.searchParams) : JSON.parse(text);
    return json(200, handlers[name](store, input));
  } catch (error) {
    const { status = 500, code = 'INTERNAL_ERROR', message } = error as Wrong;
    return json(status, { error_code: code, message });
  }
};

export const mlflowServer = async () => {
  const store: Store = { experiments: new Map(), runs: new Map(), files: new Map(), requests: [] };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = 'GET', url = '/' } = request;
      const { status, type, text } = answer(store, method, url, Buffer.concat(chunks).toString());
      response.writeHead(status, type === undefined ? {} : { 'content-type': type });
      response.end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...store,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
};
