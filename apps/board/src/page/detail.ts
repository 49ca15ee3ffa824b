/** Which part of the series is read, and how finely, for what the page shows. */
import type { Range } from './source.ts';
import type { State } from './state.ts';

const wholePoints = 600;
const zoomedPoints = 1000;

/**
 * On the axis of steps a zoomed part is read anew with all its detail; on the others the same points are stretched. A
 * little to both sides, so that curves run out of the picture.
 */
export const rangeShown = ({ zoom, axis }: Pick<State, 'zoom' | 'axis'>): Range => {
  if (axis !== 'step' || !zoom) return { points: wholePoints };
  const [from, to] = zoom;
  const margin = (to - from) / 10;
  return { from: from - margin, to: to + margin, points: zoomedPoints };
};
