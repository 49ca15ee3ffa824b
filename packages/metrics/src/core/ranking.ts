/**
 * One category's detections over all images, in the order in which an evaluator counts them: images ascending, then a
 * stable sort by descending score.
 */
import { descending } from './order.ts';
import type { GroupPlace, TallyChunk } from './tally.ts';

/** The order alone, which evaluations of the same boxes by several overlaps share. */
export interface Ranks {
  /** Descending. */
  readonly scores: Float64Array;
  /** Place of a detection among those of its own image, from 0: what a limit on detections an image cuts off. */
  readonly rank: Uint32Array;
  /** Place of its group in the list that the ranking was made of. */
  readonly group: Uint32Array;
  /** Where the detection that comes i-th in the groups lies in the order. */
  readonly place: Uint32Array;
}

export interface Ranking extends Ranks {
  /** `[area]`: objects to find. */
  readonly positives: Float64Array;
  /** `[area, word, detection]` */
  readonly found: Uint32Array;
  readonly ignored: Uint32Array;
}

export const ranksOf = (places: readonly GroupPlace[]): Ranks => {
  let n = 0;
  for (const { chunk, group } of places) n += chunk.groupStart[group + 1] - chunk.groupStart[group];
  const plainScores = new Float64Array(n);
  let at = 0;
  for (const { chunk, group } of places) {
    const end = chunk.groupStart[group + 1];
    for (let d = chunk.groupStart[group]; d < end; d++) plainScores[at++] = chunk.scores[d];
  }
  const order = descending(plainScores);
  const place = new Uint32Array(n);
  const scores = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    place[order[i]] = i;
    scores[i] = plainScores[order[i]];
  }
  const rank = new Uint32Array(n);
  const groupOf = new Uint32Array(n);
  at = 0;
  for (let index = 0; index < places.length; index++) {
    const { chunk, group } = places[index];
    const count = chunk.groupStart[group + 1] - chunk.groupStart[group];
    for (let d = 0; d < count; d++) {
      const to = place[at++];
      rank[to] = d;
      groupOf[to] = index;
    }
  }
  return { scores, rank, group: groupOf, place };
};

/** What an overlap decides of a chunk. */
export type Bits = Pick<TallyChunk, 'positives' | 'found' | 'ignored'>;

/**
 * @param ranks of the same groups, when they are known already.
 * @param bits in place of those of the chunk that all groups are of.
 */
export const rankingOf = (
  places: readonly GroupPlace[],
  areas: number,
  words: number,
  ranks: Ranks = ranksOf(places),
  bits?: Bits,
): Ranking => {
  const n = ranks.scores.length;
  const positives = new Float64Array(areas);
  const lanes = areas * words;
  const found = new Uint32Array(lanes * n);
  const ignored = new Uint32Array(lanes * n);
  let at = 0;
  for (const { chunk, group } of places) {
    const from = bits ?? chunk;
    for (let a = 0; a < areas; a++) positives[a] += from.positives[group * areas + a];
    const end = chunk.groupStart[group + 1];
    for (let d = chunk.groupStart[group]; d < end; d++) {
      const to = ranks.place[at++];
      for (let lane = 0; lane < lanes; lane++) {
        found[lane * n + to] = from.found[d * lanes + lane];
        ignored[lane * n + to] = from.ignored[d * lanes + lane];
      }
    }
  }
  return { ...ranks, positives, found, ignored };
};
