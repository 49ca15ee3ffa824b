/**
 * COCO's matching of the detections of one image and category with its objects (evaluateImg of pycocotools): for each
 * threshold the detections choose in the order of their scores, each the object it overlaps most among the free ones.
 */

export interface MatchInput {
  readonly objects: number;
  /** `[detection, object]` */
  readonly overlaps: Float64Array;
  /** The objects in the order in which they are offered: those to find first, then the ignored ones. */
  readonly order: Uint32Array;
  readonly toFind: number;
  readonly crowd: Uint8Array;
  /** Detections that reach any threshold with any object; the others match nothing. */
  readonly candidates: Uint32Array;
  /** The largest overlap of each candidate with any object. */
  readonly peaks: Float64Array;
  readonly candidateCount: number;
}

/** An overlap just below 1 is as good as 1. */
const nearlyOne = 1 - 1e-10;

/**
 * Writes to `match[at + candidate]` the object that a candidate is matched with, or -1.
 * An overlap of NaN, which only `compat` lets through, is never below the best so far and so replaces it.
 */
export const matchAt = (
  threshold: number,
  input: MatchInput,
  taken: Uint8Array,
  match: Int32Array,
  at: number,
): void => {
  const { objects, overlaps, order, toFind, crowd, candidates, peaks, candidateCount } = input;
  const least = Math.min(threshold, nearlyOne);
  taken.fill(0, 0, objects);
  for (let c = 0; c < candidateCount; c++) {
    let best = least;
    let chosen = -1;
    if (peaks[c] < best) {
      match[at + c] = -1;
      continue;
    }
    const row = candidates[c] * objects;
    for (let o = 0; o < objects; o++) {
      // Once an object to find is chosen, an ignored one cannot replace it.
      if (o === toFind && chosen >= 0) break;
      const object = order[o];
      if (taken[object] !== 0 && crowd[object] === 0) continue;
      const overlap = overlaps[row + object];
      if (overlap < best) continue;
      best = overlap;
      chosen = object;
    }
    match[at + c] = chosen;
    if (chosen >= 0) taken[chosen] = 1;
  }
};
