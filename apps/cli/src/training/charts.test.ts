import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatBatchLog } from '@gdarknet/data/runs';
import * as E from 'fp-ts/lib/Either.js';
import { expect, it } from 'vitest';
import { madeLast, writeCharts } from './charts.ts';
import { runFolder } from './run-folder.ts';

const batches = (...numbers: readonly number[]) => numbers.map((batch, row) => ({ batch, row }));

it('batches that were made again after a kill count once, as made last', () => {
  expect(madeLast(batches(1, 2, 3, 2, 3, 4)).map(({ row }) => row)).toEqual([0, 3, 4, 5]);
  expect(madeLast(batches(1, 2, 3, 1)).map(({ row }) => row)).toEqual([3]);
  expect(madeLast(batches(5, 7, 9))).toHaveLength(3);
  expect(madeLast([])).toEqual([]);
});

it('the line of a chart never goes back', async () => {
  const path = mkdtempSync(join(tmpdir(), 'charts-'));
  const folder = runFolder(path, 'net.cfg');
  const rows = [1, 2, 3, 4, 2, 3, 4, 5].map((batch) => ({ batch, maxBatches: 5, averageLoss: 10 / batch, layers: [] }));
  writeFileSync(folder.log, rows.map(formatBatchLog).join(''));
  expect(E.isRight(await writeCharts(folder)())).toBe(true);
  const svg = readFileSync(folder.chart('loss'), 'utf8');
  const lines = [...svg.matchAll(/ d="M([^"HV]+)"/g)].map(([, d]) =>
    d.split('L').map((at) => Number(at.split(' ')[0])),
  );
  const line = lines.find(({ length }) => length === 5);
  expect(line).toEqual([...(line ?? [Number.NaN])].sort((a, b) => a - b));
  expect(line).toHaveLength(5);
  rmSync(path, { recursive: true });
});
