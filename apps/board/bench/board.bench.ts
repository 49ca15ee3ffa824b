/**
 * The board under load: many runs sent over HTTP, the first chart of twenty of them, odd requests, the
 * page's first paint, many open pages.
 * `board.bench.ts [--runs 200] [--points 100000] [--clients 8] [--viewers 50] [--json file]`
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { connect } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { browserAtHand, openBrowser } from '../../../test/browser.ts';
import { serve } from '../src/testing/process.ts';

const { values: given } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    points: { type: 'string', default: '100000' },
    clients: { type: 'string', default: '8' },
    viewers: { type: 'string', default: '50' },
    json: { type: 'string' },
  },
});
const [runCount, pointCount, clients, viewers] = [given.runs, given.points, given.clients, given.viewers].map(Number);
const perBatch = 1000;
const chartRuns = 20;

type Row = {
  readonly name: string;
  readonly peer: string;
  readonly threads: number;
  readonly ours: number;
  readonly theirs: number | null;
  readonly unit: string;
  readonly ratio: number | null;
};
const rows: Row[] = [];
/** `goal`: what the figure is held against. */
const report = (name: string, ours: number, unit: string, goal?: number): void => {
  const ratio = goal === undefined ? null : ours / goal;
  rows.push({ name, peer: goal === undefined ? '' : 'goal', threads: 1, ours, theirs: goal ?? null, unit, ratio });
  const against = goal === undefined ? '' : `  (goal ${goal} ${unit})`;
  console.log(`${name.padEnd(58)} ${ours.toFixed(ours < 10 ? 3 : 0).padStart(12)} ${unit}${against}`);
};

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** Seconds of both kinds and bytes, of a process on Linux; NaN elsewhere. */
const usage = (pid: number): { readonly cpu: number; readonly memory: number; readonly peak: number } => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
    return {
      cpu: (Number(fields[11]) + Number(fields[12])) / 100,
      memory: kilobytes('VmRSS') / 1024,
      peak: kilobytes('VmHWM') / 1024,
    };
  } catch {
    return { cpu: Number.NaN, memory: Number.NaN, peak: Number.NaN };
  }
};

const folder = await mkdtemp(join(tmpdir(), 'gdarknet-bench-'));
const file = join(folder, 'board.db');
let board = await serve({ port: 0, file, rate: 1e6 });
const api = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
  const response = await fetch(board.url + path, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
};
const newRun = async (name: string): Promise<string> => {
  const { run } = await api('POST', '/api/2.0/mlflow/runs/create', {
    experiment_id: '0',
    run_name: name,
    start_time: Date.now(),
  });
  return (run as { info: { run_id: string } }).info.run_id;
};
/** A loss that falls, with noise and a peak that must not be lost. */
const valueAt = (run: number, step: number): number =>
  step === 77_777 % pointCount ? 1000 + run : 10 / (1 + step / 1000) + Math.sin(step * 12.9898 + run) / 5;

