/** Boxes in the wrong form, as their sizes tell: relative to the image, or two corners in place of corner and size. */
import { cornerStride } from '../box/corners.ts';
import type { BoxTable } from '../core/table.ts';
import type { CocoIndex } from './index-of.ts';
import type { CocoImage } from './input.ts';

/** Sums, so that the counts of parts add up. */
export interface Shapes {
  readonly boxes: number;
  /** Inside 0..1. */
  readonly relative: number;
  /** Boxes whose width is larger than x and the height than y, as in two corners. */
  readonly rising: number;
  /** Reach out of their image, and would not if they were two corners. */
  readonly beyond: number;
  /** x and y are above 0. */
  readonly inner: number;
}

export const noShapes: Shapes = { boxes: 0, relative: 0, rising: 0, beyond: 0, inner: 0 };

export const addShapes = (a: Shapes, b: Shapes): Shapes => ({
  boxes: a.boxes + b.boxes,
  relative: a.relative + b.relative,
  rising: a.rising + b.rising,
  beyond: a.beyond + b.beyond,
  inner: a.inner + b.inner,
});

/** Width and height by place of the image; NaN where the file does not say. */
export const sizesOf = (images: readonly CocoImage[], index: CocoIndex): Float64Array => {
  const sizes = new Float64Array(2 * index.images.length).fill(Number.NaN);
  for (const { id, width, height } of images) {
    const at = index.imageAt.get(id);
    if (at === undefined || at < 0) continue;
    if (typeof width === 'number') sizes[2 * at] = width;
    if (typeof height === 'number') sizes[2 * at + 1] = height;
  }
  return sizes;
};

export const shapesOf = (table: BoxTable, sizes: Float64Array): Shapes => {
  const { corners, image, length } = table;
  let [relative, rising, beyond, inner] = [0, 0, 0, 0];
  for (let i = 0; i < length; i++) {
    const at = i * cornerStride;
    const [x, y, w, h] = [corners[at], corners[at + 1], corners[at + 4], corners[at + 5]];
    if (x >= 0 && y >= 0 && corners[at + 2] <= 1.001 && corners[at + 3] <= 1.001) relative++;
    if (!(w > x && h > y)) continue;
    rising++;
    if (x > 0 && y > 0) inner++;
    const width = sizes[2 * image[i]] + 1;
    const height = sizes[2 * image[i] + 1] + 1;
    if (w <= width && h <= height && (corners[at + 2] > width || corners[at + 3] > height)) beyond++;
  }
  return { boxes: length, relative, rising, beyond, inner };
};

/** Boxes within a pixel in a picture of many are a mistake of form. */
export const looksRelative = ({ boxes, relative }: Shapes): boolean => boxes > 0 && relative === boxes;

/** So many boxes that all rise by chance are hardly found. */
const enough = 20;

export const looksCornered = (shapes: Shapes): boolean =>
  !looksRelative(shapes) &&
  shapes.boxes > 0 &&
  shapes.rising === shapes.boxes &&
  (shapes.beyond > 0 || (shapes.boxes >= enough && 2 * shapes.inner >= shapes.boxes));
