/**
 * Open Images' rules on COCO's evaluation: objects count for every category that theirs is a kind of; a box around a group
 * takes every detection inside and need not be found; detections of categories that an image was not looked through for are
 * left out. AP is COCO's mean over 101 recalls (Open Images' own programs take the area under the curve), and the threshold
 * of Open Images is 0.5: its figure is `AP50`.
 */
import type { Accumulator } from '../coco/accumulator.ts';
import { accumulatorOf } from '../coco/accumulator.ts';
import { requireCategories, requireLists, requireRows } from '../coco/check.ts';
import type { LabelledImage } from '../coco/federation.ts';
import type { CocoAnnotation, CocoCategory, CocoDetection } from '../coco/input.ts';
import { CocoInputError } from '../coco/input.ts';
import type { Instances, Kind } from '../coco/kind.ts';
import { boxKind, evaluateKind } from '../coco/kind.ts';
import type { CocoOptions, CocoParams } from '../coco/params.ts';
import { cocoParams } from '../coco/params.ts';
import type { CocoResult } from '../coco/result.ts';
import { resultOf } from '../coco/result.ts';

export interface OpenImagesAnnotation extends CocoAnnotation {
  /** The box is around a group. */
  readonly is_group_of?: number | boolean;
}

export interface OpenImagesInstances extends Instances<OpenImagesAnnotation> {
  /** `neg_category_ids` and `pos_category_ids` are the labels of the image; without either it counts as looked through. */
  readonly images: readonly LabelledImage[];
}

/** For each category those that it is a kind of, nearest first, and those that are kinds of it. */
interface Family {
  readonly above: ReadonlyMap<number, readonly number[]>;
  readonly below: ReadonlyMap<number, readonly number[]>;
}

/**
 * By the names in `supercategory`; a name that no category has ends the line.
 * @throws CocoInputError where a category is a kind of itself by way of others.
 */
const familyOf = (categories: readonly CocoCategory[]): Family => {
  const byName = new Map(categories.map((category) => [category.name, category]));
  const above = new Map<number, readonly number[]>();
  const below = new Map<number, number[]>();
  categories.forEach((category, row) => {
    const line: number[] = [];
    const next = ({ name, supercategory }: CocoCategory): CocoCategory | undefined =>
      supercategory === undefined || supercategory === name ? undefined : byName.get(supercategory);
    for (let parent = next(category); parent !== undefined; parent = next(parent)) {
      if (parent.id === category.id || line.includes(parent.id)) {
        const text = `categories[${row}].supercategory: ${parent.name} is a kind of itself by way of others.`;
        throw new CocoInputError(text, { list: 'categories', row, key: 'supercategory' });
      }
      line.push(parent.id);
    }
    above.set(category.id, line);
    for (const id of line) below.set(id, [...(below.get(id) ?? []), category.id]);
  });
  return { above, below };
};

const withAll = (ids: readonly number[] | undefined, more: ReadonlyMap<number, readonly number[]>) =>
  ids && [...new Set(ids.flatMap((id) => [id, ...(more.get(id) ?? [])]))];

const isList = (value: unknown): boolean => value === undefined || Array.isArray(value);
const labelRules = {
  neg_category_ids: { holds: isList, text: "a list of categories' ids" },
  pos_category_ids: { holds: isList, text: "a list of categories' ids" },
};

/** What is there is there for the categories above, what is not there is not there for those below. */
const expanded = <A extends CocoAnnotation>(
  images: readonly LabelledImage[],
  annotations: readonly A[],
  { above, below }: Family,
): { readonly images: readonly LabelledImage[]; readonly annotations: readonly A[] } => {
  requireRows(images, 'images', labelRules);
  const rows: A[] = [...annotations];
  for (const row of annotations) {
    for (const category_id of above.get(row?.category_id) ?? []) {
      const { id: _, ...copy } = row;
      rows.push({ ...copy, category_id } as unknown as A);
    }
  }
  return {
    images: images.map(({ neg_category_ids, pos_category_ids, ...image }) => ({
      ...image,
      ...(neg_category_ids && { neg_category_ids: withAll(neg_category_ids, below)! }),
      ...(pos_category_ids && { pos_category_ids: withAll(pos_category_ids, above)! }),
    })),
    annotations: rows,
  };
};

const paramsOf = (options: CocoOptions | undefined): CocoParams => cocoParams(options, { federation: 'open-images' });

const kindOf = (family: Family): Kind<OpenImagesAnnotation, CocoDetection> => ({
  boxes: true,
  load: (rows, index, params) => {
    requireRows(rows.annotations, rows.lists.annotations, {});
    return boxKind.load({ ...rows, ...expanded(rows.images, rows.annotations, family) }, index, params);
  },
});

/** @throws CocoInputError, OptionError as `evaluateCoco`. */
export const evaluateOpenImages = (
  groundTruth: OpenImagesInstances,
  detections: readonly CocoDetection[],
  options: CocoOptions = {},
): CocoResult => {
  const params = paramsOf(options);
  requireLists(groundTruth);
  return evaluateKind(kindOf(familyOf(groundTruth.categories)), resultOf, params, groundTruth, detections);
};

/** As `cocoAccumulator`, by Open Images' rules; an image is given as its row. */
export const openImagesAccumulator = (
  categories: readonly CocoCategory[],
  options: Omit<CocoOptions, 'imgIds'> = {},
): Accumulator<OpenImagesAnnotation, CocoDetection, CocoResult> => {
  const params = paramsOf(options);
  requireCategories(categories);
  return accumulatorOf(kindOf(familyOf(categories)), resultOf, params, categories);
};
