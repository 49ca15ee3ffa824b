/** Many masks in columns, and how far two of them overlap. */
import type { Rle } from './rle.ts';
import { maskArea, maskBox, readRuns } from './rle.ts';
import type { TextMask } from './segmentation.ts';
import { maskOf, refusePixels } from './segmentation.ts';

/** Runs of all masks one after another. */
export interface MaskColumn {
  readonly length: number;
  /** `[mask + 1]`: where the runs of a mask start. */
  readonly start: Float64Array;
  readonly runs: Uint32Array;
  /** `[mask, 4]`: x, y, width, height of the pixels. */
  readonly boxes: Float64Array;
  readonly area: Float64Array;
  /** `[mask, 2]` */
  readonly sizes: Uint32Array;
  /** No mask has an empty run but the first. */
  readonly plain: boolean;
}

/** What a walk over the runs of a mask finds. */
interface Walked {
  readonly pixels: number;
  readonly area: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** A run is empty that is not the first. */
  readonly holed: boolean;
}

const walk = (runs: Uint32Array, from: number, to: number, height: number): Walked => {
  let area = 0;
  let holed = false;
  let left = Number.POSITIVE_INFINITY;
  let right = -1;
  let top = height;
  let bottom = -1;
  let end = 0;
  // The column of the pixel at hand, and its first pixel.
  let x = 0;
  let first = 0;
  for (let i = from; i + 1 < to; i += 2) {
    const gap = runs[i];
    const run = runs[i + 1];
    if (run === 0 || (gap === 0 && i > from)) holed = true;
    const start = end + gap;
    end = start + run;
    area += run;
    if (start >= first + height) {
      const columns = start < first + 2 * height ? 1 : Math.floor((start - first) / height);
      x += columns;
      first += columns * height;
    }
    if (left > x) left = x;
    const over = end - first;
    if (over <= height) {
      if (start - first < top) top = start - first;
      if (over > bottom) bottom = over;
      right = x;
    } else {
      top = 0;
      bottom = height;
      right = x + Math.floor((over - 1) / height);
    }
  }
  const last = (to - from) % 2 === 1 ? runs[to - 1] : 0;
  if ((to - from) % 2 === 1 && last === 0 && to - from > 1) holed = true;
  return { pixels: end + last, area, left, top, right, bottom, holed };
};

/**
 * Makes a column, one mask after another.
 * @param capacity runs that there will be about.
 */
export const maskBuilder = (length: number, capacity = 1024) => {
  let runs = new Uint32Array(capacity);
  const start = new Float64Array(length + 1);
  const boxes = new Float64Array(4 * length);
  const area = new Float64Array(length);
  const sizes = new Uint32Array(2 * length);
  let [count, plain] = [0, true];
  const room = (more: number): number => {
    const at = start[count];
    if (runs.length < at + more) {
      const larger = new Uint32Array(2 * (at + more));
      larger.set(runs.subarray(0, at));
      runs = larger;
    }
    return at;
  };
  const end = (at: number, height: number, width: number): void => {
    sizes[2 * count] = height;
    sizes[2 * count + 1] = width;
    start[++count] = at;
  };
  const add = (mask: Rle): void => {
    const { counts, height, width } = mask;
    const at = room(counts.length);
    runs.set(counts, at);
    boxes.set(maskBox(mask), 4 * count);
    area[count] = maskArea(mask);
    for (let i = 1; i < counts.length && plain; i++) plain = counts[i] !== 0;
    end(at + counts.length, height, width);
  };
  /** @throws MaskError */
  const addText = (mask: TextMask): void => {
    const { height, width } = mask;
    const at = room(mask.counts.length);
    const to = at + readRuns(mask.counts, runs, at);
    const walked = walk(runs, at, to, height);
    if (walked.pixels !== height * width) refusePixels(walked.pixels, height, width);
    if (walked.holed) {
      add(maskOf({ size: [height, width], counts: mask.counts }));
      return;
    }
    const { left, top, right, bottom } = walked;
    if (right >= 0) {
      boxes[4 * count] = left;
      boxes[4 * count + 1] = top;
      boxes[4 * count + 2] = right - left + 1;
      boxes[4 * count + 3] = bottom - top;
    }
    area[count] = walked.area;
    end(to, height, width);
  };
  const done = (): MaskColumn => ({
    length: count,
    start,
    boxes,
    area,
    sizes,
    plain,
    runs: runs.subarray(0, start[count]),
  });
  return { add, addText, done };
};

