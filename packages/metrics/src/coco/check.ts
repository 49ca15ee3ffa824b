/** Looks at lists in memory by the rules of the readers, and stops at the first row that breaks one. */
import type { Broken, Rules } from '../check/rows.ts';
import { boxless, categoryRules, checkDistinct, checkRows, imageRules, isRow } from '../check/rows.ts';
import { shown } from '../check/words.ts';
import { CocoInputError } from './input.ts';

const throwing =
  (list: string): Broken =>
  (row, key, found, expected) => {
    const at = key === undefined ? `${list}[${row}]` : `${list}[${row}].${key}`;
    const place = key === undefined ? { list, row } : { list, row, key };
    throw new CocoInputError(`${at}: found ${shown(found)}, expected ${expected}.`, place);
  };

/** @throws CocoInputError naming the row. */
export const requireRows = (rows: unknown, list: string, rules: Rules): void => {
  if (!Array.isArray(rows)) {
    throw new CocoInputError(`${list}: found ${shown(rows)}, expected a list.`, { list });
  }
  const lost = 'bbox' in rules ? boxless(rows) : undefined;
  if (lost !== undefined) {
    throw new CocoInputError(`${list}: found ${lost.found}, expected ${lost.expected}.`, { list, key: 'bbox' });
  }
  checkRows(rows, rules, throwing(list));
};

/** The same, and no two rows have one id. */
export const requireDistinct = (rows: unknown, list: string, rules: Rules): void => {
  requireRows(rows, list, rules);
  checkDistinct(rows as readonly unknown[], list, throwing(list));
};

export const requireImages = (images: unknown): void => requireDistinct(images, 'images', imageRules);
export const requireCategories = (categories: unknown): void =>
  requireDistinct(categories, 'categories', categoryRules);

/** Looks at the lists of images and categories. */
export const requireLists = (groundTruth: unknown): void => {
  if (!isRow(groundTruth)) {
    const expected = 'an object with images, annotations, categories';
    throw new CocoInputError(`groundTruth: found ${shown(groundTruth)}, expected ${expected}.`);
  }
  requireImages(groundTruth.images);
  requireCategories(groundTruth.categories);
};
