/** Logs over the network, in processes of their own: train --log-to, log push, report, board. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBoard } from '@gdarknet/board';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdarknet, start } from '../testing/cli.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';

type Run = {
  readonly name: string;
  readonly status: string;
  readonly metrics: Readonly<Record<string, { readonly count: number }>>;
};

const runsAt = async (url: string): Promise<readonly Run[]> =>
  ((await (await fetch(`${url}/api/board/runs`)).json()) as { readonly runs: readonly Run[] }).runs;

describe('logs over the network', () => {
  let set: ShapesSet;
  beforeAll(async () => {
    set = await makeShapesSet();
  });
  afterAll(() => set.remove());

  const boardAt = async (name: string) => {
    const started = await startBoard({ port: 0, file: set.at(name) })();
    if (E.isLeft(started)) throw new Error(started.left.what);
    return started.right;
  };
  const train = (prefix: string, ...more: readonly string[]) =>
    gdarknet(['train', set.data, set.cfg, '--prefix', prefix, '--max-batches', '8', ...more]);

  it('train --log-to and --tensorboard: the board has every batch when training ends', async () => {
    const board = await boardAt('live.db');
    const events = set.at('tensorboard');
    const ended = await train('sent', '--log-to', board.url, '--tensorboard', events, '--assess', '0');
    expect(ended.status, ended.stderr).toBe(0);
    expect(readdirSync(set.at('backup', 'sent', 'pictures', '8'))).toHaveLength(6);
    const [run] = await runsAt(board.url);
    expect(run).toMatchObject({ name: 'sent', status: 'FINISHED' });
    expect(run.metrics['loss/total'].count).toBe(8);
    expect(readdirSync(events)).toHaveLength(1);
    await board.close();
  });

  it('a network that is dead stops nothing; log push sends it later, once', async () => {
    const ended = await train('unsent', '--log-to', 'http://127.0.0.1:9');
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.stderr).toMatch(/waits on the disk/);
    expect(ended.stderr).toMatch(/gdarknet log push .*unsent --to http:\/\/127.0.0.1:9 sends the rest/);
    const board = await boardAt('later.db');
    const folder = set.at('backup', 'unsent');
    for (let again = 0; again < 2; again++) {
      const pushed = await gdarknet(['log', 'push', folder, '--to', board.url, '--json']);
      expect(pushed.status, pushed.stderr).toBe(0);
      expect(JSON.parse(pushed.stdout)).toMatchObject([{ folder, upload: { complete: true, refused: 0 } }]);
    }
    const [run] = await runsAt(board.url);
    expect(run.metrics['loss/total'].count).toBe(8);
    await board.close();
  });

  it('board serves the folders until it is asked to end; report writes one file', async () => {
    const serving = start(['board', '--dir', set.at('backup'), '--port', '0', '--json']);
    await serving.until('"url"');
    await serving.until('Ctrl-C ends');
    serving.child.kill('SIGINT');
    const ended = await serving.ended;
    expect(ended.status, ended.stderr).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ url: expect.stringMatching(/^http:\/\/127/) });
    const out = set.at('report.html');
    const made = await gdarknet(['report', set.at('backup', 'first'), '-o', out]);
    expect(made.status, made.stderr).toBe(0);
    expect(readFileSync(out, 'utf8')).toContain('<script type="application/json" id="report">');
  });

  it('log evaluation puts curves and the confusion matrix where the board finds them', async () => {
    const results = set.at('results');
    const valid = await gdarknet(['valid', set.data, set.cfg, set.weights, '--results', results]);
    expect(valid.status, valid.stderr).toBe(0);
    const run = set.at('backup', 'first');
    const made = await gdarknet([
      'log',
      'evaluation',
      run,
      '--gt',
      set.at('instances_valid.json'),
      '--dt',
      join(results, 'coco_results.json'),
    ]);
    expect(made.status, made.stderr).toBe(0);
    const { curves, confusion } = JSON.parse(readFileSync(join(run, 'evaluation.json'), 'utf8'));
    expect(confusion.counts).toHaveLength(confusion.labels.length ** 2);
    for (const { recall, precision } of curves) expect(recall).toHaveLength(precision.length);
    expect(curves.length).toBeGreaterThan(0);
  });

  it('says what is wrong', async () => {
    const bare = set.at('images');
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [
        ['log', 'push', bare, '--to', 'http://127.0.0.1:9'],
        /images: holds neither events\.ndjson, log\.csv nor run\.json/,
      ],
      [['log', 'push', set.at('backup', 'first')], /neither --to nor --tensorboard/],
      [['report', bare], /holds neither/],
      [['board', '--host', '0.0.0.0', '--port', '0'], /no token; give --token/],
    ];
    for (const [argv, message] of cases) {
      const ended = await gdarknet(argv);
      expect([argv, ended.status]).toEqual([argv, 1]);
      expect(ended.stderr).toMatch(message);
    }
    expect(existsSync(join(bare, 'report.html'))).toBe(false);
  });
});
