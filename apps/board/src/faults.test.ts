/** What was acknowledged is there once: killed processes, full disks, clocks that are wrong. */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { smallDisk } from '../../../test/small-disk.ts';
import { openDatabase } from './store/database.ts';
import { caller, type TestBoard, tempFolder, testBoard, until } from './testing/board.ts';
import { type Served, serve } from './testing/process.ts';
import { seeded } from './testing/random.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const api = '/api/2.0/mlflow/';

const newRun = async (call: TestBoard['call'], name: string): Promise<string> =>
  (await call('POST', `${api}runs/create`, { experiment_id: '0', start_time: 1, run_name: name })).body.run.info.run_id;

type Logged = { readonly step: number; readonly value: number; readonly timestamp: number };

const history = async (call: TestBoard['call'], run: string, key: string): Promise<readonly Logged[]> => {
  const all: Logged[] = [];
  for (let token: string | undefined = ''; token !== undefined; ) {
    const { body } = await call('GET', `${api}metrics/get-history?run_id=${run}&metric_key=${key}&page_token=${token}`);
    all.push(...body.metrics);
    token = body.next_page_token;
  }
  return all;
};

describe('a collector that is killed', () => {
  const clients = 8;
  const calls = 10_000;
  const perCall = 4;

  it(`while ${clients} clients make ${calls} calls: every acknowledged point is there once`, {
    timeout: 600_000,
  }, async () => {
    const file = join(await tempFolder(), 'board.db');
    const random = seeded(11);
    let served: Served = await serve({ port: 0, file, rate: 1e6 });
    const port = Number(new URL(served.url).port);
    const { url } = served;
    let running = true;
    closing.push(() => {
      running = false;
      return served.kill();
    });
    const call = caller(url);
    const runs = await Promise.all(Array.from({ length: clients }, (_, i) => newRun(call, `client ${i}`)));
    let kills = 0;
    let repeated = 0;
    let acknowledged = 0;
    // Killed after every so many acknowledgements, so that it hits the work and not the pauses.
    const killer = (async () => {
      for (let next = 1500; running && next < calls; next += 1500) {
        await until(() => !running || acknowledged >= next, 1 + random() * 5);
        if (!running) return;
        await served.kill();
        kills++;
        served = await serve({ port, file, rate: 1e6 });
      }
    })();
    const client = async (run: string): Promise<void> => {
      for (let i = 0; i < calls / clients; i++) {
        const metrics = Array.from({ length: perCall }, (_, k) => ({
          key: `k${k}`,
          value: i + k / 10,
          step: i,
          timestamp: 1_700_000_000_000 + i,
        }));
        for (;;) {
          try {
            const { status } = await call('POST', `${api}runs/log-batch`, { run_id: run, metrics });
            if (status === 200) break;
          } catch {
            // The collector is dead, or died before it answered.
          }
          repeated++;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        acknowledged++;
      }
    };
    await Promise.all(runs.map(client));
    running = false;
    await killer;
    expect(kills).toBeGreaterThanOrEqual(3);
    expect(repeated).toBeGreaterThan(0);
    for (const run of runs) {
      for (let k = 0; k < perCall; k++) {
        const points = await history(call, run, `k${k}`);
        expect(points.map(({ step, value }) => [step, value])).toEqual(
          Array.from({ length: calls / clients }, (_, i) => [i, i + k / 10]),
        );
      }
    }
    console.info(`${calls} calls, ${kills} kills, ${repeated} calls repeated`);
  });
});

/** Logs until so many calls are refused for want of room; what is there then must be what was acknowledged. */
const logUntilFull = async ({ call }: TestBoard, run: string): Promise<void> => {
  const stored: number[] = [];
  let refused = 0;
  for (let batch = 0; batch < 400 && refused < 5; batch++) {
    const metrics = Array.from({ length: 500 }, (_, i) => ({
      key: 'loss',
      value: i,
      step: 500 * batch + i,
      timestamp: 1_700_000_000_000,
    }));
    const { status, body } = await call('POST', `${api}runs/log-batch`, { run_id: run, metrics });
    if (status === 200) stored.push(...metrics.map(({ step }) => step));
    else {
      expect([status, body.error_code]).toEqual([507, 'RESOURCE_LIMIT_EXCEEDED']);
      expect(body.message).toMatch(/none of it was stored/);
      refused++;
    }
  }
  expect(refused).toBe(5);
  expect(stored.length).toBeGreaterThan(1000);
  const kept = await history(call, run, 'loss');
  expect(kept.map(({ step }) => step)).toEqual(stored);
  // The list of runs agrees with the points.
  const { runs } = (await call('GET', '/api/board/runs')).body;
  expect(runs[0].metrics.loss.count).toBe(stored.length);
};

const folder = await tempFolder();
const disk = smallDisk(join(folder, 'disk'), 8);
afterAll(async () => {
  if (typeof disk !== 'string') disk.remove();
  await rm(folder, { recursive: true });
});

describe('no room left', () => {
  it('by --max-bytes is 507, leaves nothing of the request behind, and what is there stays whole', async () => {
    const board = await testBoard({ maxBytes: 1 << 20, rate: 1e6 });
    closing.push(board.close);
    await logUntilFull(board, await newRun(board.call, 'big'));
  });

  it.skipIf(typeof disk === 'string')(
    `on the disk is the same, and with room again the board goes on ${typeof disk === 'string' ? `(skipped: ${disk})` : ''}`,
    async () => {
      if (typeof disk === 'string') return;
      const board = await testBoard({ file: join(folder, 'disk', 'board.db'), rate: 1e6 });
      closing.push(board.close);
      const run = await newRun(board.call, 'big');
      const ballast = join(folder, 'disk', 'ballast');
      await writeFile(ballast, new Uint8Array(2 << 20));
      await logUntilFull(board, run);
      const before = (await history(board.call, run, 'loss')).length;
      await rm(ballast);
      const more = { key: 'loss', value: 1, step: 1_000_000, timestamp: 1_700_000_000_000 };
      expect((await board.call('POST', `${api}runs/log-metric`, { run_id: run, ...more })).status).toBe(200);
      expect(await history(board.call, run, 'loss')).toHaveLength(before + 1);
      const database = openDatabase(join(folder, 'disk', 'board.db'));
      expect(database.sql('pragma integrity_check').get()).toMatchObject({ integrity_check: 'ok' });
      await database.close();
    },
  );

  it('of files: nothing half written', async () => {
    const board = await testBoard();
    closing.push(board.close);
    const run = await newRun(board.call, 'files');
    const path = `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/a/b.txt`;
    expect((await board.call('PUT', path, 'hello')).status).toBe(200);
    expect((await board.call('GET', path)).body).toBe('hello');
    const files = (): Promise<readonly string[]> =>
      readdir(join(`${board.file}.artifacts`, '0', run, 'artifacts', 'a'));
    // A client that goes away in the middle, when a part of it is there.
    const body = new ReadableStream({
      start: async (controller) => {
        controller.enqueue(new TextEncoder().encode('half of'));
        await until(async () => (await files()).length > 1);
        controller.error(new Error('gone'));
      },
    });
    await expect(
      fetch(board.url + path, { method: 'PUT', body, duplex: 'half' } as unknown as RequestInit),
    ).rejects.toThrow();
    await until(async () => (await files()).length === 1);
    expect(await files()).toEqual(['b.txt']);
    expect((await board.call('GET', path)).body).toBe('hello');
  });
});

describe('clocks', () => {
  it('of clients may be wrong, run backwards or be missing: order is by step, and nothing is lost', async () => {
    const board = await testBoard({ now: () => 1_000_000_000_000 });
    closing.push(board.close);
    const run = await newRun(board.call, 'skewed');
    const times = [1_700_000_000_000, 1_500_000_000_000, 4_000_000_000_000, 0, -5, 1_700_000_000_000];
    for (const [step, timestamp] of times.entries()) {
      const metric = { key: 'loss', value: step, step, timestamp };
      expect((await board.call('POST', `${api}runs/log-metric`, { run_id: run, ...metric })).status).toBe(200);
    }
    await board.call('POST', `${api}runs/log-metric`, { run_id: run, key: 'loss', value: 6, step: 6 });
    const points = await history(board.call, run, 'loss');
    expect(points.map(({ step, timestamp }) => [step, timestamp])).toEqual([
      ...times.map((timestamp, step) => [step, timestamp]),
      [6, 1_000_000_000_000],
    ]);
    const { runs } = (await board.call('GET', '/api/board/runs')).body;
    expect(runs[0].metrics.loss).toMatchObject({ count: 7, step: 6, value: 6 });
  });
});
