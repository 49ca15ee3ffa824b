/** A walk over images whose boxes of all categories are seen together, for analyses that compare across categories. */

import { loadCoco } from '../coco/evaluate.ts';
import type { CocoIndex } from '../coco/index-of.ts';
import type { CocoDetection, CocoInstances } from '../coco/input.ts';
import type { CocoNote } from '../coco/notes.ts';
import { countsOf, droppedNotes } from '../coco/notes.ts';
import type { DetectionTable, TruthTable } from '../coco/tables.ts';
import { visitGroups } from '../core/groups.ts';

export interface ImageBoxes {
  /** Place in the list of images. */
  readonly image: number;
  /** Rows of `found` by descending score. */
  readonly detections: Uint32Array;
  /** Rows of `truth`. */
  readonly objects: Uint32Array;
}

export interface DetectionSet {
  readonly index: CocoIndex;
  readonly truth: TruthTable;
  readonly found: DetectionTable;
  /** `[image]`: its place in the file. */
  readonly fileOrder: Uint32Array;
  /** What was left out. */
  readonly notes: readonly CocoNote[];
}

/** @throws CocoInputError naming the first row that is not as it must be. */
export const detectionSet = (groundTruth: CocoInstances, detections: readonly CocoDetection[]): DetectionSet => {
  const loaded = loadCoco(groundTruth, detections, { useCats: true, ignoreKey: false });
  const fileOrder = new Uint32Array(loaded.index.images.length);
  groundTruth.images.forEach(({ id }, place) => {
    fileOrder[loaded.index.imageAt.get(id)!] = place;
  });
  const counts = countsOf(groundTruth.images, loaded.index, loaded.truth, loaded.found, { overlap: 'iou' });
  return { ...loaded, fileOrder, notes: droppedNotes(counts) };
};

/** Calls `visit` for every image with any box, ascending. */
export const visitImages = ({ index, truth, found }: DetectionSet, visit: (boxes: ImageBoxes) => void): void => {
  const together = { category: new Uint32Array(Math.max(truth.length, found.length)) };
  const asOne = <T extends { readonly length: number }>(table: T): T & typeof together => ({
    ...table,
    category: together.category.subarray(0, table.length),
  });
  visitGroups(asOne(truth), asOne(found), 1, index.images.length, Number.POSITIVE_INFINITY, visit);
};
