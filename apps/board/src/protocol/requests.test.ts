/** Requests of MLflow's documentation and of its Python client, as they go over the wire, and the corners of the protocol. */
import { afterEach, describe, expect, it } from 'vitest';
import { sweep } from '../collector/retention.ts';
import { hub } from '../http/hub.ts';
import { openDatabase } from '../store/database.ts';
import { addExperiment } from '../store/experiments.ts';
import { addLog, addRun, listRuns, runById } from '../store/runs.ts';
import { type TestBoard, tempFolder, testBoard } from '../testing/board.ts';
import { parseFilter, type Searchable } from './filter.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
const opened = async (): Promise<TestBoard> => {
  const board = await testBoard();
  closing.push(board.close);
  return board;
};

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at as they come
type Loose = any;

describe('as the Python client sends them', () => {
  it('experiment, run, batch, search, history, end', async () => {
    const { mlflow, call } = await opened();
    const missing = await call('GET', '/api/2.0/mlflow/experiments/get-by-name?experiment_name=detector');
    expect([missing.status, missing.body.error_code]).toEqual([404, 'RESOURCE_DOES_NOT_EXIST']);
    const { experiment_id } = await mlflow<Loose>('POST', 'experiments/create', {
      name: 'detector',
      artifact_location: null,
      tags: [],
    });
    const { run } = await mlflow<Loose>('POST', 'runs/create', {
      experiment_id,
      user_id: 'unknown',
      start_time: 1_700_000_000_000,
      run_name: 'stately-fox-1',
      tags: [
        { key: 'mlflow.user', value: 'me' },
        { key: 'mlflow.source.type', value: 'LOCAL' },
      ],
    });
    const { run_id } = run.info;
    // Protocol buffers write 64-bit integers as texts in some clients, and NaN as a text in all.
    await mlflow('POST', 'runs/log-batch', {
      run_id,
      metrics: [
        { key: 'loss', value: 0.5, timestamp: '1700000000001', step: '1' },
        { key: 'loss', value: 'NaN', timestamp: 1_700_000_000_002, step: 2 },
        { key: 'loss', value: '-Infinity', timestamp: 1_700_000_000_003, step: 3 },
      ],
      params: [{ key: 'net.batch', value: '64' }],
      tags: [],
    });
    const { metrics } = await mlflow<Loose>(
      'GET',
      `metrics/get-history?run_id=${run_id}&run_uuid=${run_id}&metric_key=loss`,
    );
    expect(metrics.map(({ step, value }: Loose) => [step, value])).toEqual([
      [1, 0.5],
      [2, 'NaN'],
      [3, '-Infinity'],
    ]);
    const found = await mlflow<Loose>('POST', 'runs/search', {
      experiment_ids: [experiment_id],
      filter: "params.`net.batch` = '64' AND tags.mlflow.user = 'me'",
      run_view_type: 'ACTIVE_ONLY',
      max_results: '1000',
      order_by: ['attributes.start_time DESC', 'metrics.loss'],
    });
    expect(found.runs.map(({ info }: Loose) => info.run_name)).toEqual(['stately-fox-1']);
    const ended = await mlflow<Loose>('POST', 'runs/update', {
      run_id,
      status: 'FINISHED',
      end_time: 1_700_000_009_000,
    });
    expect(ended.run_info).toMatchObject({ status: 'FINISHED', end_time: 1_700_000_009_000 });
    const both = await mlflow<Loose>('POST', 'experiments/search', { max_results: 1, view_type: 'ALL' });
    expect(both.experiments).toHaveLength(1);
    const second = await mlflow<Loose>('POST', 'experiments/search', {
      max_results: 1,
      page_token: both.next_page_token,
    });
    expect(second.experiments[0].name).toBe('detector');
  });

  it('histories in pages', async () => {
    const { mlflow, call } = await opened();
    const { run } = await mlflow<Loose>('POST', 'runs/create', { experiment_id: '0' });
    const { run_id } = run.info;
    const metrics = Array.from({ length: 1000 }, (_, i) => ({ key: 'k', value: i, timestamp: 1, step: i >> 1 }));
    await mlflow('POST', 'runs/log-batch', { run_id, metrics });
    const values: number[] = [];
    for (let token: string | undefined = ''; token !== undefined; ) {
      const page: Loose = await mlflow(
        'GET',
        `metrics/get-history?run_id=${run_id}&metric_key=k&max_results=300&page_token=${encodeURIComponent(token)}`,
      );
      values.push(...page.metrics.map(({ value }: Loose) => value));
      token = page.next_page_token;
    }
    expect(values).toEqual(metrics.map(({ value }) => value));
    const bad = await call('GET', `/api/2.0/mlflow/metrics/get-history?run_id=${run_id}&metric_key=k&page_token=7`);
    expect([bad.status, bad.body.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE']);
    // The same as a file, NaN included.
    await mlflow('POST', 'runs/log-metric', { run_id, key: 'k', value: 'NaN', timestamp: 1, step: 499 });
    await mlflow('POST', 'runs/log-metric', { run_id, key: '=1+1', value: 1, timestamp: 1, step: 1 }).catch(() => {});
    const csv = (await call('GET', `/api/board/runs/${run_id}/export/csv`)).body.trim().split('\n');
    expect([csv.length, csv[0], csv[1], csv[1001]]).toEqual([1002, 'key,step,time,value', 'k,0,1,0', 'k,499,1,NaN']);
    const lines = (await call('GET', `/api/board/runs/${run_id}/export/ndjson`)).body.trim().split('\n');
    expect(JSON.parse(lines[1000])).toEqual({ key: 'k', step: 499, timestamp: 1, value: 'NaN' });
  });

  it('a batch is stored whole or not at all, and says what is wrong with it', async () => {
    const { mlflow, call } = await opened();
    const { run } = await mlflow<Loose>('POST', 'runs/create', { experiment_id: '0' });
    const { run_id } = run.info;
    const send = (body: object) => call('POST', '/api/2.0/mlflow/runs/log-batch', { run_id, ...body });
    const metric = { key: 'k', value: 1, timestamp: 1, step: 1 };
    await send({ params: [{ key: 'p', value: '1' }] });
    const conflict = await send({ metrics: [metric], params: [{ key: 'p', value: '2' }] });
    expect([conflict.status, conflict.body.message]).toEqual([400, expect.stringContaining('cannot be changed')]);
    const cases: readonly (readonly [object, string])[] = [
      [
        { metrics: [{ ...metric, value: 'much' }] },
        'metrics[0].value: found "much", expected a number, "NaN", "Infinity" or "-Infinity"',
      ],
      [{ metrics: [metric, { ...metric, key: '../x' }] }, 'metrics[1].key: found "../x"'],
      [
        { metrics: [{ ...metric, step: 2 ** 60 }] },
        'metrics[0].step: found 1152921504606847000, expected a whole number below 2^53',
      ],
      [{ metrics: new Array(1001).fill(metric) }, 'expected a list of at most 1000'],
      [{ params: [{ key: 'q', value: 'x'.repeat(6001) }] }, 'params[0].value'],
    ];
    for (const [body, message] of cases) {
      const { status, body: answer } = await send(body);
      expect([status, answer.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE']);
      expect(answer.message).toContain(message);
    }
    expect((await mlflow<Loose>('GET', `metrics/get-history?run_id=${run_id}&metric_key=k`)).metrics).toEqual([]);
  });
});

describe('filters', () => {
  const run: Searchable = {
    metrics: new Map([['loss/total', 0.5]]),
    params: new Map([['net.batch', '64']]),
    tags: new Map([['mlflow.user', "o'hara"]]),
    attributes: new Map<string, string | number>([
      ['status', 'RUNNING'],
      ['start_time', 5],
    ]),
  };
  it.each([
    ['', true],
    ['metrics.`loss/total` < 1', true],
    ['metrics."loss/total" >= 0.51', false],
    ['metrics.`loss/total` < 1e-3', false],
    ["params.net.batch = '64' and status = 'RUNNING'", true],
    ["attributes.start_time > 4 AND tag.mlflow.user ILIKE 'O%'", true],
    ["params.none = '1'", false],
    ["params.net.batch != '64'", false],
    ["tags.mlflow.user LIKE '%ra'", true],
  ])('%s', (filter, expected) => expect(parseFilter(filter)(run)).toBe(expected));
  it.each(['metrics.x', 'metrics.x <', "a = 'b' or c = 'd'", 'metrics.x = abc', '<', "a = '", '(('])(
    '%s is refused',
    (filter) => expect(() => parseFilter(filter)).toThrow(/filter: /),
  );
});

it('what has had no news for long is forgotten, folders are not', async () => {
  let now = 1_700_000_000_000;
  const folder = await tempFolder();
  const db = openDatabase(`${folder}/x.db`);
  const core = { db, hub: hub(), artifacts: `${folder}/artifacts`, now: () => now };
  await db.change(() => {
    const experiment = addExperiment(db, 'e', [], now);
    for (const [name, extra] of [
      ['network', {}],
      ['disk', { folder: '/somewhere' }],
    ] as const) {
      const uuid = addRun(db, { experiment, name, started: now, ...extra }, now);
      addLog(
        db,
        runById(db, uuid).id,
        { points: [{ key: 'k', step: 1, time: now, value: 1 }], params: [], tags: [] },
        now,
      );
    }
  });
  expect(await sweep(core, 30)).toBe(0);
  now += 31 * 24 * 3600_000;
  expect(await sweep(core, 30)).toBe(1);
  expect(listRuns(db).map(({ name }) => name)).toEqual(['disk']);
  expect(db.sql('select count(*) as count from point').get()?.count).toBe(1);
  core.hub.close();
  await db.close();
});