console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} threads; ${runCount} runs x ${pointCount} points, ${clients} clients`,
);
const ids = await Promise.all(Array.from({ length: runCount }, (_, i) => newRun(`run ${i}`)));
const before = usage(board.child.pid ?? 0);
const from = performance.now();
let next = 0;
const client = async (): Promise<void> => {
  for (let run = next++; run < runCount; run = next++) {
    for (let step = 0; step < pointCount; step += perBatch) {
      const metrics = Array.from({ length: Math.min(perBatch, pointCount - step) }, (_, i) => ({
        key: 'loss/total',
        value: valueAt(run, step + i),
        timestamp: 1_700_000_000_000 + step + i,
        step: step + i,
      }));
      await api('POST', '/api/2.0/mlflow/runs/log-batch', { run_id: ids[run], metrics });
    }
  }
};
await Promise.all(Array.from({ length: clients }, client));
const seconds = (performance.now() - from) / 1000;
const after = usage(board.child.pid ?? 0);
const total = runCount * pointCount;
report('ingested, acknowledged on disk', total / seconds, 'points/s');
report('  processor time of the collector', (1e6 * (after.cpu - before.cpu)) / total, 'us/point');
report('  memory of the collector at its end', after.memory, 'MB');
report('  memory of the collector at its peak', after.peak, 'MB');

// A new process: nothing is in its memory.
await board.kill();
report('  database', (statSync(file).size + statSync(`${file}-wal`).size) / total, 'bytes/point');
const opening = performance.now();
board = await serve({ port: 0, file, rate: 1e6 });
report('started again, after a kill', (performance.now() - opening) / 1000, 's');
const timed = async (path: string): Promise<readonly [seconds: number, answer: Record<string, unknown>]> => {
  const start = performance.now();
  const answer = await api('GET', path);
  return [(performance.now() - start) / 1000, answer];
};
report(`list of ${runCount} runs`, (await timed('/api/board/runs'))[0], 's');
const query = (picked: readonly string[]): string =>
  `/api/board/series?points=600&key=loss/total&${picked.map((id) => `run=${id}`).join('&')}`;
const firsts = ids.slice(0, chartRuns);
const [first, answer] = await timed(query(firsts));
report(`first chart of ${firsts.length} runs, nothing in memory`, first, 's', 0.5);
const again: number[] = [];
for (let i = 0; i < 5; i++) again.push((await timed(query(firsts)))[0]);
report(`the same chart again, median of 5`, median(again), 's', 0.5);
const kept = firsts.every((id, i) => {
  const { values } = (answer[id] as Record<string, { values: number[] }>)['loss/total'];
  return values.includes(1000 + i);
});
if (!kept) throw new Error('a peak was lost');

// What asks for nothing, or never ends, must hold up nobody.
const oddRequests = 2000;
for (let i = 0; i < oddRequests; i += 20) {
  const odd = (k: number): Promise<Response> =>
    fetch(`${board.url}/api/2.0/mlflow/runs/log-batch`, {
      method: 'POST',
      body: `{"run_id": ${i + k}, "metrics": [[]`,
    });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, k) => odd(k)));
  for (const answer of answers) await answer.arrayBuffer();
}
report(`list of runs, after ${oddRequests} requests that are refused`, (await timed('/api/board/runs'))[0], 's');
const { hostname, port } = new URL(board.url);
const halfRequest = 'POST /api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{';
const halves = Array.from({ length: 50 }, () => connect(Number(port), hostname));
await Promise.all(halves.map((socket) => new Promise((sent) => socket.on('error', () => {}).write(halfRequest, sent))));
report(
  `list of runs, beside ${halves.length} requests that stopped half way`,
  (await timed('/api/board/runs'))[0],
  's',
);
for (const socket of halves) socket.destroy();

if ((await browserAtHand()).tag === 'found') {
  const browser = await openBrowser();
  const paints: number[] = [];
  for (let i = 0; i < 5; i++) {
    const page = await browser.newPage({ locale: 'en-GB' });
    await page.goto(board.url);
    await page.waitForSelector('canvas');
    paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
    await page.close();
  }
  await browser.close();
  report('page: first paint, median of 5', median(paints) / 1000, 's', 1);
} else console.log('page: first paint: not measured, no browser is at hand');

const arrivals: number[] = [];
const sentAt = new Map<number, number>();
const pages = Array.from({ length: viewers }, () =>
  get(`${board.url}/api/board/events`, (response) => {
    let rest = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!line.startsWith('data: {"')) continue;
        const [byKey] = Object.values(
          JSON.parse(line.slice(6)) as Record<string, Record<string, readonly (readonly number[])[]>>,
        );
        for (const [step] of byKey?.live ?? []) arrivals.push(performance.now() - (sentAt.get(step) ?? 0));
      }
    });
  }),
);
await new Promise((resolve) => setTimeout(resolve, 500));
const live = await newRun('live');
const idle = usage(board.child.pid ?? 0);
const liveFrom = performance.now();
const sends = 100;
for (let step = 0; step < sends; step++) {
  sentAt.set(step, performance.now());
  await api('POST', '/api/2.0/mlflow/runs/log-metric', {
    run_id: live,
    key: 'live',
    value: step,
    timestamp: Date.now(),
    step,
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
}
await new Promise((resolve) => setTimeout(resolve, 1000));
const busy = usage(board.child.pid ?? 0);
report(`${viewers} live viewers: from sending to a page, median`, median(arrivals) / 1000, 's');
report(`  the slowest of ${sends} x ${viewers}`, Math.max(...arrivals) / 1000, 's');
report('  points that arrived', (100 * arrivals.length) / (sends * viewers), '%');
report('  processor share of the collector', (100_000 * (busy.cpu - idle.cpu)) / (performance.now() - liveFrom), '%');
for (const page of pages) page.destroy();
await board.kill();
await rm(folder, { recursive: true, force: true });
if (given.json) writeFileSync(given.json, `${JSON.stringify(rows, null, 2)}\n`);
