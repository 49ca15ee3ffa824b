/** What is doubtful in a ground truth before anything is evaluated on it: duplicates, tiny boxes, labels that disagree. */
import { iouOf } from '../box/columns.ts';
import { isFiniteNumber } from '../check/rows.ts';
import { shown } from '../check/words.ts';
import { loadCoco } from '../coco/evaluate.ts';
import type { CocoAnnotation, CocoImage, CocoInstances } from '../coco/input.ts';
import type { Id } from '../core/tally.ts';

export type HealthTag =
  | 'unknown-image'
  | 'unknown-category'
  | 'duplicate'
  | 'near-duplicate'
  | 'labels-disagree'
  | 'no-size'
  | 'tiny'
  | 'outside'
  | 'area'
  | 'same-file'
  | 'empty-image'
  | 'empty-category';

export interface HealthFinding {
  readonly tag: HealthTag;
  readonly count: number;
  /** A whole sentence. */
  readonly text: string;
  /** Ids of annotations, images or categories, as the text says; at most 100. */
  readonly ids: readonly Id[];
}

const most = 100;
const nearly = 0.9;
/** A side of less pixels is hardly an object. */
const least = 2;

const texts: { readonly [T in HealthTag]: (count: number) => string } = {
  'unknown-image': (n) => `${n} annotations name an image that images lacks`,
  'unknown-category': (n) => `${n} annotations name a category that categories lacks`,
  duplicate: (n) => `${n} annotations repeat the box and category of another in their image`,
  'near-duplicate': (n) =>
    `${n} annotations overlap another of their category and image with an IoU of ${nearly} and more`,
  'labels-disagree': (n) =>
    `${n} annotations overlap one of another category in their image with an IoU of ${nearly} and more`,
  'no-size': (n) => `${n} annotations have a box without width or height, which nothing can find`,
  tiny: (n) => `${n} annotations have a box with a side of less than ${least} pixels`,
  outside: (n) => `${n} annotations have a box that reaches out of its image by more than a pixel`,
  area: (n) => `${n} annotations have an area larger than their box`,
  'same-file': (n) => `${n} images have the file of another image, with other labels`,
  'empty-image': (n) => `${n} images have no annotation`,
  'empty-category': (n) => `${n} categories have no annotation`,
};
const order = /* @__PURE__ */ Object.keys(texts) as readonly HealthTag[];

/** Pairs of one image that are nearly the same box. */
const comparePairs = (
  rows: readonly (readonly [CocoAnnotation, Id])[],
  add: (tag: HealthTag, id: Id) => void,
): void => {
  for (let i = 0; i < rows.length; i++) {
    const [a, id] = rows[i];
    const told = new Set<HealthTag>();
    for (let j = 0; j < i; j++) {
      const [b] = rows[j];
      if (a.iscrowd || b.iscrowd) continue;
      const same = a.bbox.every((value, k) => value === b.bbox[k]);
      if (!same && iouOf(a.bbox, b.bbox, { format: 'xywh' }) < nearly) continue;
      told.add(a.category_id !== b.category_id ? 'labels-disagree' : same ? 'duplicate' : 'near-duplicate');
    }
    for (const tag of told) add(tag, id);
  }
};

/** A side that the file does not tell bounds nothing. */
const sideOf = (side: unknown): number => (isFiniteNumber(side) && side > 0 ? side : Number.POSITIVE_INFINITY);

const lookAtBox = (row: CocoAnnotation, image: CocoImage, add: (tag: HealthTag) => void): void => {
  const [x, y, w, h] = row.bbox as [number, number, number, number];
  if (w === 0 || h === 0) add('no-size');
  else if (w < least || h < least) add('tiny');
  const [width, height] = [sideOf(image.width), sideOf(image.height)];
  if (x < -1 || y < -1 || x + w > width + 1 || y + h > height + 1) add('outside');
  if (row.area !== undefined && row.area > 1.001 * w * h + 1) add('area');
};

/** Labels of an image as a text that equal labels share. */
const labelsOf = (rows: readonly (readonly [CocoAnnotation, Id])[]): string =>
  rows
    .map(([{ category_id, bbox }]) => `${category_id}:${bbox.join(',')}`)
    .sort()
    .join(';');

/**
 * Looks a ground truth over. Findings come in a fixed order; none where all is well.
 * @throws CocoInputError on rows that no evaluation would take.
 */
export const checkTruth = (groundTruth: CocoInstances): readonly HealthFinding[] => {
  loadCoco(groundTruth, [], { useCats: true, ignoreKey: false });
  const { images, annotations, categories } = groundTruth;
  const imageOf = new Map(images.map((image) => [image.id, image]));
  const known = new Set(categories.map(({ id }) => id));
  const found = new Map<HealthTag, { count: number; ids: Id[] }>(order.map((tag) => [tag, { count: 0, ids: [] }]));
  const add = (tag: HealthTag, id: Id): void => {
    const entry = found.get(tag)!;
    entry.count++;
    if (entry.ids.length < most) entry.ids.push(id);
  };
  const byImage = new Map<Id, (readonly [CocoAnnotation, Id])[]>();
  const used = new Set<number>();
  annotations.forEach((row, i) => {
    const id = row.id ?? i + 1;
    const image = imageOf.get(row.image_id);
    used.add(row.category_id);
    if (!known.has(row.category_id)) add('unknown-category', id);
    if (image === undefined) {
      add('unknown-image', id);
      return;
    }
    lookAtBox(row, image, (tag) => add(tag, id));
    const rows = byImage.get(row.image_id);
    if (rows === undefined) byImage.set(row.image_id, [[row, id]]);
    else rows.push([row, id]);
  });
  for (const rows of byImage.values()) comparePairs(rows, add);
  const files = new Map<string, Id>();
  for (const { id, file_name } of images) {
    if (!byImage.has(id)) add('empty-image', id);
    if (typeof file_name !== 'string') continue;
    const first = files.get(file_name);
    if (first === undefined) files.set(file_name, id);
    else if (labelsOf(byImage.get(first) ?? []) !== labelsOf(byImage.get(id) ?? [])) add('same-file', id);
  }
  for (const { id } of categories) if (!used.has(id)) add('empty-category', id);
  return order.flatMap((tag) => {
    const { count, ids } = found.get(tag)!;
    if (count === 0) return [];
    const some = ids.slice(0, 3).map(shown).join(', ');
    return [{ tag, count, text: `${texts[tag](count)}: ${some}${count > 3 ? ' ...' : ''}`, ids }];
  });
};
