/** Images and categories, each once and ascending, which is the order of every result; and which of them are evaluated. */
import { OptionError } from '../check/options.ts';
import { shown } from '../check/words.ts';
import type { Id } from '../core/tally.ts';
import { compareIds } from '../core/tally.ts';
import type { CocoCategory, CocoImage } from './input.ts';
import type { CocoParams } from './params.ts';

export interface CategoryIndex {
  readonly categories: readonly CocoCategory[];
  /** Place in `categories`; -1 for a category that is not evaluated. */
  readonly categoryAt: ReadonlyMap<number, number>;
  /** All categories are one; a row's place is 0 and `categoryAt` tells only the order of rows in an image. */
  readonly agnostic: boolean;
}

export interface CocoIndex extends CategoryIndex {
  readonly images: readonly Id[];
  /** Place in `images`; -1 for an image of the truth that is not evaluated. */
  readonly imageAt: ReadonlyMap<Id, number>;
}

/** The one category of a class-agnostic evaluation. */
const everything: CocoCategory = { id: -1, name: 'all' };

const placesOf = <A extends Id>(known: readonly A[], chosen: readonly A[]): ReadonlyMap<A, number> => {
  const places = new Map<A, number>();
  for (const id of known) places.set(id, -1);
  for (let i = 0; i < chosen.length; i++) places.set(chosen[i]!, i);
  return places;
};

const ascending = <A extends Id>(ids: Iterable<A>): readonly A[] => [...new Set(ids)].sort(compareIds);

/** Those of `known` that are asked for. */
const subset = <A extends Id>(known: readonly A[], asked: readonly A[] | undefined): readonly A[] => {
  if (asked === undefined) return known;
  const wanted = new Set(asked);
  return known.filter((id) => wanted.has(id));
};

export type IndexParams = Pick<CocoParams, 'useCats' | 'imgIds' | 'catIds'>;
const whole: IndexParams = { useCats: true };

export const categoriesOf = (
  categories: readonly CocoCategory[],
  { useCats, catIds }: IndexParams = whole,
): CategoryIndex => {
  const named = new Map(categories.map((category) => [category.id, category]));
  const known = ascending(named.keys());
  const kept = subset(known, catIds);
  return {
    categories: useCats ? kept.map((id) => named.get(id) ?? { id }) : [everything],
    categoryAt: placesOf(known, kept),
    agnostic: !useCats,
  };
};

export const indexOf = (
  images: readonly CocoImage[],
  categories: CategoryIndex,
  { imgIds }: IndexParams = whole,
): CocoIndex => {
  const known = ascending(images.map((image) => image.id));
  const chosen = subset(known, imgIds);
  return { ...categories, images: chosen, imageAt: placesOf(known, chosen) };
};

/** @throws OptionError when a subset names what the truth does not have. */
export const refuseUnknown = ({ imageAt, categoryAt }: Partial<CocoIndex>, { imgIds, catIds }: IndexParams): void => {
  const check = <A extends Id>(name: string, ids: readonly A[] | undefined, known?: ReadonlyMap<A, number>): void => {
    if (known === undefined) return;
    const lost = ids?.find((id) => !known.has(id));
    if (lost === undefined) return;
    const text = typeof lost === 'string' && known.has(Number(lost) as A) ? '; its ids are numbers' : '';
    throw new OptionError(name, `${name}: the ground truth has no ${shown(lost)}${text}.`);
  };
  check('imgIds', imgIds, imageAt);
  check('catIds', catIds, categoryAt);
};
