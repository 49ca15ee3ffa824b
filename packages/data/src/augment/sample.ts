/** One training picture by either of the original's two augmentations: drawn, written, and how its boxes follow. */
import type { Image } from '../image/image.ts';
import type { Random } from '../random/random.ts';
import { drawPlacement, placeInto, placementTransform } from './builtin.ts';
import type { ModernRanges } from './modern/modern.ts';
import { augmentInto, type PixelOptions } from './opencv.ts';
import { type AugmentRanges, type BoxTransform, boxTransform, drawParameters } from './parameters.ts';
import type { TruthOptions } from './truth.ts';

export type AugmentOptions = AugmentRanges &
  PixelOptions &
  TruthOptions & {
    /** Which of the original's two augmentations: that of its OpenCV builds (the default) or of the others. */
    readonly path?: 'opencv' | 'builtin';
    /** What comes on top of it; nothing unless told. */
    readonly modern?: ModernRanges;
  };

type AugmentPath = (
  random: Random,
  image: Image,
  width: number,
  height: number,
  out: Float32Array,
  offset: number,
  augment: AugmentOptions,
) => BoxTransform;

const augmentPaths: Readonly<Record<'opencv' | 'builtin', AugmentPath>> = {
  opencv: (random, image, width, height, out, offset, augment) => {
    const parameters = drawParameters(random, image.width, image.height, augment);
    augmentInto(image, parameters, width, height, out, offset, augment);
    return boxTransform(parameters, image.width, image.height);
  },
  builtin: (random, image, width, height, out, offset, augment) => {
    const parameters = drawPlacement(random, image.width, image.height, width, height, augment);
    placeInto(image, parameters, width, height, out, offset);
    return placementTransform(parameters, width, height);
  },
};

/**
 * Draws the changes, writes the picture as `[height, width, 3]` floats 0..1 into `out` from `offset`, and returns what
 * `writeTruths` needs. Draws come from `random` in the original's order; the labels' shuffle draws after them.
 */
export const augmentSample: AugmentPath = (random, image, width, height, out, offset, augment) =>
  augmentPaths[augment.path ?? 'opencv'](random, image, width, height, out, offset, augment);
