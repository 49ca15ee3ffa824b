/** Dashed frames, for what was detected beside the solid ones of what is there. */
import { drawBoxes, type Image, type Rgb } from '@gdarknet/data';

export type Frame = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

const dot = ({ width, height, data }: Image, x: number, y: number, line: number, colour: Rgb): void => {
  for (let row = Math.max(0, y); row < Math.min(height, y + line); row++) {
    for (let column = Math.max(0, x); column < Math.min(width, x + line); column++) {
      data.set(colour, (row * width + column) * 3);
    }
  }
};

/** A new picture; centre and size relative to it. The caption stands under the frame. */
export const drawDashed = (image: Image, { x, y, w, h }: Frame, colour: Rgb, caption: string): Image => {
  const out: Image = { ...image, data: image.data.slice() };
  const { width, height } = image;
  const line = Math.max(1, Math.trunc(0.005 * height));
  const [left, right] = [x - w / 2, x + w / 2].map((side) => Math.round(side * width));
  const [top, bottom] = [y - h / 2, y + h / 2].map((side) => Math.round(side * height));
  const isDash = (at: number): boolean => Math.floor(at / (4 * line)) % 2 === 0;
  // Boxes of young networks are wider than the sky: only what is seen is walked along.
  for (let column = Math.max(0, left); column <= Math.min(width, right); column++) {
    if (!isDash(column - left)) continue;
    dot(out, column, top, line, colour);
    dot(out, column, bottom - line, line, colour);
  }
  for (let row = Math.max(0, top); row <= Math.min(height, bottom); row++) {
    if (!isDash(row - top)) continue;
    dot(out, left, row, line, colour);
    dot(out, right - line, row, line, colour);
  }
  // A box without area is a caption alone.
  const under = { x: left / width, y: bottom / height, w: 0, h: 0 };
  return drawBoxes(out, [{ ...under, colour, label: caption }]);
};
