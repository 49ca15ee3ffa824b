/** The npm client of MLflow, as it is published, against the board. */
import MLflow from 'mlflow';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type TestBoard, testBoard } from '../testing/board.ts';

let board: TestBoard;
beforeAll(async () => {
  // The client prints what it sends.
  vi.spyOn(console, 'log').mockImplementation(() => {});
  board = await testBoard();
});
afterAll(() => board.close());

// biome-ignore lint/suspicious/noExplicitAny: the client's types are older than what servers answer
type Loose = any;

it('experiments, runs, metrics, parameters, tags, histories and artifacts', async () => {
  const Client = ((MLflow as Loose).default ?? MLflow) as typeof MLflow;
  const client: Loose = new (Client as Loose)({ endpoint: board.url });
  const { experiment_id } = await client.Experiments.create({ name: 'detectors' });
  expect((await client.Experiments.get({ experiment_id })).experiment).toMatchObject({
    name: 'detectors',
    lifecycle_stage: 'active',
  });
  await client.Experiments.update({ experiment_id, new_name: 'yolo' });
  expect((await client.Experiments.list()).experiments.map((one: Loose) => one.name)).toEqual(['Default', 'yolo']);
  await expect(client.Experiments.create({ name: 'yolo' })).rejects.toThrow(/RESOURCE_ALREADY_EXISTS/);

  const { run } = await client.Runs.create({
    experiment_id,
    user_id: 'me',
    start_time: 1_700_000_000_000,
    tags: [{ key: 'mlflow.runName', value: 'first' }],
  });
  const { run_id } = run.info;
  expect(run.info).toMatchObject({ run_name: 'first', status: 'RUNNING', experiment_id });
  await client.Runs.logParameter({ run_id, key: 'seed', value: '3' });
  await client.Runs.logMetric({ run_id, key: 'loss', value: 2.5, timestamp: 1_700_000_000_001, step: 1 });
  await client.Runs.logBatch({
    run_id,
    metrics: [
      { key: 'loss', value: 1.5, timestamp: 1_700_000_000_002, step: 2 },
      { key: 'ap/iou', value: 0.25, timestamp: 1_700_000_000_002, step: 2 },
    ],
    params: [{ key: 'batch', value: '64' }],
    tags: [{ key: 'note', value: 'x' }],
  });
  await client.Runs.setTag({ run_id, key: 'other', value: 'y' });
  await client.Runs.deleteTag({ run_id, key: 'other' });
  await expect(client.Runs.logParameter({ run_id, key: 'seed', value: '4' })).rejects.toThrow(/cannot be changed/);

  const history = await client.Metrics.getHistory({ run_id, metric_key: 'loss' });
  expect(history.metrics.map((one: Loose) => [one.step, one.value, one.timestamp])).toEqual([
    [1, 2.5, 1_700_000_000_001],
    [2, 1.5, 1_700_000_000_002],
  ]);
  await client.Runs.update({ run_id, status: 'FINISHED', end_time: 1_700_000_000_009 });
  const found = await client.Runs.search({
    experiment_ids: [experiment_id],
    run_view_type: 'ACTIVE_ONLY',
    order_by: ['metrics.loss DESC'],
    filter: "metrics.loss < 2 and params.seed = '3' and tags.note = 'x' and attributes.status = 'FINISHED'",
  });
  expect(found.runs).toHaveLength(1);
  expect(found.runs[0].info).toMatchObject({ run_id, status: 'FINISHED', end_time: 1_700_000_000_009 });
  expect(found.runs[0].data.params).toEqual([
    { key: 'batch', value: '64' },
    { key: 'seed', value: '3' },
  ]);
  expect((await client.Artifacts.list({ run_id })).files).toEqual([]);

  await client.Runs.delete({ run_id });
  expect((await client.Runs.search({ experiment_ids: [experiment_id] })).runs).toEqual([]);
  await client.Runs.restore({ run_id });
  expect((await client.Runs.get({ run_id })).run.info.lifecycle_stage).toBe('active');
  await client.Experiments.delete({ experiment_id });
  await client.Experiments.restore({ experiment_id });
  await expect(client.Runs.get({ run_id: 'none' })).rejects.toThrow(/RESOURCE_DOES_NOT_EXIST/);
});
