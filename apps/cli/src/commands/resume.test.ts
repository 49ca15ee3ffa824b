/** `train --resume`: to the bit after kills at any moment; the lock of a run; full disks. */
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseTrainLog } from '@gdarknet/data/runs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdarknet, start } from '../testing/cli.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';

let set: ShapesSet;
beforeAll(async () => {
  set = await makeShapesSet();
});
afterAll(() => set.remove());

const at = (run: string, name = ''): string => set.at('backup', run, name);
const train = (run: string, ...more: string[]) => gdarknet(['train', set.data, set.cfg, '--prefix', run, ...more]);
const resume = (run: string, ...more: string[]) => gdarknet(['train', '--resume', at(run), ...more]);
type Event = { type: string; batch: number; loss: number; average: number; reason?: string };
const events = (run: string): readonly Event[] =>
  readFileSync(at(run, 'events.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
/** Loss and running average of each batch; of one that was made twice, both must be the same. */
const losses = (run: string): ReadonlyMap<number, string> => {
  const all = new Map<number, string>();
  for (const { type, batch, loss, average } of events(run)) {
    if (type !== 'batch') continue;
    const text = `${loss} ${average}`;
    expect(all.get(batch) ?? text, `batch ${batch}`).toBe(text);
    all.set(batch, text);
  }
  return all;
};
const weights = (run: string): Buffer => readFileSync(at(run, 'small_final.weights'));
/** Repeatable numbers in [0, 1). */
const noise = (i: number): number => Math.abs(Math.sin(12.9898 * (i + 1)) * 43758.5453) % 1;

describe('a run that goes on', () => {
  it('200 batches straight, and with twenty kills at any moment: the same weights, losses and state', async () => {
    expect((await train('straight', '--max-batches', '200')).status).toBe(0);
    let kills = 0;
    let argv = ['train', set.data, set.cfg, '--prefix', 'killed', '--max-batches', '200', '--save-minutes', '.02'];
    while (kills < 20) {
      const { child, ended, until } = start(argv);
      // From before the first line to deep in the batches, and into the writing of files.
      if (kills % 3 > 0) await until('\nLearning Rate');
      await pause(2500 * noise(kills));
      child.kill('SIGKILL');
      const { signal, stderr } = await ended;
      if (signal === null) expect(stderr).not.toContain('gdarknet:');
      kills++;
      if (existsSync(at('killed', 'state'))) argv = ['train', '--resume', at('killed')];
    }
    const last = await resume('killed', '--workers', '2', '--threads', '1');
    expect(last.status, last.stderr).toBe(0);
    expect(weights('killed').equals(weights('straight'))).toBe(true);
    expect(readFileSync(at('killed', 'state')).equals(readFileSync(at('straight', 'state')))).toBe(true);
    expect(losses('killed')).toEqual(losses('straight'));
    expect(readdirSync(at('killed')).filter((name) => name.endsWith('.part'))).toEqual([]);
    const log = parseTrainLog(readFileSync(at('killed', 'log.csv'), 'utf8'), 'log.csv');
    expect(new Set(log.batches.map(({ batch }) => batch)).size).toBe(200);
  }, 300_000);

  it('Ctrl-C says how to go on, and that is to the bit; a finished run goes further', async () => {
    await train('whole', '--max-batches', '40');
    const { child, ended, until } = start(['train', set.data, set.cfg, '--prefix', 'stopped', '--max-batches', '30']);
    await until('\n7: ');
    child.kill('SIGINT');
    const { status, stderr } = await ended;
    expect(status).toBe(130);
    const [, batch] = /exactly from batch (\d+) with: gdarknet train --resume /.exec(stderr) ?? [];
    expect(events('stopped').at(-1)).toMatchObject({ type: 'end', reason: 'interrupted', batch: Number(batch) });
    const on = await resume('stopped');
    expect(on.stdout).toContain(`\n${Number(batch) + 1}: `);
    expect(on.stdout).toMatch(/\n30: /);
    const over = await resume('stopped');
    expect(over.stderr).toContain('--max-batches n goes further');
    await resume('stopped', '--max-batches', '40');
    expect(losses('stopped')).toEqual(losses('whole'));
    expect(weights('stopped').equals(weights('whole'))).toBe(true);
  });

  it('needs neither the cfg nor the weights again, and is found from another folder', async () => {
    const cfg = set.changed(set.cfg, 'gone.cfg', (text) => text.replace('[net]', '[net]\nema_alpha=.9'));
    copyFileSync(set.weights, set.at('gone.weights'));
    const argv = ['train', set.data, cfg, set.at('gone.weights'), '--prefix', 'gone', '--clip-norm', '5'];
    expect((await gdarknet([...argv, '--max-batches', '5'])).status).toBe(0);
    rmSync(cfg);
    rmSync(set.at('gone.weights'));
    const on = await gdarknet(['train', '--resume', 'gone', '--max-batches', '8'], { cwd: set.at('backup') });
    expect(on.status, on.stderr).toBe(0);
    expect(on.stdout).toMatch(/\n6: .*\n7: .*\n8: /);
    expect(existsSync(at('gone', 'gone_ema.weights'))).toBe(true);
    expect(readFileSync(at('gone', 'gone_ema.weights')).equals(readFileSync(at('gone', 'gone_final.weights')))).toBe(
      false,
    );
  });

  it('says which options make another run of it, and which come too late', async () => {
    await train('odd', '--max-batches', '2', '--seed', '1');
    const same = await resume('odd', '--max-batches', '3', '--seed', '1', '--save-minutes', '5');
    expect(same.stderr).not.toContain('note:');
    const { status, stderr } = await resume(
      'odd',
      '--max-batches',
      '4',
      '--clip-norm',
      '1',
      '--prefix',
      'no',
      '-clear',
    );
    expect(status, stderr).toBe(0);
    expect(stderr).toContain(
      'note: --clip-norm: not what the run was started with; it goes on as another than it would',
    );
    expect(stderr).toContain('note: --prefix, --clear: without effect on a run that goes on; start a new one for it\n');
    expect(existsSync(at('no'))).toBe(false);
  });

  it('freezes layers for fine-tuning', async () => {
    const argv = ['train', set.data, set.cfg, set.weights, '-clear', '--prefix', 'frozen', '--freeze', '3'];
    expect((await gdarknet([...argv, '--max-batches', '3'])).status).toBe(0);
    const [before, after] = [readFileSync(set.weights), readFileSync(at('frozen', 'small_final.weights'))];
    // The first layer: biases, scales, mean, variance of 16 filters, 16 x 3 x 3 x 3 weights.
    const first = 20 + 4 * (4 * 16 + 432);
    expect(after.subarray(20, first).equals(before.subarray(20, first))).toBe(true);
    expect(after.subarray(-400).equals(before.subarray(-400))).toBe(false);
    const head = await train('x', '--freeze', '99');
    expect(head).toMatchObject({ status: 1 });
    expect(head.stderr).toMatch(/--freeze 99: layer \d+ is a head/);
  });

  it('refuses what is no run, a broken state, a state of another cfg, and files beside it', async () => {
    expect((await resume('nowhere')).stderr).toContain('is no run folder');
    await train('odd', '--max-batches', '2');
    expect((await gdarknet(['train', '--resume', at('odd'), set.data])).stderr).toContain(
      'with --resume give options only',
    );
    const state = readFileSync(at('odd', 'state'));
    writeFileSync(at('odd', 'state'), state.subarray(0, state.length - 4));
    expect((await resume('odd', '--max-batches', '3')).stderr).toContain('is no state of a run, or not all of it');
    rmSync(at('odd', 'state'));
    const gone = await resume('odd', '--max-batches', '3');
    expect(gone.stderr).toContain(
      `${at('odd', 'state')}: is not there; start from the weights instead: give the .backup`,
    );
    writeFileSync(at('odd', 'state'), state);
    const run = JSON.parse(readFileSync(at('odd', 'run.json'), 'utf8'));
    run.cfg.text = run.cfg.text.replace('filters=16', 'filters=8');
    writeFileSync(at('odd', 'run.json'), JSON.stringify(run));
    expect((await resume('odd', '--max-batches', '3')).stderr).toContain('the state belongs to another cfg');
    delete run.cfg;
    writeFileSync(at('odd', 'run.json'), JSON.stringify(run));
    expect((await resume('odd', '--max-batches', '3')).stderr).toContain('run.json: lacks cfg');
  });
});

describe('the lock of a run', () => {
  it("keeps a second process out; a dead owner's is taken over; a live one on another host is not", async () => {
    const { child, ended, until } = start(['train', set.data, set.cfg, '--prefix', 'locked']);
    await until('\n1: ');
    const second = await train('locked');
    expect(second.status).toBe(1);
    expect(second.stderr).toContain(`process ${child.pid} on ${hostname()} has worked in this run since`);
    child.kill('SIGKILL');
    await ended;
    expect(existsSync(at('locked', 'lock'))).toBe(true);
    const third = await resume('locked', '--max-batches', '2');
    expect(third.status, third.stderr).toBe(0);
    expect(third.stderr).toContain(`took the run over from process ${child.pid}`);
    expect(existsSync(at('locked', 'lock'))).toBe(false);
    const other = { token: 'x', host: 'elsewhere', pid: 1, since: 'yesterday' };
    writeFileSync(at('locked', 'lock'), JSON.stringify(other));
    expect((await resume('locked')).stderr).toContain('process 1 on elsewhere');
  });
});

describe('a data set that goes away', () => {
  it('ends the run with everything saved; when it is back, the run goes on', async () => {
    const folder = set.at('images');
    const argv = ['train', set.data, set.cfg, '--prefix', 'away', '--max-batches', '4000', '--cache', '0'];
    const { ended, until } = start(argv);
    await until('\n5: ');
    renameSync(folder, `${folder}.away`);
    const { status, stderr } = await ended;
    renameSync(`${folder}.away`, folder);
    expect(status).toBe(1);
    expect(stderr).toMatch(/batch \d+: no usable picture after \d+ tries/);
    const [, batch] = /when the pictures are back, .* exactly from batch (\d+) with: /.exec(stderr) ?? [];
    expect(events('away').at(-1)).toMatchObject({ type: 'end', reason: 'no-pictures', batch: Number(batch) });
    const next = Number(batch) + 1;
    const on = await resume('away', '--max-batches', String(next));
    expect(on.status, on.stderr).toBe(0);
    expect(on.stdout).toContain(`\n${next}: `);
  });
});