export const maskColumn = (masks: readonly Rle[]): MaskColumn => {
  const { add, done } = maskBuilder(masks.length);
  for (const mask of masks) add(mask);
  return done();
};

const touch = (a: Float64Array, i: number, b: Float64Array, j: number): boolean =>
  Math.min(a[i] + a[i + 2], b[j] + b[j + 2]) - Math.max(a[i], b[j]) > 0 &&
  Math.min(a[i + 1] + a[i + 3], b[j + 1] + b[j + 3]) - Math.max(a[i + 1], b[j + 1]) > 0;

/** Pixels that two masks share, where no run is empty but the first: the stretches of both, side by side. */
const shared = (a: MaskColumn, i: number, b: MaskColumn, j: number): number => {
  const [lastA, lastB] = [a.start[i + 1] - 1, b.start[j + 1] - 1];
  const [runsA, runsB] = [a.runs, b.runs];
  let [atA, atB] = [a.start[i], b.start[j]];
  let fromA = runsA[atA];
  let toA = fromA + runsA[atA + 1];
  let fromB = runsB[atB];
  let toB = fromB + runsB[atB + 1];
  let intersection = 0;
  for (;;) {
    const from = Math.max(fromA, fromB);
    const to = Math.min(toA, toB);
    if (to > from) intersection += to - from;
    if (toA <= toB) {
      atA += 2;
      if (atA >= lastA) return intersection;
      fromA = toA + runsA[atA];
      toA = fromA + runsA[atA + 1];
    } else {
      atB += 2;
      if (atB >= lastB) return intersection;
      fromB = toB + runsB[atB];
      toB = fromB + runsB[atB + 1];
    }
  }
};

/**
 * IoU of mask `i` of `a` with mask `j` of `b`; when `b` is a crowd, I / area of `a`. -1 between masks of different sizes,
 * as pycocotools has it.
 */
export const maskIou = (a: MaskColumn, i: number, b: MaskColumn, j: number, crowd: boolean): number => {
  if (!touch(a.boxes, 4 * i, b.boxes, 4 * j)) return 0;
  if (a.sizes[2 * i] !== b.sizes[2 * j] || a.sizes[2 * i + 1] !== b.sizes[2 * j + 1]) return -1;
  if (!a.plain || !b.plain) return walkedIou(a, i, b, j, crowd);
  const intersection = shared(a, i, b, j);
  if (intersection === 0) return 0;
  return intersection / (crowd ? a.area[i] : a.area[i] + b.area[j] - intersection);
};

/** As rleIou of maskApi.c walks, which ends where both masks have an empty run at once. */
const walkedIou = (a: MaskColumn, i: number, b: MaskColumn, j: number, crowd: boolean): number => {
  const [endA, endB] = [a.start[i + 1], b.start[j + 1]];
  const [runsA, runsB] = [a.runs, b.runs];
  let atA = a.start[i];
  let atB = b.start[j];
  let leftA = runsA[atA++];
  let leftB = runsB[atB++];
  let [inA, inB] = [false, false];
  let intersection = 0;
  let union = 0;
  for (;;) {
    const step = Math.min(leftA, leftB);
    if (inA || inB) union += step;
    if (inA && inB) intersection += step;
    leftA -= step;
    leftB -= step;
    if (leftA === 0 && atA < endA) {
      leftA = runsA[atA++];
      inA = !inA;
    }
    if (leftB === 0 && atB < endB) {
      leftB = runsB[atB++];
      inB = !inB;
    }
    if (leftA + leftB === 0) break;
  }
  if (intersection === 0) return 0;
  return intersection / (crowd ? a.area[i] : union);
};
