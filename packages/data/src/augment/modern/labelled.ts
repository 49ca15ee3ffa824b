/** A picture together with its boxes, and what may happen to a box's edges: the operand of the modern augmentations. */
import type { Image } from '../../image/image.ts';
import type { Label } from '../../labels/label.ts';

/** Labels are relative to this picture. */
export type LabelledImage = { readonly image: Image; readonly labels: readonly Label[] };

/** A rectangle by its edges, in pixels; the right and lower ones lie behind the last pixel. */
export type Edges = { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };

/** A box of which less than this share of its area is left is dropped: nobody could tell what it shows. */
export const leastVisible = 0.1;

export const edgesOf = ({ x, y, w, h }: Label, { width, height }: Image): Edges => ({
  left: (x - w / 2) * width,
  top: (y - h / 2) * height,
  right: (x + w / 2) * width,
  bottom: (y + h / 2) * height,
});

export const labelOf = (
  classId: number,
  { left, top, right, bottom }: Edges,
  { width, height }: { readonly width: number; readonly height: number },
): Label => ({
  classId,
  x: (left + right) / 2 / width,
  y: (top + bottom) / 2 / height,
  w: (right - left) / width,
  h: (bottom - top) / height,
});

export const areaOf = ({ left, top, right, bottom }: Edges): number =>
  Math.max(0, right - left) * Math.max(0, bottom - top);

export const intersect = (a: Edges, b: Edges): Edges => ({
  left: Math.max(a.left, b.left),
  top: Math.max(a.top, b.top),
  right: Math.min(a.right, b.right),
  bottom: Math.min(a.bottom, b.bottom),
});

export const move = ({ left, top, right, bottom }: Edges, dx: number, dy: number): Edges => ({
  left: left + dx,
  top: top + dy,
  right: right + dx,
  bottom: bottom + dy,
});

/** A strip narrower than this, in pixels, is not seen. */
const rim = 0.5;

/** What of the box lies in the window, or undefined where too little does. */
export const seenThrough = (box: Edges, window: Edges, least = leastVisible): Edges | undefined => {
  const seen = intersect(box, window);
  const share = areaOf(seen);
  return share > 0 && share >= least * areaOf(box) ? seen : undefined;
};

/**
 * What is seen of a box with something laid over it: the smallest box round the rest, or undefined where too little is
 * left. A hole in the middle or in a corner changes nothing; one that goes right across cuts an end off.
 */
export const seenAround = (box: Edges, hole: Edges, least = leastVisible): Edges | undefined => {
  const hidden = intersect(box, hole);
  const hiddenArea = areaOf(hidden);
  if (hiddenArea === 0) return box;
  const area = areaOf(box);
  if (area - hiddenArea <= 0 || area - hiddenArea < least * area) return undefined;
  const reaches = {
    left: hidden.left < box.left + rim,
    right: hidden.right > box.right - rim,
    top: hidden.top < box.top + rim,
    bottom: hidden.bottom > box.bottom - rim,
  };
  const tall = reaches.top && reaches.bottom;
  const wide = reaches.left && reaches.right;
  return {
    left: tall && reaches.left ? hidden.right : box.left,
    right: tall && reaches.right ? hidden.left : box.right,
    top: wide && reaches.top ? hidden.bottom : box.top,
    bottom: wide && reaches.bottom ? hidden.top : box.bottom,
  };
};

/** Every label through `f`, which works on pixels; those it gives up are dropped. */
export const mapLabels = (
  { image, labels }: LabelledImage,
  f: (box: Edges) => Edges | undefined,
  size: { readonly width: number; readonly height: number } = image,
): readonly Label[] =>
  labels.flatMap((label) => {
    const box = f(edgesOf(label, image));
    return box === undefined ? [] : [labelOf(label.classId, box, size)];
  });
