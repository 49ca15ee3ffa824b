/**
 * A random change of viewpoint: turn, stretch, shear and perspective about the middle of the picture, pixels by OpenCV's
 * warps, a box by its four corners (so a turned box grows: it must still hold its object).
 */
import { type Homography, mapPoint, warpPerspective } from '../../opencv/perspective.ts';
import { type Affine, warpAffine } from '../../opencv/warp.ts';
import { type Edges, type LabelledImage, mapLabels, seenThrough } from './labelled.ts';

export type View = {
  /** Degrees, counter-clockwise as seen. */
  readonly angle: number;
  /** Width over height of a square, afterwards. */
  readonly aspect: number;
  /** Degrees by which upright and level lines lean. */
  readonly shearX: number;
  readonly shearY: number;
  /** How much nearer the right and lower edges are than the middle: 0 is flat, below 0.5. */
  readonly perspectiveX: number;
  readonly perspectiveY: number;
};

export const noView: View = { angle: 0, aspect: 1, shearX: 0, shearY: 0, perspectiveX: 0, perspectiveY: 0 };

const times = (a: Homography, b: Homography): Homography => {
  const row = (i: 0 | 1 | 2) =>
    [0, 1, 2].map((j) => a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j]) as unknown as Homography[0];
  return [row(0), row(1), row(2)];
};

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Takes points of the picture, in pixels, to where they come to lie. Pixel centres lie at whole numbers. */
export const viewMatrix = (view: View, width: number, height: number): Homography => {
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  const [cos, sin] = [Math.cos(radians(view.angle)), Math.sin(radians(view.angle))];
  const stretch = Math.sqrt(view.aspect);
  const steps: readonly Homography[] = [
    [
      [1, 0, cx],
      [0, 1, cy],
      [0, 0, 1],
    ],
    [
      [1, 0, 0],
      [0, 1, 0],
      [-view.perspectiveX / (width / 2), -view.perspectiveY / (height / 2), 1],
    ],
    [
      [cos, sin, 0],
      [-sin, cos, 0],
      [0, 0, 1],
    ],
    [
      [1, Math.tan(radians(view.shearX)), 0],
      [Math.tan(radians(view.shearY)), 1, 0],
      [0, 0, 1],
    ],
    [
      [stretch, 0, 0],
      [0, 1 / stretch, 0],
      [0, 0, 1],
    ],
    [
      [1, 0, -cx],
      [0, 1, -cy],
      [0, 0, 1],
    ],
  ];
  return steps.reduce(times);
};

/** The smallest box round the four moved corners. Edges lie half a pixel beside centres. */
const moveBox = (box: Edges, matrix: Homography): Edges => {
  const corners = [
    [box.left, box.top],
    [box.right, box.top],
    [box.left, box.bottom],
    [box.right, box.bottom],
  ].map(([x, y]) => mapPoint(matrix, x - 0.5, y - 0.5));
  const [xs, ys] = [corners.map(([x]) => x + 0.5), corners.map(([, y]) => y + 0.5)];
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
};

/** What comes in from outside is black, as the crop's. Boxes are cut at the picture's edges. */
export const changeView = (picture: LabelledImage, view: View): LabelledImage => {
  const { width, height, data } = picture.image;
  const matrix = viewMatrix(view, width, height);
  const raster = { width, height, channels: 3, data };
  const flat = view.perspectiveX === 0 && view.perspectiveY === 0;
  const affine = [matrix[0], matrix[1]] as unknown as Affine;
  const warped = flat ? warpAffine(raster, affine, width, height) : warpPerspective(raster, matrix, width, height);
  const frame: Edges = { left: 0, top: 0, right: width, bottom: height };
  return {
    image: { width, height, data: warped.data },
    labels: mapLabels(picture, (box) => seenThrough(moveBox(box, matrix), frame)),
  };
};
