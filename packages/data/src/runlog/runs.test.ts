import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { showFault } from '../fault.ts';
import { fixturePath } from '../testing/fixture.ts';
import { addMapRow, formatMapRow, parseMapLog, readMapLog } from './map-log.ts';
import { appendTrainLog, formatBatchLog, parseTrainLog, readTrainLog } from './train-log.ts';

const line =
  'A0.238008,G-0.121533,I0.560766,C415.461914,T416.022675,A0.465977,G0.398262,I0.300869,C409.231354,T409.532227,BATCH,1,12,130.446030\n';

describe('log.csv', () => {
  it('reads fragments and the end of a batch, and writes them back byte for byte', () => {
    const { batches, open, faults } = parseTrainLog(`${line}BATCH,2,12,inf\nA0.5,G0.4,`, 'log.csv');
    expect(faults).toEqual([]);
    expect(batches[0]).toMatchObject({ batch: 1, maxBatches: 12, averageLoss: 130.44603 });
    expect(batches[0].layers[1]).toEqual({
      iou: 0.465977,
      giou: 0.398262,
      boxLoss: 0.300869,
      classLoss: 409.231354,
      cost: 409.532227,
    });
    expect(batches[1]).toEqual({ batch: 2, maxBatches: 12, averageLoss: Number.POSITIVE_INFINITY, layers: [] });
    expect(open).toEqual([{ iou: 0.5, giou: 0.4, boxLoss: Number.NaN, classLoss: Number.NaN, cost: Number.NaN }]);
    expect(formatBatchLog(batches[0])).toBe(line);
  });

  it('takes a bare number for the IoU, -nan for a number, and faults what it cannot read', () => {
    const { batches, faults } = parseTrainLog('0.25,BATCH,1,2,-nan\nAx,BATCH,1,2,3\nBATCH,1\nA1,\n', 'log.csv');
    expect(batches).toHaveLength(1);
    expect(batches[0].layers[0].iou).toBe(0.25);
    expect(batches[0].averageLoss).toBeNaN();
    expect(faults.map(showFault).map((t) => t.split(' ')[0])).toEqual(['log.csv:2:', 'log.csv:3:', 'log.csv:4:']);
  });

  it('keeps every value of fragments that interleave', () => {
    const { batches } = parseTrainLog('A1,A2,G3,G4,I5,T6,I7,BATCH,1,2,3\n', 'log.csv');
    const values = (name: 'iou' | 'giou' | 'boxLoss' | 'cost') =>
      batches[0].layers.map((layer) => layer[name]).filter((value) => !Number.isNaN(value));
    expect([values('iou'), values('giou'), values('boxLoss'), values('cost')]).toEqual([[1, 2], [3, 4], [5, 7], [6]]);
  });

  it('appends', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'runs-')), 'run', 'log.csv');
    const batch = parseTrainLog(line, 'x').batches[0];
    await appendTrainLog(path, batch)();
    await appendTrainLog(path, batch)();
    expect(readFileSync(path, 'utf8')).toBe(line + line);
  });

  it('is total', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AGICT,BH-.0123\nnaf'), maxLength: 60 }), (text) => {
        const { batches, faults } = parseTrainLog(text, 'x');
        expect(batches.length + faults.length).toBeLessThanOrEqual(text.split('\n').length);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a log of the original', () => {
  it('reads and writes back byte for byte', async () => {
    const log = await readTrainLog(fixturePath('train_log.csv'))();
    if (E.isLeft(log)) throw new Error(showFault(log.left));
    expect(log.right.faults).toEqual([]);
    expect(log.right.batches.map((b) => b.batch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(log.right.batches.every((b) => b.layers.length === 2)).toBe(true);
    expect(log.right.batches.map(formatBatchLog).join('')).toBe(readFileSync(fixturePath('train_log.csv'), 'utf8'));
  });
});

describe('map.txt', () => {
  const row = 'iou,50000,0.4611,0.759,0.736,0.704,0.658,0.579,0.486,0.356,0.219,0.093,0.022\n';

  it('reads a row and writes it back', () => {
    const { rows, faults } = parseMapLog(row, 'map.txt');
    expect(faults).toEqual([]);
    expect(rows[0]).toMatchObject({ metric: 'iou', id: 50000, mean: 0.4611 });
    expect(rows[0].perThreshold).toHaveLength(10);
    expect(formatMapRow(rows[0])).toBe(row);
    const final = row.replace('50000', '9223372036854775807');
    expect(formatMapRow(parseMapLog(final, 'x').rows[0])).toBe(final);
    expect(parseMapLog('iou,1,2\n', 'map.txt').faults.map(showFault)[0]).toMatch(/^map.txt:1: /);
  });

  it('keeps the file sorted by id, replaces rows, and refuses a file it would damage', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'runs-')), 'map.txt');
    const of = (metric: string, id: number | 'final', mean: number) => ({
      metric,
      id,
      mean,
      perThreshold: new Array<number>(10).fill(mean),
    });
    for (const r of [
      of('iou', 200, 0.1),
      of('iou', 'final', 0.9),
      of('giou', 100, 0.2),
      of('giou', 200, 0.3),
      of('iou', 200, 0.4),
    ]) {
      expect(E.isRight(await addMapRow(path, r)())).toBe(true);
    }
    const log = await readMapLog(path)();
    expect(E.isRight(log) && log.right.rows.map((r) => [r.metric, r.id, r.mean])).toEqual([
      ['giou', 100, 0.2],
      ['giou', 200, 0.3],
      ['iou', 200, 0.4],
      ['iou', 'final', 0.9],
    ]);
    writeFileSync(path, 'nonsense\n');
    expect(E.isLeft(await addMapRow(path, of('iou', 1, 0.5))())).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('nonsense\n');
  });
});
