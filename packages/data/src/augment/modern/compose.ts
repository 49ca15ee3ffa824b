/**
 * One training picture from several, and pictures with holes: mosaic (Bochkovskiy et al., YOLOv4, 2020), mixup (Zhang et
 * al., 2018), cutmix (Yun et al., 2019), cutout (DeVries and Taylor, 2017). Pure; pixels in whole numbers.
 */
import type { Image } from '../../image/image.ts';
import { type Edges, type LabelledImage, mapLabels, move, seenAround, seenThrough } from './labelled.ts';

/** Copies a rectangle of `source` to (`left`, `top`) of `target`; both hold it whole. */
const paste = (source: Image, from: Edges, target: Image, left: number, top: number): void => {
  const samples = (from.right - from.left) * 3;
  for (let y = from.top; y < from.bottom; y++) {
    const at = (y * source.width + from.left) * 3;
    target.data.set(source.data.subarray(at, at + samples), ((top + y - from.top) * target.width + left) * 3);
  }
};

const sameSize = (a: Image, b: Image): void => {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(`pictures of ${a.width} x ${a.height} and ${b.width} x ${b.height}, expected one size`);
  }
};

const copyOf = ({ width, height, data }: Image): Image => ({ width, height, data: data.slice() });

const whole = ({ width, height }: Image): Edges => ({ left: 0, top: 0, right: width, bottom: height });

export type MosaicPlan = {
  /** Where the four meet, in pixels. */
  readonly x: number;
  readonly y: number;
  /** For each of the four (upper left, upper right, lower left, lower right) the corner of the part it shows. */
  readonly from: readonly (readonly [x: number, y: number])[];
};

/** Four pictures of one size, a part of each as large as its quarter, unscaled. Boxes are cut at the seams. */
export const mosaic = (four: readonly LabelledImage[], { x, y, from }: MosaicPlan): LabelledImage => {
  const { width, height } = four[0].image;
  const image: Image = { width, height, data: new Uint8Array(width * height * 3) };
  const quarters: readonly Edges[] = [
    { left: 0, top: 0, right: x, bottom: y },
    { left: x, top: 0, right: width, bottom: y },
    { left: 0, top: y, right: x, bottom: height },
    { left: x, top: y, right: width, bottom: height },
  ];
  const labels = quarters.flatMap((quarter, i) => {
    const picture = four[i];
    sameSize(picture.image, image);
    const [dx, dy] = [quarter.left - from[i][0], quarter.top - from[i][1]];
    paste(picture.image, move(quarter, -dx, -dy), image, quarter.left, quarter.top);
    return mapLabels(picture, (box) => seenThrough(move(box, dx, dy), quarter));
  });
  return { image, labels };
};

/** `share` of the first picture and the rest of the second; the boxes of both. */
export const mixUp = (a: LabelledImage, b: LabelledImage, share: number): LabelledImage => {
  sameSize(a.image, b.image);
  const data = new Uint8Array(a.image.data.length);
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.floor(a.image.data[i] * share + b.image.data[i] * (1 - share) + 0.5);
  }
  return { image: { ...a.image, data }, labels: [...a.labels, ...b.labels] };
};

/** A rectangle of the second picture laid over the first. Boxes below are cut where it hides an end, above at its edge. */
export const cutMix = (a: LabelledImage, b: LabelledImage, patch: Edges): LabelledImage => {
  sameSize(a.image, b.image);
  const image = copyOf(a.image);
  paste(b.image, patch, image, patch.left, patch.top);
  const below = mapLabels(a, (box) => seenAround(box, patch));
  return { image, labels: [...below, ...mapLabels(b, (box) => seenThrough(box, patch))] };
};

/** A hole filled with one value. Boxes that it hides go; one whose end it hides is cut. */
export const cutOut = (a: LabelledImage, hole: Edges, value = 128): LabelledImage => {
  const image = copyOf(a.image);
  for (let y = hole.top; y < hole.bottom; y++) {
    image.data.fill(value, (y * image.width + hole.left) * 3, (y * image.width + hole.right) * 3);
  }
  return { image, labels: mapLabels(a, (box) => seenAround(box, hole)) };
};

/** Only what `boxes` hold stays as in `sharp`; the rest comes from `ground`. */
export const keepBoxes = (sharp: LabelledImage, ground: Image): Image => {
  const image = copyOf(ground);
  const all = whole(image);
  mapLabels(sharp, (box) => {
    const kept = seenThrough(
      {
        left: Math.floor(box.left),
        top: Math.floor(box.top),
        right: Math.ceil(box.right),
        bottom: Math.ceil(box.bottom),
      },
      all,
      0,
    );
    if (kept) paste(sharp.image, kept, image, kept.left, kept.top);
    return undefined;
  });
  return image;
};
