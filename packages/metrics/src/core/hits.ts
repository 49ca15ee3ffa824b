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

/**
 * Calls `visit` with the hits of every threshold for one area range and one limit of detections an image.
 * The work is one step a detection plus one a hit, not one a detection and threshold: most detections are wrong at
 * every threshold, which a single comparison of the bits tells.
 */
export const visitHits = (
  ranking: Ranking,
  area: number,
  limit: number,
  thresholds: number,
  visit: (threshold: number, hits: Hits) => void,
): void => {
  const n = ranking.scores.length;
  const { scores, rank, found, ignored } = ranking;
  const words = Math.ceil(thresholds / 32);
  for (let word = 0; word < words; word++) {
    const first = word * 32;
    const lanes = Math.min(32, thresholds - first);
    const all = lanes === 32 ? 0xffffffff : 2 ** lanes - 1;
    const at = (area * words + word) * n;

    let most = 0;
    const count = new Uint32Array(lanes);
    for (let i = 0; i < n; i++) {
      // A threshold's bit in `found` is not set where `ignored` is.
      let bits = rank[i]! < limit ? found[at + i]! : 0;
      for (; bits !== 0; bits &= bits - 1) count[31 - Math.clz32(bits & -bits)]!++;
    }
    for (const c of count) most = Math.max(most, c);

    const counted = new Uint32Array(lanes * most);
    const scoreAt = new Float64Array(lanes * most);
    const hits = new Uint32Array(lanes);
    const skipped = new Uint32Array(lanes);
    let seen = 0;
    let taken = 0;
    for (let i = 0; i < n; i++) {
      if (rank[i]! >= limit) continue;
      taken++;
      const right = found[at + i]!;
      const out = ignored[at + i]!;
      if (out === all) continue;
      seen++;
      for (let bits = out; bits !== 0; bits &= bits - 1) skipped[31 - Math.clz32(bits & -bits)]!++;
      for (let bits = right; bits !== 0; bits &= bits - 1) {
        const t = 31 - Math.clz32(bits & -bits);
        const c = hits[t]!++;
        counted[t * most + c] = seen - skipped[t]!;
        scoreAt[t * most + c] = scores[i]!;
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
