/** Rows that are counted because they were left out or are taken otherwise elsewhere, with a few of their ids. */
import type { Id } from '../core/tally.ts';
import { compareIds } from '../core/tally.ts';

export interface Counted {
  readonly count: number;
  /** The first few ids, ascending, so that counts of parts merge in any order. */
  readonly ids: readonly Id[];
}

const few = 3;
export const none: Counted = { count: 0, ids: [] };
/** A count of rows whose ids say nothing. */
export const plainCount = (count: number): Counted => (count === 0 ? none : { count, ids: [] });

const firstOf = (ids: Iterable<Id>): readonly Id[] => {
  const first: Id[] = [];
  for (const id of ids) {
    if (first.length === few && compareIds(id, first[few - 1]) >= 0) continue;
    if (first.includes(id)) continue;
    first.push(id);
    first.sort(compareIds);
    if (first.length > few) first.pop();
  }
  return first;
};

export const countIds = (ids: readonly Id[]): Counted =>
  ids.length === 0 ? none : { count: ids.length, ids: firstOf(ids) };

export const addCounted = (a: Counted, b: Counted): Counted =>
  a.count === 0 ? b : b.count === 0 ? a : { count: a.count + b.count, ids: firstOf([...a.ids, ...b.ids]) };
