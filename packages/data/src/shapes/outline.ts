/**
 * The outlines of the synthetic set as signed distances: negative inside, in units of the shape, so that coverage of
 * a pixel follows from the distance at its centre. Each has an exact bounding box under rotation.
 */

export type Outline = {
  /** Approximate distance to the border at a point of the shape's own frame. */
  readonly distance: (x: number, y: number) => number;
  /** Half width and half height of the exact bounding box when turned, and its centre relative to the origin. */
  readonly bounds: (cos: number, sin: number) => readonly [number, number, number, number];
};

type Point = readonly [number, number];

const pointBounds =
  (points: readonly Point[]) =>
  (cos: number, sin: number): readonly [number, number, number, number] => {
    const xs = points.map(([x, y]) => x * cos - y * sin);
    const ys = points.map(([x, y]) => x * sin + y * cos);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    return [(right - left) / 2, (bottom - top) / 2, (left + right) / 2, (top + bottom) / 2];
  };

/** `aspect` is height over width; the width is 2. */
const disc = (aspect: number): Outline => ({
  distance: (x, y) => {
    const radius = Math.hypot(x, y / aspect);
    const slope = Math.hypot(x, y / (aspect * aspect)) / Math.max(radius, 1e-9);
    return (radius - 1) / Math.max(slope, 1e-9);
  },
  bounds: (cos, sin) => [Math.hypot(cos, aspect * sin), Math.hypot(sin, aspect * cos), 0, 0],
});

const rectangle = (aspect: number): Outline => ({
  distance: (x, y) => Math.max(Math.abs(x) - 1, Math.abs(y) - aspect),
  bounds: pointBounds([
    [-1, -aspect],
    [1, -aspect],
    [1, aspect],
    [-1, aspect],
  ]),
});

const triangle = (aspect: number): Outline => {
  const side = Math.hypot(2 * aspect, 1);
  return {
    // The right edge runs from (0, -aspect) to (1, aspect); the left one mirrors it.
    distance: (x, y) => Math.max(y - aspect, (2 * aspect * Math.abs(x) - (y + aspect)) / side),
    bounds: pointBounds([
      [0, -aspect],
      [1, aspect],
      [-1, aspect],
    ]),
  };
};

const arm = 0.32;
const cross = (aspect: number): Outline => {
  const thick = arm * Math.min(1, aspect);
  return {
    distance: (x, y) => {
      const [u, v] = [Math.abs(x), Math.abs(y)];
      return Math.min(Math.max(u - 1, v - thick), Math.max(u - thick, v - aspect));
    },
    bounds: pointBounds([
      [-1, -thick],
      [-1, thick],
      [1, -thick],
      [1, thick],
      [-thick, -aspect],
      [thick, -aspect],
      [-thick, aspect],
      [thick, aspect],
    ]),
  };
};

/** In the order of class indices. */
export const outlines: readonly (readonly [name: string, outline: (aspect: number) => Outline])[] = [
  ['disc', disc],
  ['rectangle', rectangle],
  ['triangle', triangle],
  ['cross', cross],
];

export const shapeNames: readonly string[] = outlines.map(([name]) => name);
