/** The uploader against a second implementation of the protocol, and against our own board through a bad network. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { badProxy, noMischief } from '../testing/bad-proxy.ts';
import { type TestBoard, tempFolder, testBoard, until } from '../testing/board.ts';
import { mlflowServer } from '../testing/mlflow-server.ts';
import { seeded } from '../testing/random.ts';
import { endRun, growRun, makeRun, pointsPerBatch, start } from '../testing/run-folder.ts';
import { upload } from './uploader.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe('to another server', () => {
  it('sends everything once, says how the run has ended, and goes on where it was', async () => {
    const server = await mlflowServer();
    closing.push(server.close);
    const folder = makeRun(join(await tempFolder(), 'backup', 'first'), 100);
    const once = await upload({ folder, url: server.url });
    expect(once).toMatchObject({ points: 100 * pointsPerBatch, complete: true, refused: 0 });
    expect([...server.experiments.keys()]).toEqual(['backup']);
    const run = [...server.runs.values()][0];
    expect(run.tags.get('mlflow.runName')).toBe('first');
    expect(Object.fromEntries(run.params)).toMatchObject({ seed: '3', 'net.batch': '4', 'yolo.iou_loss': 'giou' });
    expect([...server.files]).toEqual([
      [`1/${run.id}/artifacts/network.cfg`, '[net]\nbatch=4\n[yolo]\niou_loss=giou\n'],
    ]);
    expect(run.metrics).toHaveLength(100 * pointsPerBatch);
    expect(run.metrics.find(({ key, step }) => key === 'loss/total' && step === 50)).toEqual({
      key: 'loss/total',
      step: 50,
      value: 3 / 50,
      timestamp: start + 50_000,
    });

    const before = server.requests.length;
    await upload({ folder, url: server.url });
    expect(server.requests.length).toBe(before);
    growRun(folder, 101, 110);
    endRun(folder, 110);
    await upload({ folder, url: server.url });
    expect(server.runs.size).toBe(1);
    expect(run.metrics).toHaveLength(110 * pointsPerBatch);
    expect(run).toMatchObject({ status: 'FINISHED', end: start + 111_000 });
  });

  it('leaves out the one point that the server refuses', async () => {
    const server = await mlflowServer();
    closing.push(server.close);
    const folder = makeRun(join(await tempFolder(), 'b', 'odd'), 3);
    // A loss beyond what JSON holds arrives as infinity; NaN as null. A step beyond int64's safe part is left out before.
    appendFileSync(
      join(folder, 'events.ndjson'),
      `${JSON.stringify({ time: new Date(start).toISOString(), type: 'batch', batch: 4, loss: null, average: 1, heads: [] })}\n{"broken\n`,
    );
    const sent = await upload({ folder, url: server.url });
    expect(sent).toMatchObject({ complete: true, refused: 0, points: 3 * pointsPerBatch + 2 });
    const run = [...server.runs.values()][0];
    expect(run.metrics.find(({ key, step }) => key === 'loss/batch' && step === 4)?.value).toBe('NaN');
  });

  it('waits for a server that is not there, and ends when it is told to', async () => {
    const folder = makeRun(join(await tempFolder(), 'b', 'run'), 3);
    const proxy = await badProxy(() => 'http://127.0.0.1:9', { ...noMischief, cut: 1 });
    closing.push(proxy.close);
    const stop = new AbortController();
    const told: string[] = [];
    const sending = upload({
      folder,
      url: proxy.url,
      signal: stop.signal,
      firstWaitMs: 5,
      tell: (text) => told.push(text),
    });
    await until(() => proxy.counts.cut >= 5);
    stop.abort();
    expect(await sending).toMatchObject({ run: undefined, complete: false, points: 0 });
    // Once, not for each attempt.
    expect(told).toHaveLength(1);
  });
});

const historyOf = async (
  board: TestBoard,
  run: string,
  key: string,
): Promise<readonly { step: number; value: number }[]> =>
  (
    await board.mlflow<{ metrics: { step: number; value: number }[] }>(
      'GET',
      `metrics/get-history?run_id=${run}&metric_key=${encodeURIComponent(key)}`,
    )
  ).metrics;

describe('to the board', () => {
  it('through a network that cuts, delays, repeats and reorders: every point is there once', async () => {
    const board = await testBoard();
    closing.push(board.close);
    const proxy = await badProxy(() => board.url, {
      cut: 0.15,
      lost: 0.15,
      twice: 0.3,
      broken: 0.05,
      delayMs: 20,
      random: seeded(7),
    });
    closing.push(proxy.close);
    const folder = makeRun(join(await tempFolder(), 'backup', 'live'), 50);
    const finish = new AbortController();
    const sending = upload({
      folder,
      url: proxy.url,
      follow: true,
      everyMs: 10,
      firstWaitMs: 2,
      mostWaitMs: 50,
      timeoutMs: 500,
      finish: finish.signal,
    });
    for (let batch = 51; batch <= 1000; batch += 50) {
      growRun(folder, batch, batch + 49);
      // The network is down for a while in the middle.
      proxy.setDown(batch > 400 && batch < 600);
      const before = proxy.counts.requests;
      await until(() => proxy.counts.requests > before);
    }
    proxy.setDown(false);
    endRun(folder, 1000);
    finish.abort();
    const sent = await sending;
    expect(sent).toMatchObject({ complete: true, refused: 0, points: 1000 * pointsPerBatch });
    // Copies of old requests may still be under way.
    await proxy.copiesDelivered();
    const { runs } = (await board.call('GET', '/api/board/runs')).body;
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ name: 'live', status: 'FINISHED', experiment: 'backup' });
    for (const key of ['loss/total', 'accuracy/iou', 'rate']) {
      const steps = (await historyOf(board, runs[0].id, key)).map(({ step }) => step);
      expect(steps).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
    }
    expect(proxy.counts.cut * proxy.counts.lost * proxy.counts.twice).toBeGreaterThan(0);
  });

  it('and from the disk at the same time: the same run, each point once', async () => {
    const dir = join(await tempFolder(), 'backup');
    const folder = makeRun(join(dir, 'both'), 40);
    const board = await testBoard({ dir });
    closing.push(board.close);
    await upload({ folder, url: board.url });
    growRun(folder, 41, 60);
    await upload({ folder, url: board.url });
    await until(
      async () => (await board.call('GET', '/api/board/runs')).body.runs[0].metrics['loss/total'].count === 60,
    );
    const { runs } = (await board.call('GET', '/api/board/runs')).body;
    expect(runs).toHaveLength(1);
    expect(await historyOf(board, runs[0].id, 'loss/total')).toHaveLength(60);
  });
});
