/**
 * The part of an evaluation that no overlap decides: which boxes meet, in which order, which areas they have. Evaluations
 * of the same boxes by several overlaps share it.
 */
import type { Groups } from '../core/groups.ts';
import { groupsOf } from '../core/groups.ts';
import type { Id } from '../core/tally.ts';
import { wordsOf } from '../core/tally.ts';
import type { CocoIndex } from './index-of.ts';
import type { CocoParams } from './params.ts';
import type { DetectionTable, TruthTable } from './tables.ts';

export interface CocoStage {
  readonly truth: TruthTable;
  readonly found: DetectionTable;
  readonly groups: Groups;
  readonly images: readonly Id[];
  readonly groupImage: readonly Id[];
  readonly groupCategory: readonly number[];
  /** Of the detections in the order of the groups. */
  readonly scores: Float64Array;
  /** `[detection, area, word]`: all thresholds where the detection's own area is out of the range, or it is loose. */
  readonly outside: Uint32Array;
}

/** What a stage is made for; the overlap is open. */
export type StageParams = Pick<CocoParams, 'areas' | 'thresholds' | 'maxDets'>;

const bitsOf = (thresholds: number, word: number): number => {
  const lanes = Math.min(32, thresholds - 32 * word);
  return lanes === 32 ? 0xffffffff : 2 ** lanes - 1;
};

const outsideOf = (found: DetectionTable, rows: Uint32Array, { areas, thresholds }: StageParams): Uint32Array => {
  const words = wordsOf(thresholds.length);
  const lanes = areas.length * words;
  const outside = new Uint32Array(rows.length * lanes);
  areas.forEach(({ low, high }, a) => {
    for (let w = 0; w < words; w++) {
      const bits = bitsOf(thresholds.length, w);
      const lane = a * words + w;
      for (let d = 0; d < rows.length; d++) {
        const area = found.area[rows[d]];
        if (!(area >= low && area <= high) || found.loose[rows[d]] === 1) outside[d * lanes + lane] = bits;
      }
    }
  });
  return outside;
};

export const cocoStage = (
  truth: TruthTable,
  found: DetectionTable,
  index: Pick<CocoIndex, 'images' | 'categories'>,
  params: StageParams,
): CocoStage => {
  const { images, categories } = index;
  const groups = groupsOf(truth, found, categories.length, images.length, params.maxDets.at(-1) ?? 0);
  const rows = groups.detections;
  const scores = new Float64Array(rows.length);
  for (let d = 0; d < rows.length; d++) scores[d] = found.score[rows[d]];
  return {
    truth,
    found,
    groups,
    images,
    groupImage: Array.from(groups.image, (image) => images[image]),
    groupCategory: Array.from(groups.category, (category) => categories[category].id),
    scores,
    outside: outsideOf(found, rows, params),
  };
};
