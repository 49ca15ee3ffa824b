/** Several processes that watch one folder, some of them killed. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdarknet, start } from '../testing/cli.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';

let set: ShapesSet;
let trained = '';
/** Trained until it finds something, so that scores differ. */
beforeAll(async () => {
  set = await makeShapesSet();
  const cfg = set.changed(set.cfg, 'quick.cfg', (text) => text.replace('learning_rate=0.001', 'learning_rate=0.02'));
  const { status, stderr } = await gdarknet(['train', set.data, cfg, '--prefix', 'quick', '--max-batches', '200']);
  if (status !== 0) throw new Error(stderr);
  trained = set.at('backup', 'quick', 'quick_final.weights');
});
afterAll(() => set?.remove());

/** The trained weights, each value a little off: other checkpoints have other scores. */
const variant = (file: string, seed: number): void => {
  const bytes = Buffer.from(readFileSync(trained));
  for (let at = 20, i = 0; at + 4 <= bytes.length; at += 4, i++) {
    bytes.writeFloatLE(bytes.readFloatLE(at) * (1 + 0.05 * Math.sin(i * 0.7 + seed)), at);
  }
  writeFileSync(`${file}.part`, bytes);
  renameSync(`${file}.part`, file);
};

const until = async (what: () => boolean, seconds: number): Promise<void> => {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end; await sleep(50)) if (what()) return;
  throw new Error(`not within ${seconds} s: ${what}`);
};

const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const rowsIn = (folder: string): number => textOf(join(folder, 'map.txt')).split('\n').length - 1;
const claimsIn = (folder: string): readonly string[] =>
  existsSync(join(folder, '.watch')) ? readdirSync(join(folder, '.watch')) : [];

const words = (folder: string, ...more: string[]): string[] => [
  'watch',
  '--data',
  set.data,
  '--cfg',
  set.cfg,
  '--weights-folder',
  folder,
  '--threads',
  '1',
  ...more,
];

