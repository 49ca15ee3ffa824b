/** Changes that leave boxes where they are: blur and grey. */

import type { Image } from '../../image/image.ts';
import { gaussianBlur } from '../../opencv/blur.ts';
import { keepBoxes } from './compose.ts';
import type { LabelledImage } from './labelled.ts';

const blurred = ({ width, height, data }: Image, size: number): Image => ({
  width,
  height,
  data: gaussianBlur({ width, height, channels: 3, data }, size).data,
});

/** A Gaussian of odd `size` over the whole picture. */
export const blur = ({ image, labels }: LabelledImage, size: number): LabelledImage => ({
  image: blurred(image, size),
  labels,
});

const backgroundSize = 17;

/** The objects stay sharp on a blurred ground. */
export const blurBackground = (picture: LabelledImage): LabelledImage => ({
  image: keepBoxes(picture, blurred(picture.image, backgroundSize)),
  labels: picture.labels,
});

/** 14-bit weights of OpenCV's RGB to grey: .299, .587, .114. */
const [red, green, blueWeight] = [4899, 9617, 1868];
const greyBits = 14;

/** Three equal channels, as OpenCV's `cvtColor` to grey gives them. */
export const greyscale = ({ image, labels }: LabelledImage): LabelledImage => {
  const { width, height, data } = image;
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const weighted = data[i] * red + data[i + 1] * green + data[i + 2] * blueWeight;
    out.fill((weighted + (1 << (greyBits - 1))) >> greyBits, i, i + 3);
  }
  return { image: { width, height, data: out }, labels };
};
