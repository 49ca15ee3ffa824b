/**
 * An evaluation cut into tasks that need nothing of each other: a task is a range of categories, from their boxes to their
 * part of the arrays. Any thread may do any task; the bits are those of a single thread because the same code sees the
 * same boxes in the same order.
 */
import { cornerStride } from '../box/corners.ts';
import type { NamedOverlap } from '../box/named.ts';
import type { CocoSums } from '../coco/accumulate.ts';
import { sumsOf } from '../coco/accumulate.ts';
import type { CocoParams, Measure } from '../coco/params.ts';
import { cocoStage } from '../coco/stage.ts';
import type { DetectionTable, TruthTable } from '../coco/tables.ts';
import { cocoTally } from '../coco/tally.ts';
import { bucketed, startsOf } from '../core/order.ts';
import type { BoxTable } from '../core/table.ts';
import type { TallyChunk } from '../core/tally.ts';
import { tallyOf } from '../core/tally.ts';
import type { PointColumns } from '../keypoints/measure.ts';
import { pointMeasure } from '../keypoints/measure.ts';
import type { MaskColumns } from '../segm/measure.ts';
import { maskMeasure } from '../segm/measure.ts';

/** Rows of a table by category. */
interface RowsByCategory {
  readonly rows: Uint32Array;
  /** `[category + 1]` */
  readonly start: Uint32Array;
}

/** What is compared, where it is not boxes. */
export type MeasureColumns = MaskColumns | PointColumns;

/** The columns lie in shared memory: every thread has them without a copy. */
export interface Job {
  readonly truth: TruthTable;
  readonly found: DetectionTable;
  readonly truthRows: RowsByCategory;
  readonly foundRows: RowsByCategory;
  readonly images: number;
  readonly categories: number;
  readonly params: CocoParams;
  readonly overlaps: readonly NamedOverlap[];
  readonly columns: MeasureColumns | undefined;
}

/** Categories `from` to `to - 1`, as places in their list. */
export interface Task {
  readonly from: number;
  readonly to: number;
}

/** What an overlap adds to a task's part of the tally. */
export type OverlapPart = Pick<TallyChunk, 'positives' | 'found' | 'ignored'>;

/** The groups of a task; images and categories as places in their lists. */
export interface TaskPart extends Pick<TallyChunk, 'groupStart' | 'scores'> {
  readonly groupImage: Uint32Array;
  readonly groupCategory: Uint32Array;
  readonly byOverlap: readonly OverlapPart[];
  /** One an overlap, of the task's categories alone. */
  readonly sums: readonly CocoSums[];
}

const rowsBy = (category: Uint32Array, categories: number): RowsByCategory => ({
  rows: bucketed(category, categories),
  start: startsOf(category, categories),
});

type Column = Float64Array | Uint32Array | Uint8Array;
const inSharedMemory = <C extends Column>(column: C): C => {
  const make = column.constructor as new (buffer: SharedArrayBuffer) => C;
  const copy = new make(new SharedArrayBuffer(column.byteLength));
  copy.set(column);
  return copy;
};

/** Every typed array of a record, moved into shared memory. */
const shared = <T extends object>(record: T): T =>
  Object.fromEntries(
    Object.entries(record).map(([key, value]) => [
      key,
      ArrayBuffer.isView(value) ? inSharedMemory(value as Column) : value,
    ]),
  ) as T;

const sharedColumns = (columns: MeasureColumns | undefined): MeasureColumns | undefined => {
  if (columns?.tag !== 'masks') return columns && shared(columns);
  return { tag: 'masks', found: shared(columns.found), objects: shared(columns.objects) };
};

/** The measure of some rows; undefined: their boxes. */
const measureOfRows = (
  columns: MeasureColumns | undefined,
  rows: { readonly found: Uint32Array; readonly objects: Uint32Array },
): Measure | undefined => {
  if (columns === undefined) return undefined;
  return columns.tag === 'masks' ? maskMeasure(columns, rows) : pointMeasure(columns, rows);
};

export const jobOf = (
  { truth, found, columns }: Pick<Job, 'truth' | 'found'> & { readonly columns?: MeasureColumns | undefined },
  images: number,
  categories: number,
  params: CocoParams,
  overlaps: readonly NamedOverlap[],
): Job => ({
  truth: shared(truth),
  found: shared(found),
  truthRows: shared(rowsBy(truth.category, categories)),
  foundRows: shared(rowsBy(found.category, categories)),
  images,
  categories,
  params,
  overlaps,
  columns: sharedColumns(columns),
});

