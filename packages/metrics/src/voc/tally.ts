/**
 * VOC's matching (voc_eval): a detection takes the object of its class and image that it overlaps most, the first of
 * equals, taken or not. Above the threshold (strictly) a free object makes it right, a taken one wrong, and a difficult
 * one leaves it out.
 */
import { cornerStride } from '../box/corners.ts';
import type { Overlap, OverlapRule } from '../box/overlap.ts';
import { visitGroups } from '../core/groups.ts';
import type { Tally } from '../core/tally.ts';
import { tallyOf, wordsOf } from '../core/tally.ts';
import type { VocTables } from './input.ts';

export interface VocMatching {
  readonly overlap: Overlap;
  readonly rule: OverlapRule;
  readonly thresholds: readonly number[];
}

export const vocTally = (
  { images, truth, found }: VocTables,
  classes: readonly string[],
  { overlap, rule, thresholds }: VocMatching,
): Tally => {
  const words = wordsOf(thresholds.length);
  const groupImage: string[] = [];
  const groupCategory: string[] = [];
  const groupStart: number[] = [0];
  const positives: number[] = [];
  const scores = new Float64Array(found.length);
  const foundBits = new Uint32Array(found.length * words);
  const ignoredBits = new Uint32Array(found.length * words);
  let at = 0;

  visitGroups(
    truth,
    found,
    classes.length,
    images.length,
    Number.POSITIVE_INFINITY,
    ({ category, image, ...group }) => {
      groupImage.push(images[image]);
      groupCategory.push(classes[category]);
      positives.push(group.objects.reduce((sum, row) => sum + (truth.difficult[row] === 0 ? 1 : 0), 0));
      // [object, threshold]
      const taken = new Uint32Array(group.objects.length * thresholds.length);
      for (const row of group.detections) {
        let best = Number.NEGATIVE_INFINITY;
        let object = -1;
        for (let o = 0; o < group.objects.length; o++) {
          const i = row * cornerStride;
          const value = overlap(found.corners, i, truth.corners, group.objects[o] * cornerStride, false, rule);
          if (value <= best) continue;
          best = value;
          object = o;
        }
        scores[at] = found.score[row];
        for (let t = 0; t < thresholds.length && object >= 0; t++) {
          if (!(best > thresholds[t])) continue;
          const to = at * words + (t >>> 5);
          if (truth.difficult[group.objects[object]] !== 0) ignoredBits[to] |= 1 << (t & 31);
          else if (taken[object * thresholds.length + t]++ === 0) foundBits[to] |= 1 << (t & 31);
        }
        at++;
      }
      groupStart.push(at);
    },
  );
  return tallyOf({
    images,
    groupImage,
    groupCategory,
    groupStart: Uint32Array.from(groupStart),
    positives: Uint32Array.from(positives),
    scores,
    found: foundBits,
    ignored: ignoredBits,
  });
};
