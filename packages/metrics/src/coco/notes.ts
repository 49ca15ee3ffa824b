/** What an input holds that is left out, taken otherwise elsewhere, or easily meant otherwise. A note changes no figure. */
import { cornerStride } from '../box/corners.ts';
import { listed, shown } from '../check/words.ts';
import type { BoxTable } from '../core/table.ts';
import type { Id } from '../core/tally.ts';
import type { Counted } from './counts.ts';
import { addCounted, countIds, none, plainCount } from './counts.ts';
import type { CocoIndex } from './index-of.ts';
import type { CocoImage } from './input.ts';
import type { CocoParams } from './params.ts';
import type { Shapes } from './shapes.ts';
import { addShapes, looksCornered, looksRelative, noShapes, shapesOf, sizesOf } from './shapes.ts';
import type { DetectionTable, TruthTable } from './tables.ts';

export type CocoNoteTag = keyof typeof texts;

export interface CocoNote {
  readonly tag: CocoNoteTag;
  /** How many rows are concerned. */
  readonly count: number;
  /** A whole sentence. */
  readonly text: string;
}

/** Rows that are counted while images are added. */
const counted = [
  'object-unknown-image',
  'object-unknown-category',
  'unknown-image',
  'unknown-category',
  'crowd-giou',
  'empty-box',
  'id-zero',
  'no-area',
  'lvis-fields',
  'group-of',
  'not-labelled',
  'image-limit',
  'no-range',
] as const;

/** Plain data that adds up. */
export interface CocoCounts {
  readonly rows: Readonly<Record<(typeof counted)[number], Counted>>;
  readonly objects: Shapes;
  readonly detections: Shapes;
}

const table = (of: (tag: (typeof counted)[number]) => Counted): CocoCounts['rows'] =>
  Object.fromEntries(counted.map((tag) => [tag, of(tag)])) as CocoCounts['rows'];

export const noCounts: CocoCounts = {
  rows: /* @__PURE__ */ table(() => none),
  objects: noShapes,
  detections: noShapes,
};

export const addCounts = (a: CocoCounts, b: CocoCounts): CocoCounts => ({
  rows: table((tag) => addCounted(a.rows[tag], b.rows[tag])),
  objects: addShapes(a.objects, b.objects),
  detections: addShapes(a.detections, b.detections),
});

const countEmpty = (boxes: BoxTable): number => {
  let count = 0;
  for (let i = 0; i < boxes.length; i++) {
    const at = i * cornerStride;
    if (!(boxes.corners[at + 4] > 0 && boxes.corners[at + 5] > 0)) count++;
  }
  return count;
};

const countIn = (column: ArrayLike<number>, value: number): number => {
  let count = 0;
  for (let i = 0; i < column.length; i++) if (column[i] === value) count++;
  return count;
};

/** Objects that are to be found and have an area that the range of all does not hold. */
const outOfRange = (truth: TruthTable, areas: CocoParams['areas'] | undefined): number => {
  const all = areas?.find(({ name }) => name === 'all');
  if (all === undefined) return 0;
  let count = 0;
  for (let i = 0; i < truth.length; i++) {
    const area = truth.area[i];
    if (truth.ignored[i] === 0 && !(area >= all.low && area <= all.high)) count++;
  }
  return count;
};

/** Keys of LVIS, whose rules leave out what was not labelled exhaustively. */
type LvisKeys = { readonly neg_category_ids?: unknown; readonly not_exhaustive_category_ids?: unknown };
const federated = (images: readonly CocoImage[]): readonly Id[] => {
  const ids: Id[] = [];
  for (const image of images) {
    const { neg_category_ids, not_exhaustive_category_ids } = image as LvisKeys;
    if (neg_category_ids !== undefined || not_exhaustive_category_ids !== undefined) ids.push(image.id);
  }
  return ids;
};

export interface CountRules {
  /** The boxes are those of the input, and not made of masks or keypoints. */
  readonly boxes?: boolean;
}

