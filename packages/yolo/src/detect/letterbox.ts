/** Boxes of a letterboxed network input back to the image (SPEC 6.2), with the original's roundings. */
import type { Candidates } from './candidates.ts';

export interface LetterboxOptions {
  readonly imageWidth: number;
  readonly imageHeight: number;
  readonly netWidth: number;
  readonly netHeight: number;
  /** Of the result: relative to the image, or its pixels. */
  readonly units: 'relative' | 'pixels';
}

const { fround } = Math;

/** Width and height that the image takes in the network's input. */
export const letterboxSize = ({
  imageWidth,
  imageHeight,
  netWidth,
  netHeight,
}: Omit<LetterboxOptions, 'units'>): readonly [width: number, height: number] =>
  fround(netWidth / imageWidth) < fround(netHeight / imageHeight)
    ? [netWidth, Math.floor((imageHeight * netWidth) / imageWidth)]
    : [Math.floor((imageWidth * netHeight) / imageHeight), netHeight];

/** Boxes are not clipped: they may reach beyond the image. */
export const correctLetterbox = (candidates: Candidates, options: LetterboxOptions): Candidates => {
  const { imageWidth, imageHeight, netWidth, netHeight, units } = options;
  const [width, height] = letterboxSize(options);
  const boxes = new Float32Array(candidates.boxes.length);
  const axis = (offset: number, net: number, inner: number, image: number): void => {
    const margin = (net - inner) / 2 / net;
    const shrink = fround(inner / net);
    const grow = fround(net / inner);
    const unit = units === 'pixels' ? image : 1;
    for (let at = offset; at < boxes.length; at += 4) {
      boxes[at] = fround((candidates.boxes[at] - margin) / shrink) * unit;
      boxes[at + 2] = fround(candidates.boxes[at + 2] * grow) * unit;
    }
  };
  axis(0, netWidth, width, imageWidth);
  axis(1, netHeight, height, imageHeight);
  return { ...candidates, boxes };
};
