/** Charts of a run, from its log.csv and map.txt, so that they show earlier runs in the same folder too. */
import { existsSync } from 'node:fs';
import { type MapRow, readMapLog, readTrainLog } from '@gdarknet/data/runs';
import { lineChart, type Series } from '@gdarknet/metrics/charts';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import { type Failure, showFailure } from '../core/failure.ts';
import { type Output, writeSet } from '../outputs/write-set.ts';
import type { RunFolder } from './run-folder.ts';

/** A run that went back, to its last state or to its start, made the batches behind that anew. */
export const madeLast = <A extends { readonly batch: number }>(batches: readonly A[]): readonly A[] => {
  const kept: A[] = [];
  for (const one of batches) {
    while (kept.length > 0 && kept[kept.length - 1].batch >= one.batch) kept.pop();
    kept.push(one);
  }
  return kept;
};

const lossChart = async (folder: RunFolder): Promise<readonly Output[]> => {
  const log = await readTrainLog(folder.log)();
  if (E.isLeft(log) || log.right.batches.length === 0) return [];
  const points = madeLast(log.right.batches).map(({ batch, averageLoss }) => [batch, averageLoss] as const);
  const content = lineChart([{ points }], {
    title: `${folder.base}: average loss`,
    x: { label: 'batch' },
    y: { label: 'loss', scale: points.every(([, loss]) => loss > 0) ? 'log' : 'linear' },
  });
  return [{ path: folder.chart('loss'), content }];
};

/** The final weights have no batch of their own; they come behind the last. */
const placed = (rows: readonly MapRow[], value: (row: MapRow) => number): Series['points'] => {
  const last = rows.reduce((most, { id }) => (id === 'final' ? most : Math.max(most, id)), 0);
  return rows.map((row) => [row.id === 'final' ? last : row.id, value(row)] as const);
};

const apChart = async (folder: RunFolder): Promise<readonly Output[]> => {
  const map = existsSync(folder.map) ? await readMapLog(folder.map)() : undefined;
  if (map === undefined || E.isLeft(map) || map.right.rows.length === 0) return [];
  const { rows } = map.right;
  const series = [...new Set(rows.map(({ metric }) => metric))].flatMap((metric): readonly Series[] => {
    const mine = rows.filter((row) => row.metric === metric);
    return [
      { name: `${metric} AP`, points: placed(mine, ({ mean }) => mean) },
      { name: `${metric} AP50`, points: placed(mine, ({ perThreshold }) => perThreshold[0]), dashed: true },
    ];
  });
  const content = lineChart(series, {
    title: `${folder.base}: average precision`,
    x: { label: 'batch' },
    y: { label: 'AP', min: 0, max: 1 },
  });
  return [{ path: folder.chart('ap'), content }];
};

export const writeCharts =
  (folder: RunFolder): TaskEither<Failure, void> =>
  async () =>
    writeSet([...(await lossChart(folder)), ...(await apChart(folder))])();

/** Draws them when it is called; that they cannot be drawn is told once until they can. */
export const openCharts = (folder: RunFolder, tell: Context['tell']): (() => Promise<void>) => {
  let failed = false;
  return async () => {
    const drawn = await writeCharts(folder)();
    if (E.isLeft(drawn) && !failed) for (const line of showFailure(drawn.left)) tell(`note: ${line}`);
    failed = E.isLeft(drawn);
  };
};
