/** Contact sheets: pictures side by side. */
import { blankImage, type Image } from '../image/image.ts';
import type { Rgb } from './boxes.ts';

export type TileOptions = {
  /** Pictures in a row; about a square sheet unless told. */
  readonly columns?: number;
  /** Pixels between pictures; 2 unless told. */
  readonly gap?: number;
  readonly ground?: Rgb;
};

/** One sheet with the pictures in reading order; every cell has the size of the largest, smaller ones are centred. */
export const tile = (images: readonly Image[], options: TileOptions = {}): Image => {
  if (images.length === 0) throw new RangeError('tile: expected at least one picture');
  const { columns = Math.ceil(Math.sqrt(images.length)), gap = 2, ground = [32, 32, 32] } = options;
  const cellWidth = images.reduce((most, { width }) => Math.max(most, width), 0);
  const cellHeight = images.reduce((most, { height }) => Math.max(most, height), 0);
  const rows = Math.ceil(images.length / columns);
  const sheet = blankImage(columns * (cellWidth + gap) - gap, rows * (cellHeight + gap) - gap, ground);
  images.forEach(({ width, height, data }, i) => {
    const left = (i % columns) * (cellWidth + gap) + ((cellWidth - width) >> 1);
    const top = Math.trunc(i / columns) * (cellHeight + gap) + ((cellHeight - height) >> 1);
    for (let y = 0; y < height; y++) {
      sheet.data.set(data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * sheet.width + left) * 3);
    }
  });
  return sheet;
};
