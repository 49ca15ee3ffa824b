/** A log of the original and a map.txt, from the disk to the page's figures: equal to the definitions of SPEC 10.3. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyOfLetter } from './runs/metric-keys.ts';
import { type TestBoard, tempFolder, testBoard } from './testing/board.ts';

const fixture = (name: string): string => join(dirname(fileURLToPath(import.meta.url)), 'fixtures', name);

/** SPEC 10.3, word for word, without any code of the product. */
const byDefinition = (text: string): Readonly<Record<string, readonly (readonly [number, number])[]>> => {
  const series: Record<string, [number, number][]> = { A: [], G: [], I: [], C: [], T: [], I_R: [], C_R: [] };
  for (const line of text.split('\n')) {
    const at = line.indexOf(',BATCH,');
    if (at < 0) continue;
    const batch = Number(line.slice(at).split(',')[2]);
    const mean = (letter: string): number => {
      const values = line
        .slice(0, at)
        .split(',')
        .filter((field) => field[0] === letter);
      return values.reduce((sum, field) => sum + Number(field.slice(1)), 0) / values.length;
    };
    for (const letter of 'AGICT') series[letter].push([batch, mean(letter)]);
    series.I_R.push([batch, 1 - mean('I') / mean('T')]);
    series.C_R.push([batch, mean('C') / mean('T')]);
  }
  return series;
};

let board: TestBoard;
beforeAll(async () => {
  const dir = join(await tempFolder(), 'backup');
  mkdirSync(join(dir, 'voc-giou'), { recursive: true });
  copyFileSync(fixture('train_log.csv'), join(dir, 'voc-giou', 'log.csv'));
  copyFileSync(fixture('map.txt'), join(dir, 'voc-giou', 'map.txt'));
  board = await testBoard({ dir });
});
afterAll(() => board.close());

describe('a run of the original', () => {
  const expected = byDefinition(readFileSync(fixture('train_log.csv'), 'utf8'));

  it('is listed with its last values', async () => {
    const { body } = await board.call('GET', '/api/board/runs');
    expect(body.runs).toHaveLength(1);
    const [run] = body.runs;
    expect(run).toMatchObject({ name: 'voc-giou', experiment: 'backup', source: 'disk', faults: [] });
    expect(run.metrics['accuracy/iou']).toMatchObject({ count: 12, step: 12, value: expected.A[11][1] });
  });

  it.each(Object.entries(keyOfLetter))('series %s is %s', async (letter, key) => {
    const { body } = await board.call('GET', '/api/board/runs');
    const id = body.runs[0].id;
    const got = (await board.call('GET', `/api/board/series?run=${id}&key=${key}`)).body[id][key];
    expect(got.steps.map((step: number, i: number) => [step, got.values[i]])).toEqual(expected[letter]);
  });

  it('gives the original API the same', async () => {
    const list = (await board.call('GET', '/api/experiments.json')).body;
    expect(list[0]).toMatchObject({ id: 'voc-giou', name: 'voc-giou', is_hidden: false, color: '#FF4081' });
    const { chart } = (await board.call('GET', '/api/experiments/voc-giou.json')).body;
    expect(chart.max_batch).toBe(90000);
    for (const letter of Object.keys(expected)) expect(chart.by_type[letter]).toEqual(expected[letter]);
    // The final weights: the last checkpoint and the last spacing.
    expect(chart.by_type.iou).toEqual([
      [10000, 0.4011],
      [50000, 0.4611],
      [90000, 0.4711],
    ]);
    expect(chart.by_type.giou).toEqual([
      [10000, 0.3911],
      [50000, 0.4511],
    ]);
    expect(chart.by_type['val2017-iou']).toEqual([[50000, 0.291]]);
    expect(chart.by_type['val2017-giou']).toEqual([]);
  });
});
