/** A VOC evaluation in parts that merge, as `cocoAccumulator`. */
import { offsetOverlap } from '../box/named.ts';
import type { Overlap, OverlapRule } from '../box/overlap.ts';
import type { Tally } from '../core/tally.ts';
import { emptyTally, mergeTallies } from '../core/tally.ts';
import { requireAnnotations, requireDetections, requireRows } from './check.ts';
import type { VocOptions, VocResult } from './evaluate.ts';
import { finishVoc, vocParams } from './evaluate.ts';
import type { VocAnnotation, VocDetection, VocDropped } from './input.ts';
import { vocTables } from './input.ts';
import { addDropped, noneDropped } from './notes.ts';
import { vocTally } from './tally.ts';

export interface VocPart {
  readonly tally: Tally;
  readonly dropped: VocDropped;
}

export interface VocAccumulator {
  readonly empty: VocPart;
  readonly add: (part: VocPart, image: VocAnnotation, detections: readonly Omit<VocDetection, 'image'>[]) => VocPart;
  readonly shard: (annotations: readonly VocAnnotation[], detections: readonly VocDetection[]) => VocPart;
  readonly merge: (a: VocPart, b: VocPart) => VocPart;
  readonly concat: (a: VocPart, b: VocPart) => VocPart;
  /** @throws DuplicateImageError when an image was added twice. */
  readonly finish: (part: VocPart) => VocResult;
}

export const vocAccumulator = (
  classes: readonly string[],
  options: Omit<VocOptions, 'classes'> = {},
): VocAccumulator => {
  const params = vocParams({ ...options, classes });
  const rule: OverlapRule = { pixel: 1, penalty: params.penalty, compat: false };
  const overlap: Overlap = offsetOverlap(params.overlap);
  const merge = (a: VocPart, b: VocPart): VocPart => ({
    tally: mergeTallies(a.tally, b.tally),
    dropped: addDropped(a.dropped, b.dropped),
  });
  const shard: VocAccumulator['shard'] = (annotations, detections) => {
    requireAnnotations(annotations);
    requireDetections(detections);
    const tables = vocTables(annotations, detections, classes);
    return { tally: vocTally(tables, classes, { ...params, overlap, rule }), dropped: tables.dropped };
  };
  return {
    empty: { tally: emptyTally, dropped: noneDropped },
    merge,
    concat: merge,
    shard,
    add: (part, annotation, detections) => {
      requireRows(detections, 'detections', {});
      const rows = detections.map((row) => ({ ...row, image: annotation?.image }));
      return merge(part, shard([annotation], rows));
    },
    finish: ({ tally, dropped }) => finishVoc(tally, params, dropped),
  };
};
