/** From boxes to the tally of an evaluation: which detections found an object, and which are left out of the count. */
import type { Group } from '../core/groups.ts';
import { groupAt } from '../core/groups.ts';
import type { TallyChunk } from '../core/tally.ts';
import { wordsOf } from '../core/tally.ts';
import type { Judgement } from './judge.ts';
import { judgeOf } from './judge.ts';
import type { CocoParams, Measure } from './params.ts';
import { measureOf } from './params.ts';
import type { CocoStage } from './stage.ts';

export const cocoTally = (stage: CocoStage, params: CocoParams, measure: Measure = measureOf(params)): TallyChunk => {
  const { truth, found, groups, images, groupImage, groupCategory, scores } = stage;
  const { areas, thresholds, compat } = params;
  const words = wordsOf(thresholds.length);
  const lanes = areas.length * words;
  const judge = judgeOf(truth, found, params, measure);
  const positives = new Uint32Array(groups.count * areas.length);
  const foundBits = new Uint32Array(stage.outside.length);
  // A detection without a match is left out where its own area is out of the range.
  const ignoredBits = stage.outside.slice();

  const matched = (group: Group, judged: Judgement, from: number): void => {
    const { candidates, candidateCount, matches, ignored } = judged;
    const objects = group.objects.length;
    for (let a = 0; a < areas.length; a++) {
      for (let t = 0; t < thresholds.length; t++) {
        const bit = 1 << (t & 31);
        const lane = a * words + (t >>> 5);
        for (let c = 0; c < candidateCount; c++) {
          const object = matches[(a * thresholds.length + t) * candidateCount + c];
          if (object < 0) continue;
          const to = (from + candidates[c]) * lanes + lane;
          // pycocotools notes a match by the object's id and takes 0 for "none".
          const lost = compat && truth.id[group.objects[object]] === 0;
          if (ignored[a * objects + object] !== 0) ignoredBits[to] |= bit;
          else if (!lost) {
            foundBits[to] |= bit;
            ignoredBits[to] &= ~bit;
          }
        }
      }
    }
  };

  for (let g = 0; g < groups.count; g++) {
    // Most groups hold no object: a detector says more than there is.
    if (groups.objectStart[g] === groups.objectStart[g + 1]) continue;
    const group = groupAt(groups, g);
    const judged = judge(group);
    for (let a = 0; a < areas.length; a++) positives[g * areas.length + a] = judged.toFind[a];
    if (judged.candidateCount > 0) matched(group, judged, groups.detectionStart[g]);
  }
  return {
    images,
    groupImage,
    groupCategory,
    groupStart: groups.detectionStart,
    positives,
    scores,
    found: foundBits,
    ignored: ignoredBits,
  };
};
