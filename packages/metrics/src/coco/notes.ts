/** What an input holds that pycocotools takes otherwise than we do by default, drops, or stumbles over. */
import { cornerStride } from '../box/corners.ts';
import type { BoxTable } from '../core/table.ts';
import type { DetectionTable, TruthTable } from './input.ts';
import type { CocoParams } from './params.ts';

export interface CocoNote {
  readonly tag:
    | 'crowd-giou'
    | 'empty-box'
    | 'id-zero'
    | 'no-detections'
    | 'no-area'
    | 'unknown-image'
    | 'unknown-category';
  /** How many rows are concerned. */
  readonly count: number;
  readonly text: string;
}

const countEmpty = (table: BoxTable): number => {
  let count = 0;
  for (let i = 0; i < table.length; i++) {
    const at = i * cornerStride;
    if (!(table.corners[at + 4]! > 0 && table.corners[at + 5]! > 0)) count++;
  }
  return count;
};

const countIn = (column: ArrayLike<number>, value: number): number => {
  let count = 0;
  for (let i = 0; i < column.length; i++) if (column[i] === value) count++;
  return count;
};

export const notesOf = (truth: TruthTable, found: DetectionTable, params: CocoParams): readonly CocoNote[] => {
  const corrected = params.compat ? 'kept as the original has it' : 'corrected';
  const giou = params.overlap === 'giou';
  const notes: readonly CocoNote[] = [
    {
      tag: 'crowd-giou',
      count: giou ? countIn(truth.crowd, 1) : 0,
      text: `crowd regions: the original's GIoU does not let them absorb the detections inside (${corrected})`,
    },
    {
      tag: 'empty-box',
      count: giou ? countEmpty(truth) + countEmpty(found) : 0,
      text: `boxes without area: the original's GIoU is NaN between them and counts as a match (${corrected})`,
    },
    {
      tag: 'id-zero',
      count: countIn(truth.id, 0),
      text: `annotation with id 0: pycocotools counts its detection as wrong (${corrected})`,
    },
    {
      tag: 'no-detections',
      count: found.length === 0 ? 1 : 0,
      text: 'no detections: pycocotools fails here; every AP and AR is 0',
    },
    {
      tag: 'no-area',
      count: truth.withoutArea,
      text: 'annotations without area: pycocotools fails here; width * height is taken',
    },
    {
      tag: 'unknown-image',
      count: found.unknownImages,
      text: 'detections on images that the ground truth lacks: left out (pycocotools refuses them)',
    },
    { tag: 'unknown-category', count: found.unknownCategories, text: 'detections of unknown categories: left out' },
  ];
  return notes.filter((note) => note.count > 0);
};
