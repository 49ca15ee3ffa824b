/**
 * Which buffer each value in scratch memory has. Values that are shapes of one memory share a `place`; buffers are used again
 * by values that come later, the smallest that is large enough first. (One buffer for everything, as on a CPU, is not
 * allowed: a kernel may not read and write the same buffer.)
 */

import type { Place, Program, ValueId } from '../plan/program.ts';
import { valuesOf } from '../plan/program.ts';

export type Slots = {
  /** Bytes of each buffer. */
  readonly sizes: readonly number[];
  /** Index of the buffer of a scratch place. */
  readonly of: ReadonlyMap<Place, number>;
};

/** `bytesOf` a value as it is stored. */
export const assignSlots = ({ values, steps }: Program, bytesOf: (id: ValueId) => number): Slots => {
  const lives = new Map<Place, { bytes: number; first: number; last: number }>();
  steps.forEach((step, at) => {
    for (const id of valuesOf(step)) {
      const { place } = values[id];
      if (place.kind !== 'scratch') continue;
      const life = lives.get(place) ?? { bytes: 0, first: at, last: at };
      life.bytes = Math.max(life.bytes, bytesOf(id));
      life.last = at;
      lives.set(place, life);
    }
  });
  const sizes: number[] = [];
  const free: number[] = [];
  const of = new Map<Place, number>();
  const ending = new Map<number, number[]>();
  const starts = [...lives].sort(([, a], [, b]) => a.first - b.first);
  let next = 0;
  for (let at = 0; at < steps.length; at++) {
    for (; next < starts.length && starts[next][1].first === at; next++) {
      const [place, { bytes, last }] = starts[next];
      const fitting = free.filter((slot) => sizes[slot] >= bytes).sort((a, b) => sizes[a] - sizes[b])[0];
      const largest = [...free].sort((a, b) => sizes[b] - sizes[a])[0];
      // A free one that is too small grows rather than that a new one is made.
      const slot = fitting ?? largest ?? sizes.push(0) - 1;
      sizes[slot] = Math.max(sizes[slot], bytes);
      if (free.includes(slot)) free.splice(free.indexOf(slot), 1);
      of.set(place, slot);
      ending.set(last, [...(ending.get(last) ?? []), slot]);
    }
    for (const slot of ending.get(at) ?? []) free.push(slot);
  }
  return { sizes, of };
};
