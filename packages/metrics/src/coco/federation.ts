/**
 * Data sets whose images are labelled for some categories only: LVIS (Gupta et al., CVPR 2019; lvis-api 0.5.3) and Open Images.
 * A detection of a category that its image was not labelled for says nothing and is left out; one of a category that is
 * labelled in part is left out where it matches nothing.
 */
import type { Rules } from '../check/rows.ts';
import { isWhole } from '../check/rows.ts';
import { descending } from '../core/order.ts';
import type { Id } from '../core/tally.ts';
import { requireRows } from './check.ts';
import { countIds } from './counts.ts';
import type { CocoIndex } from './index-of.ts';
import type { CocoImage } from './input.ts';
import type { CocoParams, Federation } from './params.ts';
import type { FoundRow, Labelling, TruthRow } from './tables.ts';

/** What an image says of its labels. */
export interface LabelledImage extends CocoImage {
  /** Categories that were looked for and are not there. */
  readonly neg_category_ids?: readonly number[];
  /** Categories of which some objects are not labelled. */
  readonly not_exhaustive_category_ids?: readonly number[];
  /** Categories that are there, where no object says so (Open Images). */
  readonly pos_category_ids?: readonly number[];
}

/** LVIS looks at so many detections of an image, whatever their categories. */
const imageLimits: Readonly<Record<Federation, number>> = { lvis: 300, 'open-images': Number.POSITIVE_INFINITY };

const ids = (needed: boolean) => ({
  holds: (value: unknown) => (Array.isArray(value) ? value.every(isWhole) : !needed && value === undefined),
  text: "a list of categories' ids",
});
const imageRules: Readonly<Record<Federation, Rules>> = /* @__PURE__ */ (() => ({
  lvis: { neg_category_ids: ids(true), not_exhaustive_category_ids: ids(true) },
  'open-images': { neg_category_ids: ids(false), pos_category_ids: ids(false) },
}))();

type Places = readonly (ReadonlySet<number> | undefined)[];

/** By image the categories that one of its keys names, as places. */
const namedBy = (
  images: readonly LabelledImage[],
  { imageAt, categoryAt }: CocoIndex,
  key: 'neg_category_ids' | 'not_exhaustive_category_ids' | 'pos_category_ids',
): Places => {
  const places: (ReadonlySet<number> | undefined)[] = [];
  for (const image of images) {
    const [named, place] = [image[key], imageAt.get(image.id)];
    if (named !== undefined && place !== undefined && place >= 0)
      places[place] = new Set(named.map((id) => categoryAt.get(id) ?? -1));
  }
  return places;
};

/** By image the categories that have an object there. */
const presentIn = (annotations: readonly TruthRow[], { imageAt, categoryAt }: CocoIndex): Places => {
  const places: (Set<number> | undefined)[] = [];
  for (const { image_id, category_id } of annotations) {
    const [image, category] = [imageAt.get(image_id), categoryAt.get(category_id)];
    if (image === undefined || image < 0 || category === undefined) continue;
    places[image] ??= new Set();
    places[image].add(category);
  }
  return places;
};

/** Rows beyond the limit of their image, by score. */
const beyond = (detections: readonly FoundRow[], limit: number): ReadonlySet<number> => {
  const out = new Set<number>();
  if (limit === Number.POSITIVE_INFINITY) return out;
  const byImage = new Map<Id, number[]>();
  detections.forEach(({ image_id }, i) => {
    const rows = byImage.get(image_id);
    if (rows === undefined) byImage.set(image_id, [i]);
    else rows.push(i);
  });
  for (const rows of byImage.values()) {
    if (rows.length <= limit) continue;
    const order = descending(Float64Array.from(rows, (row) => detections[row].score));
    for (let i = limit; i < order.length; i++) out.add(rows[order[i]]);
  }
  return out;
};

/**
 * The rules of a federation for the detections of some images; rows are looked at before.
 * @throws CocoInputError naming an image that does not say what it is labelled for.
 */
export const labellingOf = (
  images: readonly CocoImage[],
  annotations: readonly TruthRow[],
  detections: readonly FoundRow[],
  index: CocoIndex,
  { federation }: Pick<CocoParams, 'federation'>,
): Labelling | undefined => {
  if (federation === undefined) return undefined;
  requireRows(images, 'images', imageRules[federation]);
  const negative = namedBy(images, index, 'neg_category_ids');
  const positive = namedBy(images, index, 'pos_category_ids');
  const partly = namedBy(images, index, 'not_exhaustive_category_ids');
  const present = presentIn(annotations, index);
  const far = beyond(detections, imageLimits[federation]);
  const unlabelled: Id[] = [];
  const beyondLimit: Id[] = [];
  const says = (image: number, category: number): boolean =>
    [negative, positive, present].some((places) => places[image]?.has(category));
  /** An image of Open Images that names no categories is taken as labelled for all. */
  const isForAll = (image: number): boolean => negative[image] === undefined && positive[image] === undefined;
  return {
    admits: (row, image, category) => {
      if (far.has(row)) beyondLimit.push(detections[row].image_id);
      else if (isForAll(image) || says(image, category)) return true;
      else unlabelled.push(detections[row].image_id);
      return false;
    },
    isLoose: (image, category) => partly[image]?.has(category) ?? false,
    leftOut: () => ({ unlabelled: countIds(unlabelled), beyondLimit: countIds(beyondLimit) }),
  };
};
