/** COCO's evaluation on several threads of Node, with the bits of one. */
import { availableParallelism } from 'node:os';
import { refuseTooMany } from '../coco/accumulate.ts';
import type { CocoResult } from '../coco/evaluate.ts';
import { evaluateCocoEach, resultOf } from '../coco/evaluate.ts';
import type { CocoDetection, CocoIndex, CocoInstances } from '../coco/input.ts';
import { detectionTable, indexOf, truthTable } from '../coco/input.ts';
import { countsOf, notesOf } from '../coco/notes.ts';
import type { CocoOptions, CocoParams } from '../coco/params.ts';
import { cocoParams } from '../coco/params.ts';
import type { TallyChunk } from '../core/tally.ts';
import type { Job, NamedOverlap, TaskPart } from './job.ts';
import { jobOf, joinedCurves } from './job.ts';
import { openPool } from './pool.ts';

export type ThreadOptions = Omit<CocoOptions, 'overlap'>;

/** Threads that stay for one evaluation after another. Idle ones do not keep the process alive. */
export interface CocoThreads {
  readonly threads: number;
  /** As `evaluateCocoEach`, to the bit. Work is shared by category: one category is the work of one thread. */
  readonly evaluateEach: (
    groundTruth: CocoInstances,
    detections: readonly CocoDetection[],
    overlaps: readonly NamedOverlap[],
    options?: ThreadOptions,
  ) => Promise<readonly CocoResult[]>;
  readonly evaluate: (
    groundTruth: CocoInstances,
    detections: readonly CocoDetection[],
    options?: ThreadOptions & { readonly overlap?: NamedOverlap },
  ) => Promise<CocoResult>;
  readonly close: () => Promise<void>;
}

type Column = Float64Array | Uint32Array;
const joined = <C extends Column>(columns: readonly C[], empty: C): C => {
  const make = empty.constructor as new (length: number) => C;
  const whole = new make(columns.reduce((sum, column) => sum + column.length, 0));
  let at = 0;
  for (const column of columns) {
    whole.set(column, at);
    at += column.length;
  }
  return whole;
};

/** Where groups start, when the detections of the parts lie one after another. */
const joinedStarts = (parts: readonly TaskPart[]): Uint32Array => {
  let before = 0;
  const starts = parts.map(({ groupStart, scores }) => {
    const moved = groupStart.subarray(1).map((start) => start + before);
    before += scores.length;
    return moved;
  });
  return joined([new Uint32Array(1), ...starts], new Uint32Array(0));
};

/** The tally that one thread would have made. */
const chunksOf = (parts: readonly TaskPart[], { images, categories }: CocoIndex, job: Job): readonly TallyChunk[] => {
  const words = new Uint32Array(0);
  const shared = {
    images,
    groupImage: parts.flatMap((part) => Array.from(part.groupImage, (image) => images[image]!)),
    groupCategory: parts.flatMap((part) => Array.from(part.groupCategory, (category) => categories[category]!.id)),
    groupStart: joinedStarts(parts),
    scores: joined(
      parts.map((part) => part.scores),
      new Float64Array(0),
    ),
  };
  return job.overlaps.map((_, i) => {
    const column = (key: 'positives' | 'found' | 'ignored'): Uint32Array =>
      joined(
        parts.map((part) => part.byOverlap[i]![key]),
        words,
      );
    return { ...shared, positives: column('positives'), found: column('found'), ignored: column('ignored') };
  });
};

/**
 * Starts threads; `close` ends them.
 * @param threads in all, the calling one included; as many as there are cores unless told.
 */
export const cocoThreads = (threads = availableParallelism()): CocoThreads => {
  const count = Math.max(1, Math.floor(threads));
  const pool = openPool(count);
  const evaluateEach: CocoThreads['evaluateEach'] = async (groundTruth, detections, overlaps, options = {}) => {
    if (count === 1 || overlaps.length === 0) return evaluateCocoEach(groundTruth, detections, overlaps, options);
    const params = cocoParams(options);
    const index = indexOf(groundTruth.images, groundTruth.categories);
    refuseTooMany(params, index.categories.length);
    const truth = truthTable(groundTruth.annotations, index, params.ignoreKey);
    const found = detectionTable(detections, index);
    const job = jobOf(truth, found, index.images.length, index.categories.length, params, overlaps);
    const { tasks, parts } = await pool.run(job);
    const chunks = chunksOf(parts, index, job);
    const curves = joinedCurves(job, tasks, parts);
    return overlaps.map((overlap, i) => {
      const own: CocoParams = { ...params, overlap };
      const notes = notesOf(countsOf(truth, found, own), own.compat);
      return resultOf({ tag: 'chunk', chunk: chunks[i]! }, curves[i]!, index.categories, own, notes);
    });
  };
  return {
    threads: count,
    evaluateEach,
    evaluate: async (groundTruth, detections, { overlap = 'iou', ...options } = {}) => {
      const [result] = await evaluateEach(groundTruth, detections, [overlap], options);
      return result!;
    },
    close: pool.close,
  };
};
