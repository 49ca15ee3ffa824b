/** What an input holds that pycocotools takes otherwise than we do by default, drops, or stumbles over. */
import { cornerStride } from '../box/corners.ts';
import type { BoxTable } from '../core/table.ts';
import type { DetectionTable, TruthTable } from './input.ts';
import type { CocoParams } from './params.ts';

export interface CocoNote {
  readonly tag: keyof CocoCounts;
  /** How many rows are concerned. */
  readonly count: number;
  readonly text: string;
}

/** What is counted while images are added. */
export interface CocoCounts {
  readonly 'crowd-giou': number;
  readonly 'empty-box': number;
  readonly 'id-zero': number;
  readonly 'no-area': number;
  readonly 'unknown-image': number;
  readonly 'unknown-category': number;
}

export const noCounts: CocoCounts = {
  'crowd-giou': 0,
  'empty-box': 0,
  'id-zero': 0,
  'no-area': 0,
  'unknown-image': 0,
  'unknown-category': 0,
};

const tags = /* @__PURE__ */ Object.keys(noCounts) as readonly (keyof CocoCounts)[];

export const addCounts = (a: CocoCounts, b: CocoCounts): CocoCounts =>
  Object.fromEntries(tags.map((tag) => [tag, a[tag] + b[tag]])) as unknown as CocoCounts;

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

export const countsOf = (truth: TruthTable, found: DetectionTable, params: CocoParams): CocoCounts => {
  const giou = params.overlap === 'giou';
  return {
    'crowd-giou': giou ? countIn(truth.crowd, 1) : 0,
    'empty-box': giou ? countEmpty(truth) + countEmpty(found) : 0,
    'id-zero': countIn(truth.id, 0),
    'no-area': truth.withoutArea,
    'unknown-image': found.unknownImages,
    'unknown-category': found.unknownCategories,
  };
};

const texts: { readonly [T in keyof CocoCounts]: (done: string) => string } = {
  'crowd-giou': (done) => `crowd regions: the original's GIoU does not let them absorb the detections inside (${done})`,
  'empty-box': (done) => `boxes without area: the original's GIoU is NaN between them and counts as a match (${done})`,
  'id-zero': (done) => `annotation with id 0: pycocotools counts its detection as wrong (${done})`,
  'no-area': () => 'annotations without area: pycocotools fails here; width * height is taken',
  'unknown-image': () => 'detections on images that the ground truth lacks: left out (pycocotools refuses them)',
  'unknown-category': () => 'detections of unknown categories: left out',
};

export const notesOf = (counts: CocoCounts, compat: boolean): readonly CocoNote[] =>
  tags
    .filter((tag) => counts[tag] > 0)
    .map((tag) => ({
      tag,
      count: counts[tag],
      text: texts[tag](compat ? 'kept as the original has it' : 'corrected'),
    }));
