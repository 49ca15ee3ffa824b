/** Who was matched with whom: the per-image records of pycocotools (`evalImgs`), for looking into single images. */

import { visitGroups } from '../core/groups.ts';
import type { Id } from '../core/tally.ts';
import { loadCoco } from './evaluate.ts';
import type { CocoDetection, CocoInstances } from './input.ts';
import { judgeOf } from './judge.ts';
import type { AreaRange, CocoOptions } from './params.ts';
import { cocoParams, measureOf } from './params.ts';

/** One image, category and area range. Identities: an annotation's `id`, a detection's 1-based place in the results. */
export interface CocoMatches {
  readonly image: Id;
  readonly category: number;
  readonly area: AreaRange;
  /** By descending score. */
  readonly detections: readonly number[];
  /** Those to find first, then the ignored ones. */
  readonly objects: readonly number[];
  readonly objectIgnored: readonly boolean[];
  /** `[threshold][detection]`: the object's identity, or undefined. */
  readonly detectionMatches: readonly (readonly (number | undefined)[])[];
  readonly detectionIgnored: readonly (readonly boolean[])[];
  /** `[threshold][object]`: the detection that took it last (a crowd takes many). */
  readonly objectMatches: readonly (readonly (number | undefined)[])[];
}

export const cocoMatches = (
  groundTruth: CocoInstances,
  found: readonly CocoDetection[],
  options: CocoOptions = {},
): readonly CocoMatches[] => {
  const params = cocoParams(options);
  const { index, truth, found: table } = loadCoco(groundTruth, found, params);
  const judge = judgeOf(truth, table, params, measureOf(params));
  const records: CocoMatches[] = [];
  const most = params.maxDets.at(-1) ?? 0;
  visitGroups(truth, table, index.categories.length, index.images.length, most, (group) => {
    const { candidates, candidateCount, matches, ignored } = judge(group);
    const objects = group.objects.length;
    const count = group.detections.length;
    params.areas.forEach((area, a) => {
      const isIgnored = (object: number): boolean => ignored[a * objects + object] !== 0;
      const places = Array.from(group.objects, (_, o) => o);
      const order = [...places.filter((o) => !isIgnored(o)), ...places.filter(isIgnored)];
      const outside = Array.from(group.detections, (row) => table.area[row] < area.low || table.area[row] > area.high);
      const rows = params.thresholds.map((_, t) => {
        const chosen = new Array<number>(count).fill(-1);
        for (let c = 0; c < candidateCount; c++) {
          chosen[candidates[c]] = matches[(a * params.thresholds.length + t) * candidateCount + c];
        }
        return chosen;
      });
      const idOf = (object: number): number => truth.id[group.objects[object]];
      /** pycocotools notes a match by the object's identity and takes 0 for "none". */
      const isMatch = (object: number): boolean => object >= 0 && !(params.compat && idOf(object) === 0);
      records.push({
        image: index.images[group.image],
        category: index.categories[group.category].id,
        area,
        detections: Array.from(group.detections, (row) => table.id[row]),
        objects: order.map(idOf),
        objectIgnored: order.map(isIgnored),
        detectionMatches: rows.map((row) => row.map((object) => (isMatch(object) ? idOf(object) : undefined))),
        detectionIgnored: rows.map((row) =>
          row.map((object, d) => (object >= 0 && isIgnored(object)) || (!isMatch(object) && outside[d])),
        ),
        objectMatches: rows.map((row) =>
          order.map((object) => {
            const d = row.lastIndexOf(object);
            return d < 0 ? undefined : table.id[group.detections[d]];
          }),
        ),
      });
    });
  });
  return records;
};