type Event = { readonly type: string; readonly id: number | string; readonly metric: string };
const mapEvents = (folder: string): readonly string[] =>
  textOf(join(folder, 'events.ndjson'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event)
    .map(({ id, metric }) => `${id} ${metric}`);

describe('watch', () => {
  it('three processes evaluate each checkpoint once while they appear; map.txt is that of one pass at the end', async () => {
    const folder = set.at('shared');
    mkdirSync(folder);
    const ids = ['100', '200', '300', '400', 'final'];
    const watchers = [0, 1, 2].map(() => start(words(folder, '--every', '200ms')));
    for (const [seed, id] of ids.entries()) {
      variant(join(folder, `small_${id}.weights`), seed);
      await sleep(300);
    }
    await until(() => rowsIn(folder) === 2 * ids.length && claimsIn(folder).length === 0, 60);
    for (const { child } of watchers) child.kill('SIGINT');
    const ended = await Promise.all(watchers.map((watcher) => watcher.ended));
    expect(ended.map(({ signal }) => signal)).toEqual([null, null, null]);

    expect([...mapEvents(folder)].sort()).toEqual(ids.flatMap((id) => [`${id} giou`, `${id} iou`]).sort());
    const shown = ended.flatMap(({ stdout }) => stdout.trim().split('\n')).filter((line) => line !== '');
    expect(shown).toHaveLength(ids.length);

    const after = set.at('after');
    mkdirSync(after);
    for (const id of ids) copyFileSync(join(folder, `small_${id}.weights`), join(after, `small_${id}.weights`));
    const once = await gdarknet(words(after, '--once', '--json'));
    expect(once.status, once.stderr).toBe(0);
    expect(JSON.parse(once.stdout)).toEqual({ evaluated: 5, failed: [], elsewhere: 0 });
    expect(readFileSync(join(folder, 'map.txt'), 'utf8')).toBe(readFileSync(join(after, 'map.txt'), 'utf8'));
    for (const id of ['400-iou', '9223372036854775807-giou']) {
      expect(textOf(join(folder, `${id}.txt`))).toBe(textOf(join(after, `${id}.txt`)));
      expect(textOf(join(folder, `${id}.txt`)).split(',').length).toBe(12);
    }
    // The newest came first.
    expect(once.stderr.split('\n').find((line) => line.includes('mean'))).toContain('final weights');
    const means = textOf(join(folder, 'map.txt'))
      .split('\n')
      .map((row) => row.split(',')[2]);
    expect(new Set(means).size).toBeGreaterThan(5);
  });

  it('takes over the claim of a watcher that was killed, and evaluates nothing twice after that', async () => {
    const folder = set.at('killed');
    mkdirSync(folder);
    for (const [seed, id] of ['10', '20', '30'].entries()) variant(join(folder, `small_${id}.weights`), seed);
    const victim = start(words(folder, '--once'));
    await until(() => claimsIn(folder).some((name) => name.startsWith('30.')), 30);
    victim.child.kill('SIGKILL');
    expect((await victim.ended).signal).toBe('SIGKILL');
    expect(claimsIn(folder)).not.toEqual([]);
    const both = await Promise.all([
      gdarknet(words(folder, '--once')),
      gdarknet(words(folder, '--once', '--min-id', '15')),
    ]);
    for (const { status, stderr } of both) expect(status, stderr).toBe(0);
    expect(rowsIn(folder)).toBe(6);
    expect(claimsIn(folder)).toEqual([]);
    const again = await gdarknet(words(folder, '--once', '--json'));
    expect(JSON.parse(again.stdout)).toEqual({ evaluated: 0, failed: [], elsewhere: 0 });
    expect(again.stderr).toMatch(/^nothing new: all 3 checkpoints are evaluated$/m);
    const nothing = await gdarknet(words(folder, '--once', '--min-id', '40'));
    expect(nothing.stderr).toMatch(/^nothing to evaluate: no <base>_<batch>\.weights or .* is there$/m);
    variant(join(folder, 'small_20.weights'), 9);
    const anew = await gdarknet(words(folder, '--once', '--json'));
    expect(JSON.parse(anew.stdout)).toMatchObject({ evaluated: 1 });
  });

  it('with watchers killed at random moments nothing is lost: map.txt is that of one pass', async () => {
    const folder = set.at('chaos');
    mkdirSync(folder);
    const ids = Array.from({ length: 8 }, (_, i) => String(100 * (i + 1)));
    for (const [seed, id] of ids.entries()) variant(join(folder, `small_${id}.weights`), seed);
    let kills = 0;
    const watchers = [0, 1, 2].map(() => start(words(folder, '--every', '100ms')));
    // Moments from the start of a process to well inside its work, by a fixed rule.
    for (let i = 0; i < 60 && rowsIn(folder) < 2 * ids.length; i++) {
      await sleep(150 + 350 * Math.abs(Math.sin(7.3 * i)));
      if (kills >= 12) continue;
      watchers[i % 3].child.kill('SIGKILL');
      watchers[i % 3] = start(words(folder, '--every', '100ms'));
      kills++;
    }
    for (const { child } of watchers) child.kill('SIGKILL');
    await Promise.all(watchers.map(({ ended }) => ended));
    expect(kills).toBeGreaterThan(3);
    const last = await gdarknet(words(folder, '--once'));
    expect(last.status, last.stderr).toBe(0);
    expect(claimsIn(folder)).toEqual([]);
    const after = set.at('after-chaos');
    mkdirSync(after);
    for (const id of ids) copyFileSync(join(folder, `small_${id}.weights`), join(after, `small_${id}.weights`));
    await gdarknet(words(after, '--once'));
    expect(readFileSync(join(folder, 'map.txt'), 'utf8')).toBe(readFileSync(join(after, 'map.txt'), 'utf8'));
  });

  it('lists weights that are not whole, evaluates the others, and fails', async () => {
    const folder = set.at('broken');
    mkdirSync(folder);
    variant(join(folder, 'small_10.weights'), 1);
    writeFileSync(join(folder, 'small_20.weights'), readFileSync(set.weights).subarray(0, 5000));
    const { status, stderr } = await gdarknet(words(folder, '--once'));
    expect(status).toBe(1);
    expect(stderr).toContain('small_20.weights');
    expect(rowsIn(folder)).toBe(2);
  });
});
