/** Pictures with nearly the same hash, found without comparing each with each. */
import { distanceOf, type Likeness, ones } from './likeness.ts';

const bands = 4;
const bandBits = 16;
const bandValues = 1 << bandBits;
const bandOf = (likeness: Likeness, band: number): number =>
  (likeness[band >> 1] >>> (bandBits * (band & 1))) & (bandValues - 1);

export type Pair = { readonly first: number; readonly second: number; readonly distance: number };

const foundBefore = (a: Likeness, b: Likeness, band: number, most: number): boolean => {
  for (let earlier = 0; earlier < band; earlier++) {
    if (ones(bandOf(a, earlier) ^ bandOf(b, earlier)) <= most) return true;
  }
  return false;
};

/**
 * All pairs at most `distance` apart, each once. Of two such hashes one of the four 16-bit bands differs by a quarter of
 * that at most (Norouzi, Punjani and Fleet, Multi-Index Hashing, 2012), so only pictures that share almost a band are
 * compared: for small distances next to n log n.
 */
export const pairsWithin = (hashes: readonly Likeness[], distance: number): readonly Pair[] => {
  const most = Math.floor(distance / bands);
  const masks = Array.from({ length: bandValues }, (_, v) => v).filter((v) => ones(v) <= most);
  const pairs: Pair[] = [];
  for (let band = 0; band < bands; band++) {
    const seen = new Map<number, number[]>();
    for (const [second, hash] of hashes.entries()) {
      const own = bandOf(hash, band);
      for (const mask of masks) {
        for (const first of seen.get(own ^ mask) ?? []) {
          const apart = distanceOf(hashes[first], hash);
          if (apart > distance) continue;
          if (!foundBefore(hashes[first], hash, band, most)) pairs.push({ first, second, distance: apart });
        }
      }
      const group = seen.get(own);
      if (group) group.push(second);
      else seen.set(own, [second]);
    }
  }
  return pairs;
};

/** What is joined by pairs, directly or by way of others; `distance` is the largest of these pairs'. */
export type Group = { readonly members: readonly number[]; readonly distance: number };

/** The connected parts with at least one pair, by their first members. */
export const groupsOf = (count: number, pairs: readonly Pair[]): readonly Group[] => {
  const parent = Int32Array.from({ length: count }, (_, i) => i);
  const rootOf = (i: number): number => {
    let root = i;
    while (parent[root] !== root) {
      parent[root] = parent[parent[root]];
      root = parent[root];
    }
    return root;
  };
  for (const { first, second } of pairs) {
    const [a, b] = [rootOf(first), rootOf(second)];
    parent[Math.max(a, b)] = Math.min(a, b);
  }
  const groups = new Map<number, { readonly members: Set<number>; distance: number }>();
  for (const { first, second, distance } of pairs) {
    const root = rootOf(first);
    const group = groups.get(root) ?? { members: new Set<number>(), distance: 0 };
    group.members.add(first).add(second);
    group.distance = Math.max(group.distance, distance);
    groups.set(root, group);
  }
  return [...groups.values()]
    .map(({ members, distance }) => ({ members: [...members].sort((a, b) => a - b), distance }))
    .sort((a, b) => a.members[0] - b.members[0]);
};
