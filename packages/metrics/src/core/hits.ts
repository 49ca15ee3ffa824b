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
  /** Wrong detections in all. */
  readonly wrong: number;
}

/** `limit` is the place in the list of limits. */
export type VisitHits = (
  ranking: Ranking,
  area: number,
  visit: (limit: number, threshold: number, hits: Hits) => void,
) => void;

/** For each detection the place of the first limit that lets it in; `limits.length` where none does. */
const admissionOf = (rank: Uint32Array, limits: readonly number[]): Uint8Array => {
  const admission = new Uint8Array(rank.length);
  for (let i = 0; i < rank.length; i++) {
    let m = 0;
    while (m < limits.length && rank[i] >= limits[m]) m++;
    admission[i] = m;
  }
  return admission;
};

const lowestBit = (bits: number): number => 31 - Math.clz32(bits & -bits);

/**
 * A function that calls `visit` with the hits of every limit of detections an image (ascending) and every threshold, for
 * one area range. One pass serves all of them: most detections are wrong at every threshold, which a single comparison
 * of the bits tells, and count from one limit on, which a single counter notes. Buffers are reused from call to call.
 */
export const hitsVisitor = (limits: readonly number[], thresholds: number): VisitHits => {
  const M = limits.length;
  const words = Math.ceil(thresholds / 32);
  let counted = new Uint32Array(0);
  let scoreAt = new Float64Array(0);
  let known: Uint32Array | undefined;
  let admission: Uint8Array = new Uint8Array(0);

  return (ranking, area, visit) => {
    const { scores, rank, found, ignored } = ranking;
    const n = scores.length;
    if (rank !== known) {
      admission = admissionOf(rank, limits);
      known = rank;
    }
    // An object that is to be found is found once at most.
    const most = ranking.positives[area];
    const room = M * Math.min(32, thresholds) * most;
    if (counted.length < room) {
      counted = new Uint32Array(2 * room);
      scoreAt = new Float64Array(2 * room);
    }
    for (let word = 0; word < words; word++) {
      const first = word * 32;
      const lanes = Math.min(32, thresholds - first);
      const all = lanes === 32 ? 0xffffffff : 2 ** lanes - 1;
      const at = (area * words + word) * n;
      // [limit, threshold]
      const hits = new Uint32Array(M * lanes);
      // Detections that count from a limit on: [limit], and of these the ignored ones: [limit, threshold].
      const entered = new Uint32Array(M + 1);
      const skipped = new Uint32Array((M + 1) * lanes);
      for (let i = 0; i < n; i++) {
        const out = ignored[at + i];
        if (out === all) continue;
        const from = admission[i];
        entered[from]++;
        for (let bits = out; bits !== 0; bits &= bits - 1) skipped[from * lanes + lowestBit(bits)]++;
        // A threshold's bit in `found` is not set where `ignored` is.
        for (let bits = found[at + i]; bits !== 0; bits &= bits - 1) {
          const t = lowestBit(bits);
          let count = 0;
          for (let m = 0; m < M; m++) {
            count += entered[m] - skipped[m * lanes + t];
            if (m < from) continue;
            const c = (m * lanes + t) * most + hits[m * lanes + t]++;
            counted[c] = count;
            scoreAt[c] = scores[i];
          }
        }
      }
      const seen = new Uint32Array(lanes);
      for (let m = 0; m < M; m++) {
        for (let t = 0; t < lanes; t++) {
          const lane = m * lanes + t;
          const count = hits[lane];
          seen[t] += entered[m] - skipped[lane];
          visit(m, first + t, {
            count,
            counted: counted.subarray(lane * most, lane * most + count),
            scores: scoreAt.subarray(lane * most, lane * most + count),
            wrong: seen[t] - count,
          });
        }
      }
    }
  };
};
