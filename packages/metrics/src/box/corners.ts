/**
 * The one form in which overlaps are computed: six numbers a box, `x1 y1 x2 y2 w h`. Width and height are kept beside
 * the corners because `(x + w) - x` is not `w` in floating point, and COCO's figures come from `w` as it was given.
 */

/** How four numbers describe a box: two corners, corner and size, or centre and size. */
export type BoxFormat = 'xyxy' | 'xywh' | 'cxcywh';

/** Added to `max - min` to get a side: 0 where coordinates are positions (COCO), 1 where they are pixels (VOC). */
export type Pixel = 0 | 1;

/** Four numbers a box, in a typed array or a plain one. */
export type BoxColumn = ArrayLike<number>;

/** Thrown on columns that do not fit together: a programmer's mistake. */
export class BoxColumnError extends Error {
  override readonly name = 'BoxColumnError';
}

export const cornerStride = 6;

type Spread = (box: BoxColumn, at: number, pixel: Pixel, out: Float64Array, to: number) => void;

const spreads: { readonly [F in BoxFormat]: Spread } = {
  xyxy: (box, at, pixel, out, to) => {
    const x1 = box[at];
    const y1 = box[at + 1];
    const x2 = box[at + 2];
    const y2 = box[at + 3];
    out[to] = x1;
    out[to + 1] = y1;
    out[to + 2] = x2;
    out[to + 3] = y2;
    out[to + 4] = x2 - x1 + pixel;
    out[to + 5] = y2 - y1 + pixel;
  },
  xywh: (box, at, pixel, out, to) => {
    const w = box[at + 2];
    const h = box[at + 3];
    out[to] = box[at];
    out[to + 1] = box[at + 1];
    out[to + 2] = box[at] + w - pixel;
    out[to + 3] = box[at + 1] + h - pixel;
    out[to + 4] = w;
    out[to + 5] = h;
  },
  cxcywh: (box, at, pixel, out, to) => {
    const w = box[at + 2];
    const h = box[at + 3];
    out[to] = box[at] - w / 2;
    out[to + 1] = box[at + 1] - h / 2;
    out[to + 2] = box[at] + w / 2 - pixel;
    out[to + 3] = box[at + 1] + h / 2 - pixel;
    out[to + 4] = w;
    out[to + 5] = h;
  },
};

/**
 * Columns of `n` boxes to columns of corners and sides.
 * @throws BoxColumnError when the length is not a multiple of four.
 */
export const cornersOf = (boxes: BoxColumn, format: BoxFormat, pixel: Pixel): Float64Array => {
  if (boxes.length % 4 !== 0) {
    throw new BoxColumnError(`A column of boxes has four numbers a box; this one has ${boxes.length} numbers.`);
  }
  const n = boxes.length / 4;
  const spread = spreads[format];
  const out = new Float64Array(cornerStride * n);
  for (let i = 0; i < n; i++) spread(boxes, 4 * i, pixel, out, cornerStride * i);
  return out;
};
