/** Masks in columns as a measure: plain data, so that another thread can have it, and the overlap made of it. */
import { cornerStride } from '../box/corners.ts';
import type { Measure } from '../coco/params.ts';
import type { MaskColumn } from '../mask/column.ts';
import { maskIou } from '../mask/column.ts';

export interface MaskColumns {
  readonly tag: 'masks';
  readonly found: MaskColumn;
  readonly objects: MaskColumn;
}

/**
 * @param rows of the columns that the tables hold, where they hold some of them: of detections, of objects.
 */
export const maskMeasure = (
  { found, objects }: MaskColumns,
  rows?: { readonly found: Uint32Array; readonly objects: Uint32Array },
): Measure => ({
  overlap: (_a, i, _b, j, crowd) => {
    const [d, o] = [i / cornerStride, j / cornerStride];
    return rows === undefined
      ? maskIou(found, d, objects, o, crowd)
      : maskIou(found, rows.found[d], objects, rows.objects[o], crowd);
  },
  touching: false,
});
