/**
 * What one training picture draws before it is changed (SPEC 7.4, SPEC-AUGMENT 1.3): a crop that may leave the
 * picture, a flip, and shifts of hue, saturation and exposure. Draw for draw as the original, in float32.
 */
import { below, type Random, scale, uniform } from '../random/random.ts';

/** Ranges, named as in the cfg. */
export type AugmentRanges = {
  /** Each edge moves by up to this share of the picture, 0 to below 0.5. */
  readonly jitter: number;
  /** Hue turns by up to this share of half the colour circle either way. */
  readonly hue: number;
  /** Saturation and exposure are multiplied or divided by up to this; 1 is none. */
  readonly saturation: number;
  readonly exposure: number;
  /** Off leaves pictures unmirrored (the coin is drawn all the same). On unless told. */
  readonly flip?: boolean;
};

/** The stock cfgs of YOLOv3. */
export const defaultRanges: AugmentRanges = { jitter: 0.3, hue: 0.1, saturation: 1.5, exposure: 1.5 };

/** Nothing is changed but the size. */
export const noRanges: AugmentRanges = { jitter: 0, hue: 0, saturation: 1, exposure: 1, flip: false };

/** What happens to the colours of one picture. */
export type ColourChange = { readonly hue: number; readonly saturation: number; readonly exposure: number };

/** The crop in source pixels, the mirror and the colour changes of one picture. `hue` is times 179 units of two degrees. */
export type AugmentParameters = ColourChange & {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly flip: boolean;
};

/** How boxes follow the pixels: `edge * scale - offset`, then the mirror. Float32. */
export type BoxTransform = {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly offsetX: number;
  readonly offsetY: number;
  readonly flip: boolean;
};

const f32 = Math.fround;

/** Five draws: one, and two for each factor. */
export const drawColours = (random: Random, ranges: AugmentRanges): ColourChange => ({
  hue: uniform(random, -ranges.hue, ranges.hue),
  saturation: scale(random, ranges.saturation),
  exposure: scale(random, ranges.exposure),
});

/** One draw, whether pictures may be mirrored or not. */
export const drawFlip = (random: Random, { flip }: AugmentRanges): boolean => {
  const coin = below(random, 2) === 1;
  return coin && flip !== false;
};

/** Ten draws. */
export const drawParameters = (
  random: Random,
  imageWidth: number,
  imageHeight: number,
  ranges: AugmentRanges,
): AugmentParameters => {
  const jitter = f32(ranges.jitter);
  if (!(jitter >= 0 && jitter < 0.5)) {
    throw new RangeError(
      `jitter is ${ranges.jitter}, expected 0 to below 0.5: beyond it nothing of the picture is left`,
    );
  }
  const across = Math.trunc(f32(imageWidth * jitter));
  const down = Math.trunc(f32(imageHeight * jitter));
  const edge = (range: number): number => Math.trunc(uniform(random, -range, range));
  const left = edge(across);
  const right = edge(across);
  const top = edge(down);
  const bottom = edge(down);
  const flip = drawFlip(random, ranges);
  return {
    left,
    top,
    width: imageWidth - left - right,
    height: imageHeight - top - bottom,
    flip,
    ...drawColours(random, ranges),
  };
};

/** The boxes' side of a crop. */
export const boxTransform = (p: AugmentParameters, imageWidth: number, imageHeight: number): BoxTransform => {
  const shareX = f32(p.width / imageWidth);
  const shareY = f32(p.height / imageHeight);
  return {
    scaleX: f32(1 / shareX),
    scaleY: f32(1 / shareY),
    offsetX: f32(f32(p.left / imageWidth) / shareX),
    offsetY: f32(f32(p.top / imageHeight) / shareY),
    flip: p.flip,
  };
};
