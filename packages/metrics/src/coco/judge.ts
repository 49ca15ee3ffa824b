/** Matches of one image and category at every area range and threshold. Buffers are reused from group to group. */
import { cornerStride } from '../box/corners.ts';
import type { Group } from '../core/groups.ts';
import { matchAt } from './match.ts';
import type { CocoParams, Measure } from './params.ts';
import { ruleOf } from './params.ts';
import type { DetectionTable, TruthTable } from './tables.ts';

/** Valid until the next group is judged. */
export interface Judgement {
  /** `[area, object]`: 1 for an object that is not to be found there. */
  readonly ignored: Uint8Array;
  /** `[area]` */
  readonly toFind: Uint32Array;
  /** Detections (places in the group) that reach a threshold at all, in their order. */
  readonly candidates: Uint32Array;
  readonly candidateCount: number;
  /** `[area, threshold, candidate]`: the object (its place in the group), or -1. */
  readonly matches: Int32Array;
}

const grown = <T extends { readonly length: number }>(buffer: T, length: number, make: (length: number) => T): T =>
  buffer.length >= length ? buffer : make(2 * length);

const f64 = (n: number): Float64Array => new Float64Array(n);
const u32 = (n: number): Uint32Array => new Uint32Array(n);
const i32 = (n: number): Int32Array => new Int32Array(n);
const u8 = (n: number): Uint8Array => new Uint8Array(n);

/** What the boxes of a group have in common; buffers that grow with the groups. */
interface Meeting {
  /** `[detection, object]` */
  overlaps: Float64Array;
  /** Detections that reach the lowest threshold with any object, and the most that each overlaps. */
  candidates: Uint32Array;
  peaks: Float64Array;
  candidateCount: number;
}

/** Thresholds above this are beyond what rounding can make of boxes that do not touch. */
const beyondRounding = 1e-6;

const apart = (a: Float64Array, i: number, b: Float64Array, j: number): boolean =>
  a[i + 2] < b[j] || b[j + 2] < a[i] || a[i + 3] < b[j + 1] || b[j + 3] < a[i + 1];

/** Fills a meeting. Outside `compat` an overlap that is not a number counts as none; in it, as more than any threshold. */
const meetingOf = (
  truth: TruthTable,
  found: DetectionTable,
  params: Pick<CocoParams, 'compat'>,
  measure: Measure,
  lowest: number,
) => {
  const { overlap } = measure;
  const rule = ruleOf(params);
  const { compat } = params;
  const touching = measure.touching && lowest > beyondRounding;
  return (group: Group, into: Meeting): void => {
    const objects = group.objects.length;
    const { overlaps, candidates, peaks } = into;
    let count = 0;
    for (let d = 0; d < group.detections.length; d++) {
      const at = group.detections[d] * cornerStride;
      let peak = Number.NEGATIVE_INFINITY;
      for (let o = 0; o < objects; o++) {
        const object = group.objects[o];
        if (touching && apart(found.corners, at, truth.corners, object * cornerStride)) {
          overlaps[d * objects + o] = Number.NEGATIVE_INFINITY;
          continue;
        }
        const crowd = truth.crowd[object] !== 0;
        let value = overlap(found.corners, at, truth.corners, object * cornerStride, crowd, rule);
        if (value > peak) peak = value;
        else if (Number.isNaN(value)) {
          if (compat) peak = Number.POSITIVE_INFINITY;
          else value = Number.NEGATIVE_INFINITY;
        }
        overlaps[d * objects + o] = value;
      }
      if (peak < lowest) continue;
      candidates[count] = d;
      peaks[count++] = peak;
    }
    into.candidateCount = count;
  };
};

export type JudgeParams = Pick<CocoParams, 'areas' | 'thresholds' | 'compat'>;

export const judgeOf = (
  truth: TruthTable,
  found: DetectionTable,
  params: JudgeParams,
  measure: Measure,
): ((group: Group) => Judgement) => {
  const { areas, thresholds } = params;
  const lowest = thresholds.reduce((least, threshold) => Math.min(least, threshold), 1 - 1e-10);
  const meet = meetingOf(truth, found, params, measure, lowest);
  const toFind = u32(areas.length);
  const meeting: Meeting = { overlaps: f64(0), candidates: u32(0), peaks: f64(0), candidateCount: 0 };
  let ignored = u8(0);
  let crowd = u8(0);
  let taken = u8(0);
  let order = u32(0);
  let matches = i32(0);

  /** Fills row `a` of `ignored`, and the order in which objects are offered. */
  const arrange = (group: Group, a: number): void => {
    const { low, high } = areas[a];
    const objects = group.objects.length;
    let first = 0;
    for (let o = 0; o < objects; o++) {
      const row = group.objects[o];
      const area = truth.area[row];
      const out = truth.ignored[row] !== 0 || area < low || area > high;
      ignored[a * objects + o] = out ? 1 : 0;
      if (!out) order[first++] = o;
    }
    toFind[a] = first;
    for (let o = 0; o < objects; o++) if (ignored[a * objects + o] !== 0) order[first++] = o;
  };

  /** An earlier area range with the same objects to find has the same matches. */
  const twinOf = (a: number, objects: number): number => {
    for (let b = 0; b < a; b++) {
      let o = 0;
      while (o < objects && ignored[a * objects + o] === ignored[b * objects + o]) o++;
      if (o === objects) return b;
    }
    return -1;
  };

  return (group) => {
    const objects = group.objects.length;
    const detections = group.detections.length;
    meeting.overlaps = grown(meeting.overlaps, objects * detections, f64);
    meeting.candidates = grown(meeting.candidates, detections, u32);
    meeting.peaks = grown(meeting.peaks, detections, f64);
    ignored = grown(ignored, objects * areas.length, u8);
    crowd = grown(crowd, objects, u8);
    taken = grown(taken, objects, u8);
    order = grown(order, objects, u32);

    meet(group, meeting);
    const { overlaps, candidates, peaks, candidateCount } = meeting;
    for (let o = 0; o < objects; o++) crowd[o] = truth.crowd[group.objects[o]];

    const rows = thresholds.length * candidateCount;
    matches = grown(matches, areas.length * rows, i32);
    for (let a = 0; a < areas.length; a++) {
      arrange(group, a);
      if (candidateCount === 0) continue;
      const twin = twinOf(a, objects);
      if (twin >= 0) {
        matches.copyWithin(a * rows, twin * rows, (twin + 1) * rows);
        continue;
      }
      const input = { objects, overlaps, order, toFind: toFind[a], crowd, candidates, peaks, candidateCount };
      for (let t = 0; t < thresholds.length; t++) {
        matchAt(thresholds[t], input, taken, matches, a * rows + t * candidateCount);
      }
    }
    return { ignored, toFind, candidates, candidateCount, matches };
  };
};