/** Ranges of neighbouring categories of about equal work, the largest first, so that no thread is left with a large one. */
export const tasksOf = (job: Job, count: number): readonly Task[] => {
  const { truthRows, foundRows, categories } = job;
  const work = (from: number, to: number): number =>
    foundRows.start[to] - foundRows.start[from] + truthRows.start[to] - truthRows.start[from] + (to - from);
  const portion = work(0, categories) / count;
  const tasks: Task[] = [];
  for (let from = 0; from < categories; ) {
    let to = from + 1;
    while (to < categories && work(from, to + 1) <= portion) to++;
    tasks.push({ from, to });
    from = to;
  }
  return tasks.sort((a, b) => work(b.from, b.to) - work(a.from, a.to));
};

// A function a type of column: one for all types would be several times slower.
const numbersAt = (column: Float64Array, rows: Uint32Array): Float64Array => {
  const out = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = column[rows[i]];
  return out;
};
const wordsAt = (column: Uint32Array, rows: Uint32Array, less = 0): Uint32Array => {
  const out = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = column[rows[i]] - less;
  return out;
};
const bytesAt = (column: Uint8Array, rows: Uint32Array): Uint8Array => {
  const out = new Uint8Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = column[rows[i]];
  return out;
};
const cornersAt = (column: Float64Array, rows: Uint32Array): Float64Array => {
  const out = new Float64Array(rows.length * cornerStride);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i] * cornerStride;
    for (let s = 0; s < cornerStride; s++) out[i * cornerStride + s] = column[from + s];
  }
  return out;
};

/** Some rows of a table, their categories counted from `first`. */
const boxesAt = (table: BoxTable, rows: Uint32Array, first: number): BoxTable => ({
  length: rows.length,
  image: wordsAt(table.image, rows),
  category: wordsAt(table.category, rows, first),
  corners: cornersAt(table.corners, rows),
  area: numbersAt(table.area, rows),
});

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** The sums of all categories, one of each an overlap, from those of the tasks, which hold every category once. */
export const joinedSums = (
  { categories, params, overlaps }: Job,
  tasks: readonly Task[],
  parts: readonly TaskPart[],
): readonly CocoSums[] => {
  const { thresholds, areas, maxDets } = params;
  const cell = areas.length * maxDets.length;
  const joined = (column: (part: TaskPart) => Float64Array): Float64Array => {
    const whole = new Float64Array(thresholds.length * categories * cell);
    parts.forEach((part, i) => {
      const { from, to } = tasks[i];
      const width = (to - from) * cell;
      const source = column(part);
      for (let t = 0; t < thresholds.length; t++) {
        whole.set(source.subarray(t * width, (t + 1) * width), (t * categories + from) * cell);
      }
    });
    return whole;
  };
  return overlaps.map((_, o) => ({
    precision: joined((part) => part.sums[o].precision),
    recall: joined((part) => part.sums[o].recall),
    tied: parts.reduce((sum, part) => sum + part.sums[o].tied, 0),
  }));
};

/** Does a task: its part of the tally and of the arrays. */
export const runTask = (job: Job, task: Task): TaskPart => {
  const { from, to } = task;
  const rowsOf = ({ rows, start }: RowsByCategory): Uint32Array => rows.subarray(start[from], start[to]);
  const ids = range(from, to);
  const [truthRows, foundRows] = [rowsOf(job.truthRows), rowsOf(job.foundRows)];
  const truth: TruthTable = {
    ...job.truth,
    ...boxesAt(job.truth, truthRows, from),
    id: numbersAt(job.truth.id, truthRows),
    crowd: bytesAt(job.truth.crowd, truthRows),
    ignored: bytesAt(job.truth.ignored, truthRows),
  };
  const found: DetectionTable = {
    ...job.found,
    ...boxesAt(job.found, foundRows, from),
    score: numbersAt(job.found.score, foundRows),
    id: numbersAt(job.found.id, foundRows),
    loose: job.found.loose.length === 0 ? job.found.loose : bytesAt(job.found.loose, foundRows),
  };
  const index = {
    images: range(0, job.images),
    categories: ids.map((id) => ({ id })),
  };
  const stage = cocoStage(truth, found, index, job.params);
  const measure = measureOfRows(job.columns, { found: foundRows, objects: truthRows });
  const chunks = job.overlaps.map((overlap) => cocoTally(stage, { ...job.params, overlap }, measure));
  return {
    groupImage: stage.groups.image,
    groupCategory: stage.groups.category.map((category) => category + from),
    groupStart: stage.groups.detectionStart,
    scores: stage.scores,
    byOverlap: chunks.map(({ positives, found, ignored }) => ({ positives, found, ignored })),
    sums: sumsOf(tallyOf(chunks[0]), ids, job.params, chunks),
  };
};
