/**
 * Which prediction is asked to be which truth (SPEC 5.3.2): the cell of the truth's centre, in the head and place of the
 * anchor that fits its size best. This depends on the truths alone, so it is done on the host, once per batch for all heads.
 */
import { type Tensor, tensor } from '@gdarknet/tensor';
import type { Compatibility, HeadConfig } from './head.ts';

/** Where a head's truths lie. Rows are truths: image * maxTruths + position. */
export type HeadTargets = {
  /** i32 `[n * maxTruths]`: flat index `((image * h + row) * w + column) * boxes + box`, or -1 if not this head's. */
  readonly slot: Tensor;
  /** i32 `[n * maxTruths]`: the last row with the same slot, which determines the box; or -1. */
  readonly owner: Tensor;
};

/** What the loss needs to know of a batch: some kilobytes, of a shape that depends on n and maxTruths alone. */
export type Targets = {
  /** f32 `[n, maxTruths, 4]`: x, y, w, h relative to the image; zeros where there is no truth. */
  readonly boxes: Tensor;
  /** i32 `[n * maxTruths]`, or -1. */
  readonly classes: Tensor;
  readonly heads: readonly HeadTargets[];
};

export type Assignment = {
  readonly targets: Targets;
  /** Truths left out because they have no area or are not finite (D-34). */
  readonly dropped: number;
};

/** A class index that the head has no output for. */
export class ClassIndexError extends Error {
  override readonly name = 'ClassIndexError';
  readonly image: number;
  readonly truth: number;
  readonly found: number;
  constructor(image: number, truth: number, found: number, classes: number) {
    super(`truth ${truth} of image ${image} of the batch has class ${found}; expected a whole number below ${classes}`);
    this.image = image;
    this.truth = truth;
    this.found = found;
  }
}

const round = Math.fround;

/** IoU of two boxes about one centre, in f32 as the original. */
const shapeOverlap = (aw: number, ah: number, bw: number, bh: number): number => {
  const common = round(Math.max(0, Math.min(aw, bw)) * Math.max(0, Math.min(ah, bh)));
  const union = round(round(round(aw * ah) + round(bw * bh)) - common);
  return common === 0 || union === 0 ? 0 : round(common / union);
};

/** The anchor whose shape overlaps a box of the relative size most; the first of equals, 0 if none does. */
export const bestAnchor = (
  { anchors, netWidth, netHeight }: Pick<HeadConfig, 'anchors' | 'netWidth' | 'netHeight'>,
  width: number,
  height: number,
): number => {
  let best = 0;
  let most = 0;
  anchors.forEach(([w, h], i) => {
    const overlap = shapeOverlap(round(w / netWidth), round(h / netHeight), width, height);
    if (overlap > most) [best, most] = [i, overlap];
  });
  return best;
};

/** Cell of a coordinate in 0 to 1; what lies outside goes to the nearest cell (D-4). */
const cellOf = (x: number, cells: number): number => Math.min(cells - 1, Math.max(0, Math.trunc(round(x * cells))));

const slotIn = (head: HeadConfig, image: number, x: number, y: number, w: number, h: number): number => {
  const box = head.mask.indexOf(bestAnchor(head, w, h));
  if (box < 0) return -1;
  const cell = (image * head.height + cellOf(y, head.height)) * head.width + cellOf(x, head.width);
  return cell * head.mask.length + box;
};

/** For each row the last one of the same slot. */
const ownersOf = (slots: Int32Array): Int32Array => {
  const last = new Map<number, number>();
  slots.forEach((slot, row) => {
    last.set(slot, row);
  });
  return slots.map((slot) => (slot < 0 ? -1 : (last.get(slot) ?? -1)));
};

/**
 * Truths of a batch (`[n, maxTruths, 5]`: x, y, w, h relative to the image, class; `counts[i]` of them for image i) to
 * targets for every head. Later truths take a slot from earlier ones, which still count as its classes. Throws
 * `ClassIndexError`.
 */
export const assign = (
  heads: readonly HeadConfig[],
  truths: Float32Array,
  counts: ArrayLike<number>,
  { degenerateTruths = false }: Compatibility = {},
): Assignment => {
  const n = counts.length;
  const capacity = truths.length / 5 / n;
  if (!(Number.isInteger(capacity) && capacity > 0)) {
    throw new RangeError(`assign: ${truths.length} values are not 5 each for the same number of truths of ${n} images`);
  }
  const classCount = heads.reduce((least, head) => Math.min(least, head.classes), Number.POSITIVE_INFINITY);
  const boxes = new Float32Array(n * capacity * 4);
  const classes = new Int32Array(n * capacity).fill(-1);
  const slots = heads.map(() => new Int32Array(n * capacity).fill(-1));
  let dropped = 0;
  for (let image = 0; image < n; image++) {
    for (let t = 0; t < Math.min(counts[image], capacity); t++) {
      const row = image * capacity + t;
      const [x, y, w, h, found] = truths.subarray(row * 5, row * 5 + 5);
      const sound = Number.isFinite(x + y + w + h) && (degenerateTruths || (w > 0 && h > 0));
      if (!sound) {
        dropped++;
        continue;
      }
      if (!Number.isInteger(found) || found < 0 || found >= classCount) {
        throw new ClassIndexError(image, t, found, classCount);
      }
      boxes.set([x, y, w, h], row * 4);
      classes[row] = found;
      heads.forEach((head, k) => {
        slots[k][row] = slotIn(head, image, x, y, w, h);
      });
    }
  }
  return {
    targets: {
      boxes: tensor(boxes, [n, capacity, 4]),
      classes: tensor(classes),
      heads: slots.map((slot) => ({ slot: tensor(slot), owner: tensor(ownersOf(slot)) })),
    },
    dropped,
  };
};

/** How many truths each image has where a list ends at the first x of 0, as in the original's buffers (D-4). */
export const countTruths = (truths: Float32Array, maxTruths: number): Int32Array =>
  Int32Array.from({ length: truths.length / (5 * maxTruths) }, (_, image) => {
    for (let t = 0; t < maxTruths; t++) if (truths[(image * maxTruths + t) * 5] === 0) return t;
    return maxTruths;
  });
