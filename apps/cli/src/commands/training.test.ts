/** `train` as it is started, stopped, killed and gone on with, and what it says of bad input. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMapLog, parseTrainLog } from '@gdarknet/data/runs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdarknet, start } from '../testing/cli.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';

let set: ShapesSet;
beforeAll(async () => {
  set = await makeShapesSet();
});
afterAll(() => set.remove());

const lines = (path: string): readonly string[] => readFileSync(path, 'utf8').trimEnd().split('\n');
type Event = { type: string; batch: number; reason?: string; heads?: readonly Readonly<Record<string, number>>[] };
const events = (run: string): readonly Event[] =>
  lines(set.at('backup', run, 'events.ndjson')).map((line) => JSON.parse(line));
const train = (run: string, ...more: string[]) => gdarknet(['train', set.data, set.cfg, '--prefix', run, ...more]);

describe('a run', () => {
  it("prints the original's lines and leaves a folder with everything", async () => {
    const { status, stdout } = await train('whole', '--max-batches', '3', '--assess', '2', '--verbose');
    expect(status).toBe(0);
    expect(stdout).toContain('small\nLearning Rate: 0.001, Momentum: 0.9, Decay: 0.0005\n');
    expect(stdout).toMatch(/\nv3 \(giou loss, Normalizer: \(iou: 0\.100000, cls: 1\.000000\) Region 14 Avg \(IOU: /);
    expect(stdout).toMatch(/\n3: \d+\.\d{6}, \d+\.\d{6} avg, \d\.\d{6} rate, \d+\.\d{6} seconds, 12 images\n$/);
    const at = (name: string) => set.at('backup', 'whole', name);
    const names = [
      '.watch',
      'ap.svg',
      'events.ndjson',
      'log.csv',
      'loss.svg',
      'map.txt',
      'pictures',
      'run.json',
      'small_final.weights',
      'state',
    ];
    expect(readdirSync(at('')).sort()).toEqual(names);
    const log = parseTrainLog(readFileSync(at('log.csv'), 'utf8'), 'log.csv');
    expect(log.faults).toEqual([]);
    expect(log.batches.map(({ batch, maxBatches }) => [batch, maxBatches])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    const map = parseMapLog(readFileSync(at('map.txt'), 'utf8'), 'map.txt');
    expect(map.rows.map(({ metric, id }) => `${metric} ${id}`)).toEqual(['iou 2', 'giou 2', 'iou final', 'giou final']);
    expect(JSON.parse(readFileSync(at('run.json'), 'utf8'))).toMatchObject({
      seed: 0,
      limit: 3,
      seen: 0,
      weights: null,
    });
    expect(events('whole').map(({ type }) => type)).toEqual([
      'start',
      'batch',
      'batch',
      'map',
      'map',
      'batch',
      'save',
      'map',
      'map',
      'end',
    ]);
    const [{ heads: figures = [] }] = events('whole').filter(({ type }) => type === 'batch');
    const heads = figures.map(({ part, layer }) => `${part}: ${layer}`);
    expect(heads).toEqual([...heads].sort());
    expect(new Set(heads)).toEqual(new Set(['0: 14', '0: 21', '1: 14', '1: 21']));
    expect(Object.keys(figures[0]).sort()).toEqual(
      ['boxLoss', 'classLoss', 'cost', 'giou', 'iou', 'layer', 'objects', 'part'].sort(),
    );
  });

  it('the same seed gives the same weights, another seed others', async () => {
    for (const [run, seed] of [
      ['a', '5'],
      ['b', '5'],
      ['c', '6'],
    ])
      await train(run, '--seed', seed, '--max-batches', '2');
    const weights = (run: string) => readFileSync(set.at('backup', run, 'small_final.weights'));
    expect(weights('a').equals(weights('b'))).toBe(true);
    expect(weights('a').equals(weights('c'))).toBe(false);
  });

  it('goes on where the weights stopped; -clear starts to count anew; finished weights end at once', async () => {
    const on = await gdarknet([
      'detector',
      'train',
      set.data,
      set.cfg,
      set.weights,
      '--prefix',
      'on',
      '--max-batches',
      '3',
      '-gpus',
      '0',
    ]);
    expect(on.stdout).toMatch(/\n3: /);
    expect(on.stdout).not.toMatch(/\n[12]: /);
    const clear = await gdarknet([
      'train',
      set.data,
      set.cfg,
      set.weights,
      '-clear',
      '--prefix',
      'clear',
      '--max-batches',
      '1',
      '--json',
    ]);
    expect(JSON.parse(clear.stdout)).toMatchObject({
      run: set.at('backup', 'clear'),
      batch: 1,
      skipped: 0,
      dropped: 0,
    });
    const over = await gdarknet(['train', set.data, set.cfg, set.weights, '--prefix', 'over', '--max-batches', '2']);
    expect(over.status).toBe(0);
    expect(over.stderr).toContain('have seen 2 batches already');
  });

  it('Ctrl-C ends it after the batch, with a .backup to go on from', async () => {
    const { child, ended, until } = start(['train', set.data, set.cfg, '--prefix', 'stopped']);
    await until('\n3: ');
    child.kill('SIGINT');
    const { status, stderr } = await ended;
    expect(status).toBe(130);
    const backup = set.at('backup', 'stopped', 'small.backup');
    expect(stderr).toContain(`go on from ${backup}`);
    const last = events('stopped').findLast(({ type }) => type === 'end');
    expect(last).toMatchObject({ reason: 'interrupted' });
    const next = (last?.batch ?? 0) + 1;
    const on = await gdarknet([
      'train',
      set.data,
      set.cfg,
      backup,
      '--prefix',
      'stopped',
      '--max-batches',
      String(next),
    ]);
    expect(on.stdout).toContain(`\n${next}: `);
  });

  it('killed at any moment, what is on disk is whole, and the .backup goes on', async () => {
    const folder = set.at('backup', 'killed');
    const size = statSync(set.weights).size;
    for (const at of ['\n100: ', '\n101: ', '\n103: ']) {
      const { child, ended, until } = start(['train', set.data, set.cfg, '--prefix', 'killed']);
      await until(at);
      child.kill('SIGKILL');
      expect((await ended).signal).toBe('SIGKILL');
      const saved = readdirSync(folder).filter((name) => /\.(weights|backup)$/.test(name));
      for (const name of saved) expect(statSync(join(folder, name)).size).toBe(size);
    }
    const backup = join(folder, 'small.backup');
    expect(existsSync(backup)).toBe(true);
    const on = await gdarknet(['train', set.data, set.cfg, backup, '--prefix', 'killed', '--max-batches', '102']);
    expect(on.status).toBe(0);
    expect(on.stdout).toMatch(/\n101: .*\n102: /);
    const log = parseTrainLog(readFileSync(join(folder, 'log.csv'), 'utf8'), 'log.csv');
    expect(log.batches.length).toBeGreaterThan(300);
  });
});

describe('bad input', () => {
  it('more devices than parts of a batch, a cfg without batches to train, no train list', async () => {
    const three = await train('x', '-gpus', '0,1,2');
    expect(three).toMatchObject({ status: 1, stdout: '' });
    expect(three.stderr.match(/subdivisions=2 cannot be dealt out to 3 devices/g)).toHaveLength(1);
    const none = set.changed(set.cfg, 'none.cfg', (text) => text.replace(/max_batches=.*\n/, ''));
    const unlimited = await gdarknet(['train', set.data, none, '--prefix', 'x']);
    expect(unlimited.status).toBe(1);
    expect(unlimited.stderr).toContain('max_batches');
    const data = set.changed(set.data, 'notrain.data', (text) => text.replace(/^train.*$/m, ''));
    expect((await gdarknet(['train', data, set.cfg])).stderr).toContain('has no train=');
    expect(existsSync(set.at('backup', 'x'))).toBe(false);
  });

  it('a folder that cannot be made, and things that go together badly', async () => {
    const odd = set.changed(set.data, 'odd.data', (text) => text.replace(/^classes *=.*$/m, 'classes=7'));
    const ended = await gdarknet(['train', odd, set.cfg, '--prefix', 'odd', '--max-batches', '1', '--gpu-rates']);
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.stderr).toContain(`warning: ${odd}: classes=7, but the heads of ${set.cfg} have 4, which count\n`);
    expect(ended.stderr).toContain('note: --sync and --gpu-rates are for several devices, and this run has one\n');
    const file = set.changed(set.data, 'file.data', (text) => text.replace(/^backup *=.*$/m, `backup=${set.cfg}`));
    const none = await gdarknet(['train', file, set.cfg, '--prefix', 'x']);
    expect(none.status).toBe(1);
    expect(none.stderr).toContain(`gdarknet: ${join(set.cfg, 'x')}: the run's folder cannot be made: ENOTDIR`);
    expect(none.stderr).toContain('; name another folder with backup= in the .data file or with --prefix');
  });

  it('labels and pictures: each fault with file and line, counted, training goes on', async () => {
    const folder = set.at('faulty');
    mkdirSync(folder);
    const good = readFileSync(lines(set.at('train.txt'))[0]);
    const labels: Record<string, string> = {
      class: '9 .5 .5 .2 .2\n0 .5 .5 .3 .3\n',
      area: '0 .5 .5 0 .2\n1 .4 .4 .2 .2\n',
      nan: '0 nan .5 .2 .2\n',
      words: '0 .5 .5 .2\n2 .6 .6 .3 .3\n',
    };
    for (const [name, text] of Object.entries(labels)) {
      writeFileSync(join(folder, `${name}.png`), good);
      writeFileSync(join(folder, `${name}.txt`), text);
    }
    writeFileSync(join(folder, 'nolabel.png'), good);
    writeFileSync(join(folder, 'broken.png'), good.subarray(0, 100));
    writeFileSync(join(folder, 'broken.txt'), '0 .5 .5 .2 .2\n');
    const names = [...Object.keys(labels), 'nolabel', 'broken', 'gone'];
    writeFileSync(join(folder, 'list.txt'), names.map((name) => join(folder, `${name}.png`)).join('\n'));
    const data = set.changed(set.data, 'faulty.data', (text) =>
      text.replace(/^train *=.*$/m, `train=${join(folder, 'list.txt')}`),
    );
    const ended = await gdarknet(['train', data, set.cfg, '--prefix', 'faulty', '--max-batches', '10', '--json']);
    expect(ended.status, ended.stderr).toBe(0);
    expect(JSON.parse(ended.stdout).skipped).toBeGreaterThan(0);
    for (const text of [
      'class.txt:1: found "9 .5 .5 .2 .2", expected a class index below the number of classes',
      'area.txt:1: found "0 .5 .5 0 .2", expected a width and a height above 0',
      'nan.txt:1: found "0 nan .5 .2 .2", expected finite numbers',
      'words.txt:1: found "0 .5 .5 .2", expected five numbers',
      'nolabel.txt: cannot be read',
      'broken.png: ',
      'gone.png: cannot be read',
    ]) {
      expect(ended.stderr).toContain(`${folder}/${text}`);
      // A decoder may give the same file two reasons; a line has one.
      if (text.includes(':1:')) expect(ended.stderr.split(`${folder}/${text}`), text).toHaveLength(2);
    }
  });

  it('nothing usable at all ends it', async () => {
    writeFileSync(set.at('gone.txt'), `${set.at('gone.png')}\n`);
    const data = set.changed(set.data, 'gone.data', (text) =>
      text.replace(/^train *=.*$/m, `train=${set.at('gone.txt')}`),
    );
    const ended = await gdarknet(['train', data, set.cfg, '--prefix', 'gone']);
    expect(ended.status).toBe(1);
    expect(ended.stderr).toContain('no usable picture');
  });

  it('a loss that is not finite stops it, names the batch and keeps the last good weights', async () => {
    const wild = set.changed(set.cfg, 'wild.cfg', (text) =>
      text.replace(/learning_rate=.*/, 'learning_rate=1e30').replace(/burn_in=.*/, 'burn_in=0'),
    );
    const ended = await gdarknet(['train', set.data, wild, '--prefix', 'wild']);
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(/batch \d+: the loss is (NaN|Infinity); training stops/);
    expect(ended.stderr).toContain('train_0000');
    expect(events('wild').at(-1)).toMatchObject({ type: 'end', reason: 'not-finite' });
    expect(existsSync(set.at('backup', 'wild', 'loss.svg'))).toBe(true);
    for (const name of readdirSync(set.at('backup', 'wild')).filter((file) => /\.(weights|backup)$/.test(file))) {
      const bytes = readFileSync(set.at('backup', 'wild', name));
      const floats = new Float32Array(new Uint8Array(bytes.subarray(20)).buffer);
      expect(floats.every(Number.isFinite), name).toBe(true);
    }
  });
});
