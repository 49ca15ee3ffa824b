/** Overlaps of whole columns of boxes: aligned (`a[i]` with `b[i]`), pairwise (every `a` with every `b`), and of two boxes. */
import type { BoxColumn, BoxFormat, Pixel } from './corners.ts';
import { BoxColumnError, cornerStride, cornersOf } from './corners.ts';
import type { Overlap, OverlapRule } from './overlap.ts';
import { ciouOverlap, diouOverlap, giouOverlap, iouOverlap } from './overlap.ts';

export interface BoxOptions {
  /** Default `xyxy`, corners. */
  readonly format?: BoxFormat;
  /** 1 when coordinates count pixels, both ends inside (VOC). Default 0. */
  readonly pixel?: Pixel;
  /** One entry a box of `b`; where it is not 0 the union is the area of `a` alone. */
  readonly crowd?: ArrayLike<number>;
  /** Default `clamped`: GIoU <= IoU exactly. */
  readonly penalty?: OverlapRule['penalty'];
  /** The formulas of the original, NaN for empty boxes included. */
  readonly compat?: boolean;
}

const ruleOf = ({ pixel = 0, penalty = 'clamped', compat = false }: BoxOptions): OverlapRule => ({
  pixel,
  penalty,
  compat,
});

const formatOf = ({ format = 'xyxy' }: BoxOptions): BoxFormat => format;

/** `n` boxes against `n` boxes: `n` values. */
const aligned =
  (overlap: Overlap) =>
  (a: BoxColumn, b: BoxColumn, options: BoxOptions = {}): Float64Array => {
    if (a.length !== b.length) {
      throw new BoxColumnError(`Aligned columns are equally long; these have ${a.length} and ${b.length} numbers.`);
    }
    const rule = ruleOf(options);
    const p = cornersOf(a, formatOf(options), rule.pixel);
    const q = cornersOf(b, formatOf(options), rule.pixel);
    const crowd = options.crowd;
    return Float64Array.from({ length: a.length / 4 }, (_, i) =>
      overlap(p, i * cornerStride, q, i * cornerStride, crowd !== undefined && crowd[i] !== 0, rule),
    );
  };

/** `n` boxes against `m` boxes: `n * m` values, row `i` holds the overlaps of `a[i]`. */
const pairwise =
  (overlap: Overlap) =>
  (a: BoxColumn, b: BoxColumn, options: BoxOptions = {}): Float64Array => {
    const rule = ruleOf(options);
    const p = cornersOf(a, formatOf(options), rule.pixel);
    const q = cornersOf(b, formatOf(options), rule.pixel);
    const n = a.length / 4;
    const m = b.length / 4;
    const crowd = options.crowd;
    const out = new Float64Array(n * m);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        const inCrowd = crowd !== undefined && crowd[j] !== 0;
        out[i * m + j] = overlap(p, i * cornerStride, q, j * cornerStride, inCrowd, rule);
      }
    }
    return out;
  };

/** Two boxes of four numbers, corners `x1 y1 x2 y2` unless told. */
const single =
  (overlap: Overlap) =>
  (a: BoxColumn, b: BoxColumn, options: BoxOptions = {}): number => {
    if (a.length !== 4 || b.length !== 4) {
      throw new BoxColumnError(`A box has four numbers; these have ${a.length} and ${b.length}.`);
    }
    const rule = ruleOf(options);
    const format = formatOf(options);
    const crowd = (options.crowd?.[0] ?? 0) !== 0;
    return overlap(cornersOf(a, format, rule.pixel), 0, cornersOf(b, format, rule.pixel), 0, crowd, rule);
  };

export const iou = /* @__PURE__ */ aligned(iouOverlap);
export const giou = /* @__PURE__ */ aligned(giouOverlap);
export const diou = /* @__PURE__ */ aligned(diouOverlap);
export const ciou = /* @__PURE__ */ aligned(ciouOverlap);

export const iouPairs = /* @__PURE__ */ pairwise(iouOverlap);
export const giouPairs = /* @__PURE__ */ pairwise(giouOverlap);
export const diouPairs = /* @__PURE__ */ pairwise(diouOverlap);
export const ciouPairs = /* @__PURE__ */ pairwise(ciouOverlap);

/** IoU of two boxes, 0 to 1: `iouOf([0, 0, 2, 2], [1, 1, 3, 3])` is 1/7. */
export const iouOf = /* @__PURE__ */ single(iouOverlap);
/** GIoU of two boxes, above -1 to 1; -1 when one is empty. */
export const giouOf = /* @__PURE__ */ single(giouOverlap);
export const diouOf = /* @__PURE__ */ single(diouOverlap);
export const ciouOf = /* @__PURE__ */ single(ciouOverlap);
