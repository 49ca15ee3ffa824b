/** From boxes to the tally of an evaluation: which detections found an object, and which are left out of the count. */
import type { Group } from '../core/groups.ts';
import { visitGroups } from '../core/groups.ts';
import type { Tally } from '../core/tally.ts';
import { wordsOf } from '../core/tally.ts';
import type { CocoIndex, DetectionTable, TruthTable } from './input.ts';
import type { Judgement } from './judge.ts';
import { judgeOf } from './judge.ts';
import type { CocoParams } from './params.ts';

const bitsOf = (thresholds: number, word: number): number => {
  const lanes = Math.min(32, thresholds - 32 * word);
  return lanes === 32 ? 0xffffffff : 2 ** lanes - 1;
};

export const cocoTally = (truth: TruthTable, found: DetectionTable, index: CocoIndex, params: CocoParams): Tally => {
  const { areas, thresholds, maxDets, compat } = params;
  const words = wordsOf(thresholds.length);
  const lanes = areas.length * words;
  const allBits = Array.from({ length: words }, (_, word) => bitsOf(thresholds.length, word));
  const judge = judgeOf(truth, found, params);
  const groupImage: number[] = [];
  const groupCategory: number[] = [];
  const groupStart: number[] = [0];
  const positives: number[] = [];
  const scores = new Float64Array(found.length);
  const foundBits = new Uint32Array(found.length * lanes);
  const ignoredBits = new Uint32Array(found.length * lanes);
  let detections = 0;

  /** A detection without a match is left out where its own area is out of the range. */
  const unmatched = (row: number, to: number): void => {
    const area = found.area[row]!;
    for (let a = 0; a < areas.length; a++) {
      if (area >= areas[a]!.low && area <= areas[a]!.high) continue;
      for (let w = 0; w < words; w++) ignoredBits[to + a * words + w] = allBits[w]!;
    }
  };

  const matched = (group: Group, judged: Judgement): void => {
    const { candidates, candidateCount, matches, ignored } = judged;
    const objects = group.objects.length;
    for (let a = 0; a < areas.length; a++) {
      for (let t = 0; t < thresholds.length; t++) {
        const bit = 1 << (t & 31);
        const lane = a * words + (t >>> 5);
        for (let c = 0; c < candidateCount; c++) {
          const object = matches[(a * thresholds.length + t) * candidateCount + c]!;
          if (object < 0) continue;
          const to = (detections + candidates[c]!) * lanes + lane;
          // pycocotools notes a match by the object's id and takes 0 for "none".
          const lost = compat && truth.id[group.objects[object]!] === 0;
          if (ignored[a * objects + object] !== 0) ignoredBits[to]! |= bit;
          else if (!lost) {
            foundBits[to]! |= bit;
            ignoredBits[to]! &= ~bit;
          }
        }
      }
    }
  };

  visitGroups(truth, found, index.categories.length, index.images.length, maxDets.at(-1) ?? 0, (group) => {
    const judged = judge(group);
    groupImage.push(index.images[group.image]!);
    groupCategory.push(index.categories[group.category]!.id);
    for (let a = 0; a < areas.length; a++) positives.push(judged.toFind[a]!);
    for (let d = 0; d < group.detections.length; d++) {
      const row = group.detections[d]!;
      scores[detections + d] = found.score[row]!;
      unmatched(row, (detections + d) * lanes);
    }
    if (judged.candidateCount > 0) matched(group, judged);
    detections += group.detections.length;
    groupStart.push(detections);
  });
  return {
    tag: 'chunk',
    chunk: {
      images: index.images,
      groupImage,
      groupCategory,
      groupStart: Uint32Array.from(groupStart),
      positives: Uint32Array.from(positives),
      scores: scores.slice(0, detections),
      found: foundBits.slice(0, detections * lanes),
      ignored: ignoredBits.slice(0, detections * lanes),
    },
  };
};
