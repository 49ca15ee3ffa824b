/**
 * One category's detections over all images, in the order in which an evaluator counts them: images ascending, then a
 * stable sort by descending score.
 */
import { descending } from './order.ts';
import type { GroupPlace } from './tally.ts';

export interface Ranking {
  /** `[area]`: objects to find. */
  readonly positives: Float64Array;
  /** Descending. */
  readonly scores: Float64Array;
  /** Place of a detection among those of its own image, from 0: what a limit on detections an image cuts off. */
  readonly rank: Uint32Array;
  /** Place of its group in the list that the ranking was made of. */
  readonly group: Uint32Array;
  /** `[area, word, detection]` */
  readonly found: Uint32Array;
  readonly ignored: Uint32Array;
}

export const rankingOf = (places: readonly GroupPlace[], areas: number, words: number): Ranking => {
  let n = 0;
  for (const { chunk, group } of places) n += chunk.groupStart[group + 1]! - chunk.groupStart[group]!;
  const positives = new Float64Array(areas);
  const scores = new Float64Array(n);
  const rank = new Uint32Array(n);
  const groupOf = new Uint32Array(n);
  let at = 0;
  for (const [index, { chunk, group }] of places.entries()) {
    for (let a = 0; a < areas; a++) positives[a]! += chunk.positives[group * areas + a]!;
    const start = chunk.groupStart[group]!;
    const end = chunk.groupStart[group + 1]!;
    for (let d = start; d < end; d++) {
      scores[at] = chunk.scores[d]!;
      groupOf[at] = index;
      rank[at++] = d - start;
    }
  }
  const order = descending(scores);
  const place = new Uint32Array(n);
  for (let i = 0; i < n; i++) place[order[i]!] = i;

  const lanes = areas * words;
  const found = new Uint32Array(lanes * n);
  const ignored = new Uint32Array(lanes * n);
  at = 0;
  for (const { chunk, group } of places) {
    const end = chunk.groupStart[group + 1]!;
    for (let d = chunk.groupStart[group]!; d < end; d++) {
      const to = place[at++]!;
      for (let lane = 0; lane < lanes; lane++) {
        found[lane * n + to] = chunk.found[d * lanes + lane]!;
        ignored[lane * n + to] = chunk.ignored[d * lanes + lane]!;
      }
    }
  }
  return {
    positives,
    scores: scores.map((_, i) => scores[order[i]!]!),
    rank: rank.map((_, i) => rank[order[i]!]!),
    group: groupOf.map((_, i) => groupOf[order[i]!]!),
    found,
    ignored,
  };
};
