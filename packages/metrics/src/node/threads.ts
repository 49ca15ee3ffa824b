/** COCO's evaluation on several threads of Node, with the bits of one. */
import { availableParallelism } from 'node:os';
import type { NamedOverlap } from '../box/named.ts';
import { OptionError } from '../check/options.ts';
import { refuseTooManyCategories } from '../coco/accumulate.ts';
import { evaluateCocoEach, paramsOfEach } from '../coco/evaluate.ts';
import type { CocoIndex } from '../coco/index-of.ts';
import type { CocoAnnotation, CocoDetection, CocoInstances } from '../coco/input.ts';
import type { Finish, Instances, Kind } from '../coco/kind.ts';
import { boxKind, indexFor, plainLists } from '../coco/kind.ts';
import { countsOf } from '../coco/notes.ts';
import type { CocoOptions, CocoParams } from '../coco/params.ts';
import { cocoParams } from '../coco/params.ts';
import type { CocoResult } from '../coco/result.ts';
import { resultOf } from '../coco/result.ts';
import type { FoundRow, TruthRow } from '../coco/tables.ts';
import type { TallyChunk } from '../core/tally.ts';
import { tallyOf } from '../core/tally.ts';
import type { KeypointDetection, KeypointInstances, KeypointOptions, KeypointResult } from '../keypoints/evaluate.ts';
import { evaluateKeypoints, keypointFinish, keypointKind, keypointParams } from '../keypoints/evaluate.ts';
import type { SegmDetection, SegmInstances } from '../segm/evaluate.ts';
import { evaluateSegm, segmKind } from '../segm/evaluate.ts';
import type { Job, MeasureColumns, TaskPart } from './job.ts';
import { jobOf, joinedSums } from './job.ts';
import type { Pool } from './pool.ts';
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
  /** As `evaluateSegm` and `evaluateKeypoints`, to the bit. */
  readonly evaluateSegm: (
    groundTruth: SegmInstances,
    detections: readonly SegmDetection[],
    options?: ThreadOptions & { readonly overlap?: NamedOverlap },
  ) => Promise<CocoResult>;
  readonly evaluateKeypoints: (
    groundTruth: KeypointInstances,
    detections: readonly KeypointDetection[],
    options?: KeypointOptions,
  ) => Promise<KeypointResult>;
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
    groupImage: parts.flatMap((part) => Array.from(part.groupImage, (image) => images[image])),
    groupCategory: parts.flatMap((part) => Array.from(part.groupCategory, (category) => categories[category].id)),
    groupStart: joinedStarts(parts),
    scores: joined(
      parts.map((part) => part.scores),
      new Float64Array(0),
    ),
  };
  return job.overlaps.map((_, i) => {
    const column = (key: 'positives' | 'found' | 'ignored'): Uint32Array =>
      joined(
        parts.map((part) => part.byOverlap[i][key]),
        words,
      );
    return { ...shared, positives: column('positives'), found: column('found'), ignored: column('ignored') };
  });
};

const refuseFunctions = (overlaps: readonly unknown[]): void => {
  if (overlaps.every((overlap) => typeof overlap === 'string')) return;
  throw new OptionError(
    'overlap',
    'overlap: a function cannot go to other threads; name one, or evaluate on one thread.',
  );
};

/** One evaluation of any kind, by one overlap or several. */
interface Work<A extends TruthRow, D extends FoundRow, R> {
  readonly kind: Kind<A, D, MeasureColumns>;
  readonly finish: Finish<R>;
  readonly groundTruth: Instances<A>;
  readonly detections: readonly D[];
  /** One an overlap, the same but for that. */
  readonly each: readonly CocoParams[];
}

const evaluateOn = async <A extends TruthRow, D extends FoundRow, R>(
  pool: Pool,
  { kind, finish, groundTruth, detections, each }: Work<A, D, R>,
): Promise<readonly R[]> => {
  const params = each[0];
  const overlaps = each.map(({ overlap }) => overlap as NamedOverlap);
  refuseFunctions(overlaps);
  const index = indexFor(groundTruth, params);
  const { images, annotations } = groundTruth;
  const tables = kind.load({ images, annotations, detections, lists: plainLists }, index, params);
  refuseTooManyCategories(params, index.categories.length);
  const job = jobOf(tables, index.images.length, index.categories.length, params, overlaps);
  const { tasks, parts } = await pool.run(job);
  const chunks = chunksOf(parts, index, job);
  const sums = joinedSums(job, tasks, parts);
  return each.map((own, i) => {
    const counts = countsOf(images, index, tables.truth, tables.found, own, kind);
    return finish(tallyOf(chunks[i]), sums[i], index.categories, own, counts);
  });
};

/**
 * Starts threads; `close` ends them.
 * @param threads in all, the calling one included; as many as there are cores unless told.
 */
export const cocoThreads = (threads = availableParallelism()): CocoThreads => {
  const count = Math.max(1, Math.floor(threads));
  const pool = openPool(count);
  const boxes = boxKind as Kind<CocoAnnotation, CocoDetection, MeasureColumns>;
  const evaluateEach: CocoThreads['evaluateEach'] = async (groundTruth, detections, overlaps, options = {}) => {
    const each = paramsOfEach(overlaps, options);
    if (count === 1 || each.length === 0) return evaluateCocoEach(groundTruth, detections, overlaps, options);
    return evaluateOn(pool, { kind: boxes, finish: resultOf, groundTruth, detections, each });
  };
  return {
    threads: count,
    evaluateEach,
    evaluate: async (groundTruth, detections, { overlap = 'iou', ...options } = {}) => {
      const [result] = await evaluateEach(groundTruth, detections, [overlap], options);
      return result;
    },
    evaluateSegm: async (groundTruth, detections, options = {}) => {
      if (count === 1) return evaluateSegm(groundTruth, detections, options);
      const each = [cocoParams(options)];
      const [result] = await evaluateOn(pool, { kind: segmKind, finish: resultOf, groundTruth, detections, each });
      return result;
    },
    evaluateKeypoints: async (groundTruth, detections, options = {}) => {
      if (count === 1) return evaluateKeypoints(groundTruth, detections, options);
      const { params, sigmas } = keypointParams(options);
      const work = { kind: keypointKind(sigmas), finish: keypointFinish, groundTruth, detections, each: [params] };
      const [result] = await evaluateOn(pool, work);
      return result;
    },
    close: pool.close,
  };
};
