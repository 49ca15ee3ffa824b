/** Points in columns as a measure: plain data, so that another thread can have it, and the similarity made of it. */
import { cornerStride } from '../box/corners.ts';
import type { Measure } from '../coco/params.ts';
import type { PointColumn } from './oks.ts';
import { oksOf } from './oks.ts';

export interface PointColumns {
  readonly tag: 'points';
  readonly sigmas: readonly number[];
  readonly found: PointColumn;
  readonly objects: PointColumn;
  /** Areas of the objects, and their boxes, `x y width height` each. */
  readonly area: Float64Array;
  readonly boxes: Float64Array;
}

/**
 * @param rows of the columns that the tables hold, where they hold some of them: of detections, of objects.
 */
export const pointMeasure = (
  { sigmas, found, objects, area, boxes }: PointColumns,
  rows?: { readonly found: Uint32Array; readonly objects: Uint32Array },
): Measure => {
  const similarity = oksOf(sigmas);
  const stride = 3 * sigmas.length;
  return {
    overlap: (_a, i, _b, j) => {
      const [d, o] = [i / cornerStride, j / cornerStride];
      const object = rows === undefined ? o : rows.objects[o];
      const box = boxes.subarray(4 * object, 4 * object + 4);
      const at = stride * (rows === undefined ? d : rows.found[d]);
      return similarity(found, at, objects, { at: object * stride, area: area[object], box });
    },
    touching: false,
  };
};
