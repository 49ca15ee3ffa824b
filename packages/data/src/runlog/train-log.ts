/**
 * The original's `log.csv` (SPEC 5.8). A line holds a fragment `A<iou>,G<giou>,I<box>,C<class>,T<cost>,` for every
 * [yolo] layer and mini-batch with at least one object, then `BATCH,<batch>,<max batches>,<average loss>`.
 */
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type DataFault, reasonOf } from '../fault.ts';
import { readText } from '../file.ts';
import { formatFixed, parseNumber } from './number.ts';

/** Means over the objects of one [yolo] layer in one mini-batch, and the parts of its cost. */
export type LayerLog = {
  readonly iou: number;
  readonly giou: number;
  /** 0 for the mse loss. */
  readonly boxLoss: number;
  readonly classLoss: number;
  readonly cost: number;
};

export type BatchLog = {
  readonly batch: number;
  readonly maxBatches: number;
  /** Running average of the loss. */
  readonly averageLoss: number;
  /** Empty when no mini-batch had an object. */
  readonly layers: readonly LayerLog[];
};

export type TrainLog = {
  readonly batches: readonly BatchLog[];
  /** Fragments of a batch that has not ended yet. */
  readonly open: readonly LayerLog[];
  readonly faults: readonly DataFault[];
};

const letters = { A: 'iou', G: 'giou', I: 'boxLoss', C: 'classLoss', T: 'cost' } as const;
type Letter = keyof typeof letters;
const nothing: LayerLog = {
  iou: Number.NaN,
  giou: Number.NaN,
  boxLoss: Number.NaN,
  classLoss: Number.NaN,
  cost: Number.NaN,
};

type Line = { readonly layers: readonly LayerLog[]; readonly end?: readonly number[]; readonly bad?: string };

const parseLine = (line: string): Line => {
  const fields = line.split(',');
  const at = fields.indexOf('BATCH');
  const layers: LayerLog[] = [];
  const taken = new Set<string>();
  for (const field of (at < 0 ? fields : fields.slice(0, at)).filter((f) => f !== '')) {
    const letter = field[0] in letters ? (field[0] as Letter) : undefined;
    // Old logs hold the IoU without its letter.
    const value = parseNumber(letter ? field.slice(1) : field);
    if (value === undefined) return { layers, bad: field };
    const name = letters[letter ?? 'A'];
    // Fragments of several GPUs interleave; a letter that comes again belongs to another layer, and no value is lost.
    if (name === 'iou' || layers.length === 0 || taken.has(name)) {
      layers.push(nothing);
      taken.clear();
    }
    taken.add(name);
    layers[layers.length - 1] = { ...layers[layers.length - 1], [name]: value };
  }
  if (at < 0) return { layers };
  const numbers = fields.slice(at + 1).map(parseNumber);
  const end = numbers.filter((n) => n !== undefined);
  return end.length === 3 && numbers.length === 3 ? { layers, end } : { layers, bad: fields.slice(at).join(',') };
};

/** `file` stands in the faults. A line that cannot be understood is a fault and left out. */
export const parseTrainLog = (text: string, file: string): TrainLog => {
  const batches: BatchLog[] = [];
  const faults: DataFault[] = [];
  let open: readonly LayerLog[] = [];
  const lines = text.split('\n');
  for (const [i, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '') continue;
    const { layers, end, bad } = parseLine(line);
    const last = i === lines.length - 1;
    if (end) batches.push({ batch: end[0], maxBatches: end[1], averageLoss: end[2], layers });
    // The last line may still be being written.
    else if (last) open = layers;
    else {
      faults.push({
        tag: 'line',
        file,
        line: i + 1,
        found: JSON.stringify((bad ?? line).slice(0, 80)),
        expected: 'A,G,I,C,T numbers and BATCH,batch,max,loss',
        advice: 'the line is left out',
      });
    }
  }
  return { batches, open, faults };
};

export const readTrainLog = (path: string): TE.TaskEither<DataFault, TrainLog> =>
  pipe(
    readText(path),
    TE.map((text) => parseTrainLog(text, path)),
  );

/** One line, as the original writes it. */
export const formatBatchLog = ({ batch, maxBatches, averageLoss, layers }: BatchLog): string => {
  const fragments = layers.map(
    ({ iou, giou, boxLoss, classLoss, cost }) =>
      `A${formatFixed(iou)},G${formatFixed(giou)},I${formatFixed(boxLoss)},C${formatFixed(classLoss)},T${formatFixed(cost)},`,
  );
  return `${fragments.join('')}BATCH,${batch},${maxBatches},${formatFixed(averageLoss)}\n`;
};

/** Appends a line in one write; the file is never truncated, so that a resumed run goes on in it. */
export const appendTrainLog = (path: string, log: BatchLog): TE.TaskEither<DataFault, void> =>
  TE.tryCatch(
    async () => {
      await mkdir(dirname(path), { recursive: true });
      await appendFile(path, formatBatchLog(log));
    },
    (thrown): DataFault => ({ tag: 'unwritable', file: path, reason: reasonOf(thrown) }),
  );
