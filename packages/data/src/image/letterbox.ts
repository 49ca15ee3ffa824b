/** Fitting a picture into a network's input with its aspect ratio kept and grey around it (SPEC 6.2, 7.7). */
import type { FloatImage, Image } from './image.ts';
import type { ResizeOptions } from './resize.ts';
import { resizeInto } from './resize.ts';

/** Where the picture lies inside the network's input, in its pixels. */
export type LetterboxFrame = {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly innerWidth: number;
  readonly innerHeight: number;
};

export type Letterboxed = {
  readonly frame: LetterboxFrame /** `[height, width, 3]`, 0..1. */;
  readonly data: Float32Array;
};

const grey = 0.5;

/** The original's rounding: ratios compared in float32, everything else in whole pixels. */
export const letterboxFrame = (
  imageWidth: number,
  imageHeight: number,
  width: number,
  height: number,
): LetterboxFrame => {
  const fitsWidth = Math.fround(width / imageWidth) < Math.fround(height / imageHeight);
  const innerWidth = fitsWidth ? width : Math.max(1, Math.trunc((imageWidth * height) / imageHeight));
  const innerHeight = fitsWidth ? Math.max(1, Math.trunc((imageHeight * width) / imageWidth)) : height;
  return {
    width,
    height,
    left: Math.trunc((width - innerWidth) / 2),
    top: Math.trunc((height - innerHeight) / 2),
    innerWidth,
    innerHeight,
  };
};

/** Writes the letterboxed picture as 0..1 floats, NHWC, into `out` from `offset`. */
export const letterboxInto = (
  image: Image | FloatImage,
  width: number,
  height: number,
  out: Float32Array,
  offset = 0,
  options: ResizeOptions = {},
): LetterboxFrame => {
  const frame = letterboxFrame(image.width, image.height, width, height);
  out.fill(grey, offset, offset + width * height * 3);
  resizeInto(
    image,
    {
      data: out,
      offset: offset + (frame.top * width + frame.left) * 3,
      stride: width * 3,
      width: frame.innerWidth,
      height: frame.innerHeight,
    },
    options,
  );
  return frame;
};

/** The network's input of one picture: `width` x `height`, aspect ratio kept, 0.5 around it. */
export const letterbox = (
  image: Image | FloatImage,
  width: number,
  height: number,
  options: ResizeOptions = {},
): Letterboxed => {
  const data = new Float32Array(width * height * 3);
  const frame = letterboxInto(image, width, height, data, 0, options);
  return { frame, data };
};
