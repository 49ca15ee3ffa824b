/** Many masks in columns, and how far two of them overlap. */
import type { Rle } from './rle.ts';
import { maskArea, maskBox } from './rle.ts';

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
}

export const maskColumn = (masks: readonly Rle[]): MaskColumn => {
  const start = new Float64Array(masks.length + 1);
  masks.forEach(({ counts }, i) => {
    start[i + 1] = start[i]! + counts.length;
  });
  const runs = new Uint32Array(start[masks.length]!);
  const boxes = new Float64Array(4 * masks.length);
  const area = new Float64Array(masks.length);
  const sizes = new Uint32Array(2 * masks.length);
  masks.forEach((mask, i) => {
    runs.set(mask.counts, start[i]!);
    boxes.set(maskBox(mask), 4 * i);
    area[i] = maskArea(mask);
    sizes[2 * i] = mask.height;
    sizes[2 * i + 1] = mask.width;
  });
  return { length: masks.length, start, runs, boxes, area, sizes };
};

const touch = (a: Float64Array, i: number, b: Float64Array, j: number): boolean =>
  Math.min(a[i]! + a[i + 2]!, b[j]! + b[j + 2]!) - Math.max(a[i]!, b[j]!) > 0 &&
  Math.min(a[i + 1]! + a[i + 3]!, b[j + 1]! + b[j + 3]!) - Math.max(a[i + 1]!, b[j + 1]!) > 0;

/**
 * IoU of mask `i` of `a` with mask `j` of `b`; when `b` is a crowd, I / area of `a`. -1 between masks of different sizes,
 * as pycocotools has it.
 */
export const maskIou = (a: MaskColumn, i: number, b: MaskColumn, j: number, crowd: boolean): number => {
  if (!touch(a.boxes, 4 * i, b.boxes, 4 * j)) return 0;
  if (a.sizes[2 * i] !== b.sizes[2 * j] || a.sizes[2 * i + 1] !== b.sizes[2 * j + 1]) return -1;
  const [endA, endB] = [a.start[i + 1]!, b.start[j + 1]!];
  const [runsA, runsB] = [a.runs, b.runs];
  let atA = a.start[i]!;
  let atB = b.start[j]!;
  let leftA = runsA[atA++]!;
  let leftB = runsB[atB++]!;
  let [inA, inB] = [false, false];
  let intersection = 0;
  let union = 0;
  for (;;) {
    const step = leftA < leftB ? leftA : leftB;
    if (inA || inB) union += step;
    if (inA && inB) intersection += step;
    leftA -= step;
    leftB -= step;
    if (leftA === 0 && atA < endA) {
      leftA = runsA[atA++]!;
      inA = !inA;
    }
    if (leftB === 0 && atB < endB) {
      leftB = runsB[atB++]!;
      inB = !inB;
    }
    if (leftA + leftB === 0) break;
  }
  if (intersection === 0) return 0;
  return intersection / (crowd ? a.area[i]! : union);
};
