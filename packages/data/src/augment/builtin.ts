/**
 * The original's other augmentation, of builds without OpenCV (SPEC 7.5, SPEC-AUGMENT 6): the whole picture, its
 * aspect ratio changed, is placed on grey; hue, saturation and exposure change in float; the mirror comes last. It
 * zooms out only, where the OpenCV path crops. Off by default; `path: 'builtin'` chooses it.
 */
import type { Image } from '../image/image.ts';
import { unitOf } from '../image/image.ts';
import { type Random, uniform } from '../random/random.ts';
import { type AugmentParameters, type AugmentRanges, type BoxTransform, drawColours, drawFlip } from './parameters.ts';

/** Where the picture goes on the canvas, in its pixels (not whole numbers), and the changes. `hue` is a share of the circle. */
export type PlacementParameters = AugmentParameters;

const f32 = Math.fround;
const grey = 0.5;

/**
 * Ten draws. On a square canvas the whole picture fits; on another it may reach over the edge. The C leaves open which of the first two comes first; the width's
 * does here.
 */
export const drawPlacement = (
  random: Random,
  imageWidth: number,
  imageHeight: number,
  width: number,
  height: number,
  ranges: AugmentRanges,
): PlacementParameters => {
  const [across, down] = [f32(ranges.jitter * imageWidth), f32(ranges.jitter * imageHeight)];
  const jitteredWidth = f32(imageWidth + uniform(random, -across, across));
  const aspect = f32(jitteredWidth / f32(imageHeight + uniform(random, -down, down)));
  const innerWidth = aspect < 1 ? f32(height * aspect) : width;
  const innerHeight = aspect < 1 ? height : f32(width / aspect);
  const left = uniform(random, 0, f32(width - innerWidth));
  const top = uniform(random, 0, f32(height - innerHeight));
  const colours = drawColours(random, ranges);
  return { left, top, width: innerWidth, height: innerHeight, flip: drawFlip(random, ranges), ...colours };
};

/** The boxes' side of a placement. */
export const placementTransform = (p: PlacementParameters, width: number, height: number): BoxTransform => ({
  scaleX: f32(p.width / width),
  scaleY: f32(p.height / height),
  offsetX: f32(-p.left / width),
  offsetY: f32(-p.top / height),
  flip: p.flip,
});

const clampUnit = (v: number): number => Math.max(0, Math.min(1, v));

/** Changes one pixel of 0..1 floats at `at`, by way of HSV with a hue that goes round. */
const distortPixel = (out: Float32Array, at: number, p: PlacementParameters): void => {
  const [r, g, b] = [out[at], out[at + 1], out[at + 2]];
  const value = Math.max(r, g, b);
  const delta = value - Math.min(r, g, b);
  const sextant =
    delta === 0 ? 0 : value === r ? (g - b) / delta : value === g ? 2 + (b - r) / delta : 4 + (r - g) / delta;
  const turned = (sextant < 0 ? sextant + 6 : sextant) / 6 + p.hue;
  const h = 6 * (turned > 1 ? turned - 1 : turned < 0 ? turned + 1 : turned);
  const s = value === 0 ? 0 : (delta / value) * p.saturation;
  const v = value * p.exposure;
  // n runs over the channels; each is v less a tent of height s over the hue circle.
  const channel = (n: number): number => {
    const k = (n + h) % 6;
    return clampUnit(v - v * s * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  out[at] = channel(5);
  out[at + 1] = channel(3);
  out[at + 2] = channel(1);
};

/** Writes the placed picture as `[height, width, 3]` floats 0..1 into `out` from `offset`. */
export const placeInto = (
  image: Image,
  p: PlacementParameters,
  width: number,
  height: number,
  out: Float32Array,
  offset = 0,
): void => {
  const { data } = image;
  // Pixels go by whole sizes and offsets, boxes by exact ones (D-27).
  const [innerWidth, innerHeight] = [Math.trunc(p.width), Math.trunc(p.height)];
  const [left, top] = [Math.trunc(p.left), Math.trunc(p.top)];
  out.fill(grey, offset, offset + width * height * 3);
  // Samples outside the picture count as 0, so the right and lower rims fade (D-27).
  const sample = (x: number, y: number, c: number): number =>
    x < image.width && y < image.height ? unitOf[data[(y * image.width + x) * 3 + c]] : 0;
  for (let y = 0; y < innerHeight; y++) {
    const atY = f32(f32(y / innerHeight) * image.height);
    const sy = Math.floor(atY);
    const fy = f32(atY - sy);
    if (top + y < 0 || top + y >= height) continue;
    for (let x = 0; x < innerWidth; x++) {
      if (left + x < 0 || left + x >= width) continue;
      const atX = f32(f32(x / innerWidth) * image.width);
      const sx = Math.floor(atX);
      const fx = f32(atX - sx);
      const column = p.flip ? width - 1 - (left + x) : left + x;
      const at = offset + ((top + y) * width + column) * 3;
      for (let c = 0; c < 3; c++) {
        const upper = (1 - fx) * sample(sx, sy, c) + fx * sample(sx + 1, sy, c);
        const lower = (1 - fx) * sample(sx, sy + 1, c) + fx * sample(sx + 1, sy + 1, c);
        out[at + c] = (1 - fy) * upper + fy * lower;
      }
    }
  }
  for (let i = offset; i < offset + width * height * 3; i += 3) distortPixel(out, i, p);
};