/** What a part of an evaluation counts. */
export const countsOf = (
  images: readonly CocoImage[],
  index: CocoIndex,
  truth: TruthTable,
  found: DetectionTable,
  params: Pick<CocoParams, 'overlap' | 'federation'> & Partial<Pick<CocoParams, 'areas'>>,
  { boxes = true }: CountRules = {},
): CocoCounts => {
  const giou = params.overlap === 'giou';
  const sizes = sizesOf(images, index);
  return {
    rows: {
      'object-unknown-image': truth.unknownImages,
      'object-unknown-category': truth.unknownCategories,
      'unknown-image': found.unknownImages,
      'unknown-category': found.unknownCategories,
      'crowd-giou': plainCount(giou ? countIn(truth.crowd, 1) : 0),
      'empty-box': plainCount(giou ? countEmpty(truth) + countEmpty(found) : 0),
      'id-zero': plainCount(countIn(truth.id, 0)),
      'no-area': plainCount(truth.withoutArea),
      'lvis-fields': params.federation === undefined ? countIds(federated(images)) : none,
      'group-of': plainCount(params.federation === 'open-images' ? 0 : truth.groupOf),
      'not-labelled': found.unlabelled,
      'image-limit': found.beyondLimit,
      'no-range': plainCount(outOfRange(truth, params.areas)),
    },
    objects: boxes ? shapesOf(truth, sizes) : noShapes,
    detections: boxes ? shapesOf(found, sizes) : noShapes,
  };
};

/** What the matched boxes tell besides. */
export interface TallyFacts {
  /** Images with more objects of a category than the largest limit lets detections in. */
  readonly crowded: Counted;
  /** Detections whose order among equal scores decides what counts. */
  readonly tied: number;
}

interface Said {
  readonly count: number;
  /** `77, 78 and 79`, with `...` when there are more. */
  readonly ids: string;
  readonly params: Pick<CocoParams, 'compat' | 'maxDets'>;
}

