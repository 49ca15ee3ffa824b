/** Whatever comes: an answer that says what is wrong, or a marked line; never a crash, never a stall. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestBoard, tempFolder, testBoard } from './testing/board.ts';
import { seeded } from './testing/random.ts';
import { batchEvent } from './testing/run-folder.ts';

const pick = <A>(random: () => number, items: readonly A[]): A => items[Math.floor(random() * items.length)];

describe('10,000 requests', () => {
  let board: TestBoard;
  let run: string;
  const told: string[] = [];
  beforeAll(async () => {
    board = await testBoard({ rate: 1e6, tell: (text) => told.push(text) });
    run = (await board.mlflow<{ run: { info: { run_id: string } } }>('POST', 'runs/create', { experiment_id: '0' })).run
      .info.run_id;
  });
  afterAll(() => board.close());

  const random = seeded(5);
  const words = [
    '',
    'loss',
    '../..',
    '\u0000',
    '💥',
    'a'.repeat(300),
    '__proto__',
    'constructor',
    "'; drop table run; --",
    '%',
    'NaN',
    '-1',
  ];
  const numbers = [0, -1, 1.5, 1e308, -1e308, 2 ** 53, 2 ** 63, Number.POSITIVE_INFINITY, Number.NaN, -0];
  const value = (depth = 0): unknown =>
    pick<() => unknown>(random, [
      () => pick(random, words),
      () => pick(random, numbers),
      () => null,
      () => true,
      () => run,
      () => (depth > 2 ? 0 : Array.from({ length: Math.floor(random() * 4) }, () => value(depth + 1))),
      () =>
        depth > 2 ? {} : Object.fromEntries(Array.from({ length: 3 }, () => [pick(random, keys), value(depth + 1)])),
    ])();
  const keys = [
    'run_id',
    'run_uuid',
    'experiment_id',
    'experiment_ids',
    'metrics',
    'params',
    'tags',
    'key',
    'value',
    'step',
    'timestamp',
    'name',
    'filter',
    'order_by',
    'max_results',
    'page_token',
    'status',
    'end_time',
    'path',
    'metric_key',
  ];
  const paths = [
    'experiments/create',
    'experiments/search',
    'experiments/get',
    'experiments/get-by-name',
    'experiments/update',
    'runs/create',
    'runs/get',
    'runs/update',
    'runs/search',
    'runs/log-metric',
    'runs/log-parameter',
    'runs/log-batch',
    'runs/set-tag',
    'runs/delete-tag',
    'metrics/get-history',
    'artifacts/list',
    'runs/delete',
    'nothing',
  ].map((path) => `/api/2.0/mlflow/${path}`);
  const pages = [
    '/',
    '/api/board/runs',
    '/api/board/series',
    '/api/experiments',
    '/api/experiments/x',
    '/get-artifact',
    '/%zz',
    '//',
    '/api/',
    '/api/board/runs/x',
    '/api/board/runs/x/files',
    '/api/board/runs/x/file/y',
    '/api/board/runs/x/export/z',
    '/login',
    '/api/2.0/mlflow-artifacts/artifacts',
    '/api/2.0/mlflow-artifacts/artifacts/a/b',
  ];
  const body = (): string => {
    const kind = random();
    const fields = Object.fromEntries(
      Array.from({ length: Math.floor(random() * 6) }, () => [pick(random, keys), value()]),
    );
    // Half of them get as far as a run that is there.
    const text = JSON.stringify(random() < 0.5 ? { ...fields, run_id: run } : fields);
    if (kind < 0.1) return text.slice(0, Math.floor(random() * text.length));
    if (kind < 0.15) return String.fromCharCode(...Array.from({ length: 40 }, () => Math.floor(random() * 256)));
    if (kind < 0.17) return '['.repeat(5000);
    return text;
  };

  it('each get an answer, none a 5xx', { timeout: 600_000 }, async () => {
    const counts: Record<string, number> = {};
    const one = async (): Promise<void> => {
      const query = Array.from(
        { length: Math.floor(random() * 3) },
        () => `${encodeURIComponent(pick(random, keys))}=${encodeURIComponent(String(value()))}`,
      );
      const name = pick(random, random() < 0.7 ? paths : pages);
      const usual = /(get|list|get-by-name|get-history)$/.test(name) || pages.includes(name) ? 'GET' : 'POST';
      // Most of them get past the door.
      const method = random() < 0.85 ? usual : pick(random, ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
      const path = `${name}?${query.join('&')}`;
      const given = method === 'GET' ? undefined : body();
      const { status, body: answer } = await board.call(method, path, given);
      counts[status] = (counts[status] ?? 0) + 1;
      if (status >= 500)
        throw new Error(`${method} ${path} ${given}: ${status} ${JSON.stringify(answer)} ${told.join('\n')}`);
      if (status >= 400 && path !== '/login' && !path.startsWith('/login')) {
        expect([typeof answer.error_code, typeof answer.message]).toEqual(['string', 'string']);
      }
    };
    for (let done = 0; done < 10_000; done += 20) await Promise.all(Array.from({ length: 20 }, one));
    console.info(`answers: ${JSON.stringify(counts)}`);
    expect(counts['400']).toBeGreaterThan(1000);
    expect(counts['200']).toBeGreaterThan(100);
    expect(told).toEqual([]);
    // It still works: what is logged now is there at once.
    const { mlflow, call } = board;
    const experiment = await mlflow('POST', 'experiments/create', { name: 'after' });
    const created = await mlflow<{ run: { info: { run_id: string } } }>('POST', 'runs/create', experiment);
    const { run_id } = created.run.info;
    await mlflow('POST', 'runs/log-metric', { run_id, key: 'after', value: 1, timestamp: 1, step: 1 });
    const { runs } = (await call('GET', '/api/board/runs')).body;
    expect(runs.find(({ id }: { id: string }) => id === run_id).metrics.after).toMatchObject({ count: 1, value: 1 });
  });

  it('bytes that are no HTTP end the connection only', async () => {
    for (let i = 0; i < 200; i++) {
      await new Promise<void>((resolve) => {
        const socket = connect(board.port, '127.0.0.1', () => {
          socket.end(Buffer.from(Array.from({ length: 200 }, () => Math.floor(random() * 256))));
        });
        socket.on('error', () => resolve());
        socket.on('close', () => resolve());
        socket.resume();
      });
    }
    expect((await board.call('GET', '/health')).status).toBe(200);
  });
});

describe('log files', () => {
  it('truncated, foreign or absurd: lines are marked, the rest is read', async () => {
    const dir = join(await tempFolder(), 'backup');
    const write = (run: string, files: Readonly<Record<string, string>>): void => {
      mkdirSync(join(dir, run), { recursive: true });
      for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, run, name), text);
    };
    const good = 'A0.5,G0.4,I1,C2,T3,BATCH,7,100,1.5\n';
    write('truncated', { 'log.csv': `${good}A0.5,G0.\n${good.replace('7', '8')}A0.1,G` });
    write('nan', { 'log.csv': 'A-nan,Gnan,I-nan,C2,T3,BATCH,1,10,-nan\nA0.5,G0.5,I1,C1,T2,BATCH,2,10,inf\n' });
    write('giant', {
      'log.csv':
        'A1e400,G-1e400,I1e308,C1e308,T1e308,BATCH,1,10,1e999\nA1,BATCH,1e300,1,1\nA1,BATCH,99999999999999999999,1,1\n',
    });
    write('foreign', { 'log.csv': 'epoch,loss,val_loss\n1,0.5,0.6\n2,"0,4",0.5\n', 'map.txt': 'name;value\nx;1\n' });
    write('columns', {
      'log.csv': 'A1,G1,BATCH,1\nBATCH,1,2,3,4\nX1,BATCH,1,2,3\n',
      'map.txt': 'iou,1,2\n<b>,5,0.5,1,1,1,1,1,1,1,1,1,1\n',
    });
    write('binary', { 'log.csv': String.fromCharCode(...Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256)) });
    write('oneline', { 'log.csv': 'A1,'.repeat(4_000_000) });
    write('events', {
      'events.ndjson': `${batchEvent(1)}not json\n{"type":"batch","time":"2023-01-01T00:00:00Z","batch":-1}\n{"type":"batch"}\n[1]\nnull\n{"time":"x","type":"end"}\n{"time":"2023-01-01T00:00:00Z","type":"constructor"}\n{"time":"2023-01-01T00:00:00Z","type":"batch","batch":2,"heads":[{}]}\n${batchEvent(3)}`,
      'run.json': '{"cfg": 5, "nested": {"a": [1, 2]}, "__proto__": {"x": 1}}',
    });
    write('notjson', { 'run.json': 'nonsense', 'events.ndjson': '' });
    const random = seeded(3);
    const text = () => Array.from({ length: 3000 }, () => pick(random, [...'AGICT,.-0123456789naf\nBATCH'])).join('');
    for (let i = 0; i < 50; i++)
      write(`random-${i}`, {
        'log.csv': text(),
        'map.txt': text(),
        'events.ndjson': i % 2 ? text() : batchEvent(i + 1),
      });
    const told: string[] = [];
    const board = await testBoard({ dir, tell: (line) => told.push(line) });
    const { runs } = (await board.call('GET', '/api/board/runs')).body;
    expect(runs).toHaveLength(59);
    type Seen = {
      name: string;
      faults: string[];
      metrics: Record<string, { count: number; value: number | string; step: number }>;
    };
    const of = (name: string): Seen => runs.find((run: Seen) => run.name === name);
    expect(of('truncated').metrics['loss/total'].count).toBe(2);
    expect(of('truncated').faults).toEqual([expect.stringMatching(/log\.csv:2: found "A0\.5,G0\."|log\.csv:2: /)]);
    expect(of('nan').metrics['accuracy/iou']).toMatchObject({ count: 2, step: 2, value: 0.5 });
    expect(of('nan').metrics['loss/average']).toMatchObject({ count: 2, value: 'Infinity' });
    expect(of('nan').faults).toEqual([]);
    expect(of('giant').metrics['accuracy/iou']).toMatchObject({ count: 1, value: 'Infinity' });
    expect(of('foreign').faults).toHaveLength(5);
    expect(of('columns').faults.length).toBeGreaterThanOrEqual(4);
    expect(of('oneline').faults).toHaveLength(1);
    expect(of('events').metrics['loss/total'].count).toBe(2);
    expect(of('events').faults).toHaveLength(7);
    expect(of('notjson').faults).toEqual([expect.stringMatching(/run\.json: .*no JSON object/)]);
    expect(told).toEqual([]);
    await board.close();
  });

  it('that are replaced by others are read anew', async () => {
    const dir = join(await tempFolder(), 'backup');
    const file = join(dir, 'run', 'log.csv');
    mkdirSync(join(dir, 'run'), { recursive: true });
    const line = (batch: number, iou: number) => `A${iou},G0.4,I1,C2,T3,BATCH,${batch},100,1.5\n`;
    writeFileSync(file, line(1, 0.1) + line(2, 0.2));
    const board = await testBoard({ dir });
    const values = async (): Promise<readonly number[]> => {
      const { id } = (await board.call('GET', '/api/board/runs')).body.runs[0];
      return (
        (await board.call('GET', `/api/board/series?run=${id}&key=accuracy/iou`)).body[id]['accuracy/iou']?.values ?? []
      );
    };
    expect(await values()).toEqual([0.1, 0.2]);
    // Longer than before, so that its size tells nothing.
    writeFileSync(file, line(1, 0.7) + line(2, 0.8) + line(3, 0.9));
    await expect.poll(values, { timeout: 100_000 }).toEqual([0.7, 0.8, 0.9]);
    writeFileSync(file, line(1, 0.3));
    await expect.poll(values, { timeout: 100_000 }).toEqual([0.3]);
    await board.close();
  });
});
