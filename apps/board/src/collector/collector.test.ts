/** Folders as they come, grow, go silent and are hidden. */
import { appendFileSync, existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { caller, type TestBoard, tempFolder, testBoard, until } from '../testing/board.ts';
import { serve } from '../testing/process.ts';
import { growRun, makeRun } from '../testing/run-folder.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Seen = {
  readonly id: string;
  readonly name: string;
  readonly experiment: string;
  readonly status: string;
  readonly preference: { readonly hidden?: boolean };
  readonly metrics: Readonly<Record<string, { readonly count: number }>>;
};
const runsOf = async (call: TestBoard['call']): Promise<readonly Seen[]> =>
  (await call('GET', '/api/board/runs')).body.runs;

const line = (batch: number) => `A0.5,G0.4,I1,C2,T3,BATCH,${batch},100,1.5\n`;

describe('run folders', () => {
  it('appear and grow, in groups of their own, while half a line waits for its end', async () => {
    const dir = join(await tempFolder(), 'backup');
    mkdirSync(dir);
    const board = await testBoard({ dir });
    closing.push(board.close);
    expect(await runsOf(board.call)).toEqual([]);
    mkdirSync(join(dir, 'voc', 'giou'), { recursive: true });
    writeFileSync(join(dir, 'voc', 'giou', 'log.csv'), `${line(1)}A0.5,G0`);
    await until(async () => (await runsOf(board.call))[0]?.metrics['loss/total']?.count === 1);
    appendFileSync(join(dir, 'voc', 'giou', 'log.csv'), '.4,I1,C2,T3,BATCH,2,100,1.5\n');
    await until(async () => (await runsOf(board.call))[0].metrics['loss/total'].count === 2);
    const [run] = await runsOf(board.call);
    expect(run).toMatchObject({ name: 'giou', experiment: 'backup/voc', status: 'RUNNING', faults: [] });
  });

  it('are read on where a killed board stopped, and not twice', async () => {
    const folder = await tempFolder();
    const dir = join(folder, 'backup');
    makeRun(join(dir, 'run'), 3000);
    const options = { dir, port: 0, file: join(folder, 'board.db'), everyMs: 20 };
    const first = await serve(options);
    growRun(join(dir, 'run'), 3001, 9000);
    await first.kill();
    const second = await serve(options);
    closing.push(second.kill);
    const call = caller(second.url);
    await until(async () => (await runsOf(call))[0].metrics['loss/total'].count >= 9000);
    const [run] = await runsOf(call);
    expect(Object.values(run.metrics).map(({ count }) => count)).toEqual(new Array(12).fill(9000));
  });

  it('are hidden by the original’s mark, and marked by its API', async () => {
    const dir = join(await tempFolder(), 'backup');
    const mark = join(makeRun(join(dir, 'run'), 5), '_HIDE');
    const board = await testBoard({ dir });
    closing.push(board.close);
    const names = async () => (await board.call('GET', '/api/experiments')).body.map(({ name }: Seen) => name);
    expect(await names()).toEqual(['run']);
    writeFileSync(mark, '');
    await until(async () => (await names()).length === 0);
    rmSync(mark);
    await until(async () => (await names()).length === 1);
    expect((await board.call('DELETE', '/api/experiments/run')).status).toBe(204);
    expect([await names(), existsSync(mark)]).toEqual([[], true]);
    expect((await runsOf(board.call))[0].preference.hidden).toBe(true);
  });

  it('of the original have ended when nothing has come for long', async () => {
    const dir = join(await tempFolder(), 'backup');
    mkdirSync(join(dir, 'old'), { recursive: true });
    const log = join(dir, 'old', 'log.csv');
    writeFileSync(log, line(1));
    const hour = Date.now() / 1000 - 3600;
    utimesSync(log, hour, hour);
    const board = await testBoard({ dir });
    closing.push(board.close);
    expect((await runsOf(board.call))[0].status).toBe('FINISHED');
  });

  it('deleted over the network leave the list, and come back when restored', async () => {
    const board = await testBoard();
    closing.push(board.close);
    const { run } = await board.mlflow<{ run: { info: { run_id: string } } }>('POST', 'runs/create', {
      experiment_id: '0',
    });
    expect((await board.call('DELETE', `/api/board/runs/${run.info.run_id}`)).status).toBe(200);
    expect(await runsOf(board.call)).toEqual([]);
    await board.mlflow('POST', 'runs/restore', { run_id: run.info.run_id });
    expect(await runsOf(board.call)).toHaveLength(1);
  });
});