const many = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`;
const names = (count: number): string => (count === 1 ? 'names' : 'name');
const are = (count: number): string => (count === 1 ? 'is' : 'are');
const done = ({ params }: Said): string => (params.compat ? 'kept as the original has it' : 'corrected here');

/** A sentence a tag, in the order in which they are told. */
const texts = {
  'object-unknown-image': ({ count, ids }: Said) =>
    `${many(count, 'object')} of the ground truth ${names(count)} image ${ids}, which images lacks: left out`,
  'object-unknown-category': ({ count, ids }: Said) =>
    `${many(count, 'object')} of the ground truth ${names(count)} category ${ids}, which categories lacks: left out`,
  'unknown-image': ({ count, ids }: Said) =>
    `${many(count, 'detection')} on image ${ids}, which the ground truth lacks: left out (pycocotools refuses them)`,
  'unknown-category': ({ count, ids }: Said) =>
    `${many(count, 'detection')} of category ${ids}, which the ground truth lacks: left out`,
  'crowd-giou': (said: Said) =>
    `${many(said.count, 'crowd region')}: the original's GIoU does not let them absorb the detections inside (${done(said)})`,
  'empty-box': (said: Said) =>
    `${many(said.count, 'box', 'boxes')} without area: the original's GIoU is NaN between them and counts as a match (${done(said)})`,
  'id-zero': (said: Said) =>
    `${many(said.count, 'annotation')} with id 0: pycocotools counts its detection as wrong (${done(said)})`,
  'no-area': ({ count }: Said) =>
    `${many(count, 'annotation')} without area: pycocotools fails here; width * height is taken`,
  'lvis-fields': ({ count }: Said) =>
    `${many(count, 'image')} ${count === 1 ? 'has' : 'have'} LVIS's neg_category_ids or not_exhaustive_category_ids, which are not used: the figures are COCO's, by LVIS's rules they are others`,
  'group-of': ({ count }: Said) =>
    `${many(count, 'object')} ${are(count)} marked as a group (Open Images), which is not used: the figures are COCO's, by Open Images' rules they are others`,
  'not-labelled': ({ count, ids }: Said) =>
    `${many(count, 'detection')} of a category that image ${ids} ${are(count)} not labelled for: left out, as the data set's rules say`,
  'image-limit': ({ count, ids }: Said) =>
    `${many(count, 'detection')} beyond the 300 best of image ${ids}: left out, as LVIS's rules say`,
  'no-range': ({ count }: Said) =>
    `${many(count, 'object')} of the ground truth ${count === 1 ? 'has' : 'have'} an area that the range all does not hold: not to be found`,
  'relative-objects': ({ count }: Said) =>
    `all ${many(count, 'object')} of the ground truth lie in 0..1: boxes are read as pixels [x, y, width, height]`,
  'relative-detections': ({ count }: Said) =>
    `all ${many(count, 'detection')} lie in 0..1: boxes are read as pixels [x, y, width, height]`,
  'corner-objects': ({ count }: Said) =>
    `the ${many(count, 'object')} of the ground truth look like corners [x1, y1, x2, y2]: they are read as [x, y, width, height]`,
  'corner-detections': ({ count }: Said) =>
    `the ${many(count, 'detection')} look like corners [x1, y1, x2, y2]: they are read as [x, y, width, height]`,
  'over-limit': ({ count, ids, params }: Said) =>
    `image ${ids} ${count === 1 ? 'has' : 'have'} more than ${params.maxDets.at(-1)} objects of a category: more detections than that are not looked at, so that some cannot be found (maxDets)`,
  ties: ({ count }: Said) =>
    `${many(count, 'detection')} with equal scores in a category, right and wrong ones: their order in the input decides the figures`,
  'max-dets': ({ params }: Said) =>
    params.compat
      ? `maxDets are ${listed(params.maxDets)}, not COCO's: pycocotools is -1 where it asks for another limit (AP at 100; keypoints at 20)`
      : `maxDets are ${listed(params.maxDets)}, not COCO's: AP is at the largest of them (pycocotools: at 100, keypoints at 20, or -1)`,
} as const;

const order = /* @__PURE__ */ Object.keys(texts) as readonly CocoNoteTag[];

export const notesOf = (
  { rows, objects, detections }: CocoCounts,
  { crowded, tied }: TallyFacts,
  params: Pick<CocoParams, 'compat' | 'maxDets'>,
  usual: (maxDets: readonly number[]) => boolean,
): readonly CocoNote[] => {
  const shape = (is: boolean, { boxes }: Shapes): Counted => plainCount(is ? boxes : 0);
  const all: Readonly<Record<CocoNoteTag, Counted>> = {
    ...rows,
    'relative-objects': shape(looksRelative(objects), objects),
    'relative-detections': shape(looksRelative(detections), detections),
    'corner-objects': shape(looksCornered(objects), objects),
    'corner-detections': shape(looksCornered(detections), detections),
    'over-limit': crowded,
    ties: plainCount(tied),
    'max-dets': plainCount(usual(params.maxDets) ? 0 : 1),
  };
  return order
    .filter((tag) => all[tag].count > 0)
    .map((tag) => {
      const { count, ids } = all[tag];
      const text = texts[tag]({ count, ids: `${listed(ids.map(shown))}${ids.length < 3 ? '' : ' ...'}`, params });
      return { tag, count, text };
    });
};

/** The notes about rows that were left out, for analyses that have no parameters. */
export const droppedNotes = (counts: CocoCounts): readonly CocoNote[] => {
  const rows = table((tag) => (tag.includes('unknown') ? counts.rows[tag] : none));
  const params = { compat: false, maxDets: [] };
  return notesOf({ rows, objects: noShapes, detections: noShapes }, { crowded: none, tied: 0 }, params, () => true);
};
