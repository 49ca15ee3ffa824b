/** Darknet's label files: `class cx cy w h` a line, centre and size relative to the image. */
import type { Either } from './either.ts';
import type { FormatFault } from './fault.ts';
import { faultList } from './fault.ts';

export interface DarknetLabel {
  /** Place in the list of names, from 0. */
  readonly category: number;
  /** Centre x, centre y, width, height, as parts of the image's width and height. */
  readonly box: readonly number[];
}

export const parseDarknetLabels = (
  text: string,
  file: string,
): Either<readonly FormatFault[], readonly DarknetLabel[]> => {
  const faults = faultList(file);
  const labels: DarknetLabel[] = [];
  text.split('\n').forEach((line, i) => {
    const words = line.trim().split(/\s+/);
    if (words.length === 1 && words[0] === '') return;
    const [category, ...box] = words.map(Number);
    if (!Number.isSafeInteger(category) || category < 0 || box.length !== 4 || !box.every(Number.isFinite)) {
      faults.line(i + 1, line.trim(), 'class cx cy w h');
      return;
    }
    labels.push({ category: category, box });
  });
  return faults.outcome(labels);
};

export const formatDarknetLabels = (labels: readonly DarknetLabel[]): string =>
  labels.map(({ category, box }) => `${[category, ...box].join(' ')}\n`).join('');

/** A label's box in pixels, corners `x1 y1 x2 y2` from 0. */
export const labelToCorners = ({ box }: DarknetLabel, width: number, height: number): readonly number[] => {
  const [cx, cy, w, h] = box as [number, number, number, number];
  return [(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height];
};
