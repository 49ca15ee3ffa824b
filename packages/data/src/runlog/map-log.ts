/**
 * `map.txt` of a run (SPEC 9.1, 9.2): one row `metric,id,mean,mAP.50,...,mAP.95` for each metric and checkpoint,
 * sorted by id. The id of `<name>_final.weights` is 2^63-1.
 */
import { existsSync } from 'node:fs';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { DataFault } from '../fault.ts';
import { readText, writeWhole } from '../file.ts';
import { parseNumber } from './number.ts';

export type MapRow = {
  /** `iou`, `giou`, `val2017-iou`, ... */
  readonly metric: string;
  /** The batch of the checkpoint, or `final`. */
  readonly id: number | 'final';
  readonly mean: number;
  /** At the thresholds .50, .55, ... .95; COCO runs hold only .50 and .75 and zeros between. */
  readonly perThreshold: readonly number[];
};

export type MapLog = { readonly rows: readonly MapRow[]; readonly faults: readonly DataFault[] };

const finalId = '9223372036854775807';
const thresholds = 10;

const parseRow = (line: string): MapRow | undefined => {
  const [metric, id, ...numbers] = line.split(',').map((field) => field.trim());
  const values = numbers.map(parseNumber).filter((v) => v !== undefined);
  const known = id === finalId ? 'final' : parseNumber(id ?? '');
  if (metric === '' || known === undefined || values.length !== thresholds + 1 || numbers.length !== values.length) {
    return undefined;
  }
  return { metric, id: known, mean: values[0], perThreshold: values.slice(1) };
};

/** `file` stands in the faults. A row that cannot be understood is a fault and left out. */
export const parseMapLog = (text: string, file: string): MapLog => {
  const rows: MapRow[] = [];
  const faults: DataFault[] = [];
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '') continue;
    const row = parseRow(line);
    if (row) rows.push(row);
    else {
      const found = JSON.stringify(line.slice(0, 80));
      const expected = `metric, id, mean and ${thresholds} mAPs`;
      faults.push({ tag: 'line', file, line: i + 1, found, expected, advice: 'the row is left out' });
    }
  }
  return { rows, faults };
};

export const readMapLog = (path: string): TE.TaskEither<DataFault, MapLog> =>
  pipe(
    readText(path),
    TE.map((text) => parseMapLog(text, path)),
  );

export const formatMapRow = ({ metric, id, mean, perThreshold }: MapRow): string =>
  `${[metric, id === 'final' ? finalId : id, mean, ...perThreshold].join(',')}\n`;

const rank = (id: MapRow['id']): number => (id === 'final' ? Number.POSITIVE_INFINITY : id);

/** A row of the same metric and id is replaced; otherwise the new one goes before the first with a larger id. */
export const insertMapRow = (rows: readonly MapRow[], row: MapRow): readonly MapRow[] => {
  const others = rows.filter((r) => r.metric !== row.metric || r.id !== row.id);
  const at = others.findIndex((r) => rank(r.id) > rank(row.id));
  return at < 0 ? [...others, row] : [...others.slice(0, at), row, ...others.slice(at)];
};

/** Puts a row into the file, which is made when missing and written whole. Rows it cannot read would be lost: a fault. */
export const addMapRow = (path: string, row: MapRow): TE.TaskEither<DataFault, void> =>
  pipe(
    existsSync(path) ? readMapLog(path) : TE.right<DataFault, MapLog>({ rows: [], faults: [] }),
    TE.filterOrElse(
      ({ faults }) => faults.length === 0,
      ({ faults }) => faults[0],
    ),
    TE.flatMap(({ rows }) => writeWhole(path, insertMapRow(rows, row).map(formatMapRow).join(''))),
  );
