/**
 * The embedded detection set: pictures of 1 to 6 shapes on textured grounds, drawn with anti-aliasing, overlapping
 * but never hidden. A picture is a pure function of (seed, index, size); nothing is stored.
 */
import type { Image } from '../image/image.ts';
import type { Label } from '../labels/label.ts';
import { counterRandom } from '../random/counter.ts';
import { type Outline, outlines } from './outline.ts';
import { type Colour, contrastingColour, type Draw, grain, stripes, texturedBackground } from './texture.ts';

export type ShapesSample = {
  readonly image: Image /** In drawing order: later ones lie on top. */;
  readonly boxes: readonly Label[];
};

const maxObjects = 6;
/** Sides of a box relative to the picture. */
const smallestSide = 0.08;
const largestSide = 0.6;
/** A shape stays visible by at least this share of its pixels. */
const visibleShare = 0.6;
const attempts = 30;
const contrast = 45;
const maxTurn = Math.PI / 6;

type Placed = {
  readonly classId: number;
  readonly outline: Outline;
  readonly cos: number;
  readonly sin: number;
  /** Pixels for one unit of the outline. */
  readonly unit: number;
  /** Where the outline's origin lies, and its box, in pixels. */
  readonly originX: number;
  readonly originY: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
};

/** A random shape of allowed size, wholly inside the picture. */
const place = (draw: Draw, size: number): Placed => {
  const classId = Math.min(outlines.length - 1, Math.trunc(draw() * outlines.length));
  for (;;) {
    const outline = outlines[classId][1](2 ** (draw() * 1.6 - 0.8));
    const turn = (draw() * 2 - 1) * maxTurn;
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const [halfWidth, halfHeight, offsetX, offsetY] = outline.bounds(cos, sin);
    const longer = smallestSide * (largestSide / smallestSide) ** draw() * size;
    const unit = longer / 2 / Math.max(halfWidth, halfHeight);
    const [width, height] = [2 * halfWidth * unit, 2 * halfHeight * unit];
    if (Math.min(width, height) < smallestSide * size) continue;
    const [left, top] = [draw() * (size - width), draw() * (size - height)];
    const originX = left + width / 2 - offsetX * unit;
    const originY = top + height / 2 - offsetY * unit;
    return { classId, outline, cos, sin, unit, originX, originY, left, top, width, height };
  }
};

/** Calls `visit(pixel, x, y, coverage)` for every pixel that the shape touches. */
const eachPixel = (
  shape: Placed,
  size: number,
  visit: (pixel: number, x: number, y: number, coverage: number) => void,
): void => {
  const { outline, cos, sin, unit, originX, originY } = shape;
  const [right, bottom] = [
    Math.min(size, Math.ceil(shape.left + shape.width)),
    Math.min(size, Math.ceil(shape.top + shape.height)),
  ];
  for (let y = Math.max(0, Math.floor(shape.top)); y < bottom; y++) {
    for (let x = Math.max(0, Math.floor(shape.left)); x < right; x++) {
      const [u, v] = [(x + 0.5 - originX) / unit, (y + 0.5 - originY) / unit];
      const coverage = 0.5 - outline.distance(u * cos + v * sin, v * cos - u * sin) * unit;
      if (coverage > 0) visit(y * size + x, x, y, Math.min(coverage, 1));
    }
  }
};

/** Who owns each pixel, and how many each shape owns now and owned when drawn. */
type Ownership = { readonly owner: Uint8Array; readonly visible: number[]; readonly drawn: number[] };

/** Whether drawing `shape` would leave every earlier one visible enough; when so, the pixels change hands. */
const claim = ({ owner, visible, drawn }: Ownership, shape: Placed, size: number): boolean => {
  const pixels: number[] = [];
  const lost = new Array<number>(visible.length).fill(0);
  eachPixel(shape, size, (pixel, _x, _y, coverage) => {
    if (coverage < 0.5) return;
    pixels.push(pixel);
    if (owner[pixel] > 0) lost[owner[pixel] - 1]++;
  });
  if (lost.some((n, i) => visible[i] - n < visibleShare * drawn[i])) return false;
  for (const [i, n] of lost.entries()) visible[i] -= n;
  for (const pixel of pixels) owner[pixel] = visible.length + 1;
  visible.push(pixels.length);
  drawn.push(pixels.length);
  return true;
};

const clampByte = (v: number): number => Math.max(0, Math.min(255, v));

const paint = (draw: Draw, image: Image, shape: Placed, colour: Colour): void => {
  const stripe = stripes(draw, 3 + draw() * 12);
  const stripeStrength = draw() < 0.6 ? 0 : 8 + draw() * 20;
  const noise = grain(draw, 2 + draw() * 8);
  const { data } = image;
  eachPixel(shape, image.width, (pixel, x, y, coverage) => {
    const light = noise() + (stripeStrength === 0 ? 0 : stripeStrength * stripe(x, y));
    for (let c = 0; c < 3; c++) {
      const at = pixel * 3 + c;
      data[at] = clampByte(data[at] + (colour[c] + light - data[at]) * coverage);
    }
  });
};

/** A square picture of `size` pixels (made for 96..192) with its boxes, which are tight on the whole shapes. */
export const shapesSample = (seed: number, index: number, size: number): ShapesSample => {
  const random = counterRandom(seed, index);
  const draw: Draw = () => random.next() / 0x80000000;
  const { image, colour: ground } = texturedBackground(draw, size);
  const ownership: Ownership = { owner: new Uint8Array(size * size), visible: [], drawn: [] };
  const count = 1 + Math.trunc(draw() * maxObjects);
  const boxes: Label[] = [];
  for (let i = 0; i < count; i++) {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const shape = place(draw, size);
      if (!claim(ownership, shape, size)) continue;
      paint(draw, image, shape, contrastingColour(draw, ground, contrast));
      const { classId, left, top, width, height } = shape;
      boxes.push({
        classId,
        x: (left + width / 2) / size,
        y: (top + height / 2) / size,
        w: width / size,
        h: height / size,
      });
      break;
    }
  }
  return { image, boxes };
};
