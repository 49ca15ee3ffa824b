/**
 * A precision-recall curve turns only where an object is found, so it is kept as these events: for the c-th found object
 * how many detections had been counted by then, and the score there. Precision there is c / counted, recall c / positives.
 */
import type { Ranking } from './ranking.ts';

export interface Hits {
  /** Found objects. */
  readonly count: number;
  /** Detections counted (right or wrong) up to and with the c-th found object. Valid until the next call. */
  readonly counted: Uint32Array;
  readonly scores: Float64Array;
  /** Detections looked at, the ignored ones included. */
  readonly detections: number;
  /** Wrong detections in all. */
  readonly wrong: number;
}

export type VisitHits = (
  ranking: Ranking,
  area: number,
  limit: number,
  thresholds: number,
  visit: (threshold: number, hits: Hits) => void,
) => void;

/**
 * A function that calls `visit` with the hits of every threshold for one area range and one limit of detections an image.
 * The work is one step a detection plus one a hit, not one a detection and threshold: most detections are wrong at
 * every threshold, which a single comparison of the bits tells. Buffers are reused from call to call.
 */
export const hitsVisitor = (): VisitHits => {
  let counted = new Uint32Array(0);
  let scoreAt = new Float64Array(0);

  return (ranking, area, limit, thresholds, visit) => {
    const n = ranking.scores.length;
    const { scores, rank, found, ignored } = ranking;
    // An object that is to be found is found once at most.
    const most = ranking.positives[area]!;
    const words = Math.ceil(thresholds / 32);
    if (counted.length < most * Math.min(32, thresholds)) {
      counted = new Uint32Array(2 * most * Math.min(32, thresholds));
      scoreAt = new Float64Array(counted.length);
    }
    for (let word = 0; word < words; word++) {
      const first = word * 32;
      const lanes = Math.min(32, thresholds - first);
      const all = lanes === 32 ? 0xffffffff : 2 ** lanes - 1;
      const at = (area * words + word) * n;
      const hits = new Uint32Array(lanes);
      const skipped = new Uint32Array(lanes);
      let seen = 0;
      let taken = 0;
      for (let i = 0; i < n; i++) {
        if (rank[i]! >= limit) continue;
        taken++;
        const out = ignored[at + i]!;
        if (out === all) continue;
        seen++;
        for (let bits = out; bits !== 0; bits &= bits - 1) skipped[31 - Math.clz32(bits & -bits)]!++;
        // A threshold's bit in `found` is not set where `ignored` is.
        for (let bits = found[at + i]!; bits !== 0; bits &= bits - 1) {
          const t = 31 - Math.clz32(bits & -bits);
          const c = t * most + hits[t]!++;
          counted[c] = seen - skipped[t]!;
          scoreAt[c] = scores[i]!;
        }
      }
      for (let t = 0; t < lanes; t++) {
        visit(first + t, {
          count: hits[t]!,
          counted: counted.subarray(t * most, t * most + hits[t]!),
          scores: scoreAt.subarray(t * most, t * most + hits[t]!),
          detections: taken,
          wrong: seen - skipped[t]! - hits[t]!,
        });
      }
    }
  };
};
