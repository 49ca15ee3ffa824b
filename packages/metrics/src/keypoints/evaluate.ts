/** The COCO evaluation of keypoints (cocoeval.py with iouType "keypoints"), by object keypoint similarity. */
import { OptionError } from '../check/options.ts';
import type { Rules } from '../check/rows.ts';
import { annotationRules, detectionRules, isFiniteNumber, isFour, without } from '../check/rows.ts';
import { shown } from '../check/words.ts';
import type { Accumulator, ImageEvidence } from '../coco/accumulator.ts';
import { accumulatorOf } from '../coco/accumulator.ts';
import { requireDistinct, requireRows } from '../coco/check.ts';
import type { CocoIndex } from '../coco/index-of.ts';
import type { CocoAnnotation, CocoCategory, CocoDetection } from '../coco/input.ts';
import { CocoInputError } from '../coco/input.ts';
import type { Finish, Instances, Kind, KindRows, KindTables } from '../coco/kind.ts';
import { evaluateKind } from '../coco/kind.ts';
import type { AreaRange, CocoOptions, CocoParams } from '../coco/params.ts';
import { cocoAreas, cocoParams } from '../coco/params.ts';
import type { CocoFigures } from '../coco/result.ts';
import { figuresOf } from '../coco/result.ts';
import type { KeypointStat } from '../coco/summary.ts';
import { keypointStats, summaryLines } from '../coco/summary.ts';
import { detectionColumns, placed, truthColumns } from '../coco/tables.ts';
import type { PointColumns } from './measure.ts';
import { pointMeasure } from './measure.ts';
import { cocoSigmas } from './oks.ts';

export interface KeypointAnnotation extends Omit<CocoAnnotation, 'bbox'> {
  /** x, y, v of each point; v above 0 where it is labelled. */
  readonly keypoints: readonly number[];
  /** Labelled points; counted when absent. Objects without any are left out of the count. */
  readonly num_keypoints?: number;
  /** Needed where no point is labelled. */
  readonly bbox?: readonly number[];
}

export interface KeypointDetection extends Omit<CocoDetection, 'bbox'> {
  readonly keypoints: readonly number[];
  readonly bbox?: readonly number[];
}

export type KeypointInstances = Instances<KeypointAnnotation>;

export interface KeypointOptions extends Omit<CocoOptions, 'overlap'> {
  /** One a point; COCO's 17 unless told. */
  readonly sigmas?: readonly number[] | undefined;
}

/** Ten numbers in `stats`. */
export type KeypointResult = CocoFigures<KeypointStat>;

const areas: readonly AreaRange[] = cocoAreas.filter(({ name }) => name !== 'small');

const isCount = (value: unknown): boolean => value === undefined || (Number.isSafeInteger(value) && Number(value) >= 0);

const rulesOf = (points: number): { readonly truth: Rules; readonly found: Rules } => {
  const keypoints = {
    holds: (value: unknown) => Array.isArray(value) && value.length === 3 * points && value.every(isFiniteNumber),
    text: `${3 * points} numbers, x, y, v of ${points} points (as many as there are sigmas)`,
  };
  return {
    truth: {
      ...without(annotationRules, 'bbox'),
      keypoints,
      num_keypoints: { holds: isCount, text: 'a whole number not below 0' },
    },
    found: { ...without(detectionRules, 'bbox'), keypoints },
  };
};

const labelled = (keypoints: readonly number[]): number => {
  let count = 0;
  for (let i = 2; i < keypoints.length; i += 3) if (keypoints[i] > 0) count++;
  return count;
};

/** x, y, width, height around all points, labelled or not. */
const extentOf = (keypoints: readonly number[]): readonly [number, number, number, number] => {
  let [left, top, right, bottom] = [keypoints[0], keypoints[1], keypoints[0], keypoints[1]];
  for (let i = 0; i < keypoints.length; i += 3) {
    left = Math.min(left, keypoints[i]);
    right = Math.max(right, keypoints[i]);
    top = Math.min(top, keypoints[i + 1]);
    bottom = Math.max(bottom, keypoints[i + 1]);
  }
  return [left, top, right - left, bottom - top];
};

const sigmasOf = (sigmas: unknown): readonly number[] => {
  if (sigmas === undefined) return cocoSigmas;
  const isSigma = (value: unknown): boolean => isFiniteNumber(value) && value > 0;
  if (Array.isArray(sigmas) && sigmas.length > 0 && sigmas.every(isSigma)) return sigmas;
  throw new OptionError('sigmas', `sigmas: found ${shown(sigmas)}, expected a list of numbers above 0, one a point.`);
};

export const keypointParams = (
  options: KeypointOptions,
): { readonly params: CocoParams; readonly sigmas: readonly number[] } => {
  const { sigmas, ...others } = options ?? {};
  const params = cocoParams(others, { areas, maxDets: [20] });
  if (params.compat && !params.useCats) {
    throw new OptionError(
      'useCats',
      'useCats: pycocotools cannot score keypoints of all categories as one; leave out compat.',
    );
  }
  return { params, sigmas: sigmasOf(sigmas) };
};

const pointColumn = (rows: readonly { readonly keypoints: readonly number[] }[], kept: Uint32Array, points: number) => {
  const column = new Float64Array(3 * points * kept.length);
  kept.forEach((place, i) => {
    column.set(rows[place].keypoints, 3 * points * i);
  });
  return column;
};

type Box = readonly [number, number, number, number];

const boxColumn = (boxes: readonly (Box | readonly number[])[]): Float64Array => {
  const column = new Float64Array(4 * boxes.length);
  boxes.forEach((box, i) => {
    column.set(box, 4 * i);
  });
  return column;
};

/** An object is compared by its area, and by its box where no point is labelled. */
const requireMeasures = (annotations: readonly KeypointAnnotation[], list: string): void => {
  annotations.forEach((row, i) => {
    if (row.area !== undefined && (isFour(row.bbox) || labelled(row.keypoints) > 0)) return;
    const key = row.area === undefined ? 'area' : 'bbox';
    const why =
      key === 'area' ? 'the area of the object, which similarity is measured by' : 'a box, as no point is labelled';
    const at = { list, row: i, key };
    throw new CocoInputError(`${list}[${i}].${key}: found ${shown(row[key])}, expected ${why}.`, at);
  });
};

/** Keypoints by sigmas, one a point. */
export const keypointKind = (sigmas: readonly number[]): Kind<KeypointAnnotation, KeypointDetection, PointColumns> => {
  const rules = rulesOf(sigmas.length);
  const load = (
    { annotations, detections, lists }: KindRows<KeypointAnnotation, KeypointDetection>,
    index: CocoIndex,
    params: CocoParams,
  ): KindTables<PointColumns> => {
    requireDistinct(annotations, lists.annotations, rules.truth);
    requireRows(detections, lists.detections, rules.found);
    requireMeasures(annotations, lists.annotations);
    const there = placed(annotations, index);
    const seen = placed(detections, index);
    const boxes = boxColumn(
      Array.from(there.kept, (place) => {
        const { bbox, keypoints } = annotations[place];
        return isFour(bbox) ? bbox! : extentOf(keypoints);
      }),
    );
    const extents = boxColumn(Array.from(seen.kept, (place) => extentOf(detections[place].keypoints)));
    const truth = truthColumns(annotations, { at: there, boxes }, params);
    const found = detectionColumns(detections, { at: seen, boxes: extents }, index);
    there.kept.forEach((place, i) => {
      const { num_keypoints, keypoints } = annotations[place];
      if ((num_keypoints ?? labelled(keypoints)) === 0) truth.ignored[i] = 1;
    });
    const columns: PointColumns = {
      tag: 'points',
      sigmas,
      found: pointColumn(detections, seen.kept, sigmas.length),
      objects: pointColumn(annotations, there.kept, sigmas.length),
      area: truth.area.slice(),
      boxes,
    };
    return { truth, found, measure: pointMeasure(columns), columns };
  };
  return { boxes: false, load };
};

export const keypointFinish: Finish<KeypointResult> = (...sums) => figuresOf(keypointStats, ...sums);

/**
 * Scores keypoints as COCO does: ten numbers, AP and AR over areas all, medium and large, at 20 detections an image.
 * @throws CocoInputError naming the first row that is not as it must be.
 * @throws OptionError
 */
export const evaluateKeypoints = (
  groundTruth: KeypointInstances,
  detections: readonly KeypointDetection[],
  options: KeypointOptions = {},
): KeypointResult => {
  const { params, sigmas } = keypointParams(options);
  return evaluateKind(keypointKind(sigmas), keypointFinish, params, groundTruth, detections);
};

export type KeypointImageEvidence = ImageEvidence<KeypointAnnotation, KeypointDetection>;
export type KeypointAccumulator = Accumulator<KeypointAnnotation, KeypointDetection, KeypointResult>;

/** As `cocoAccumulator`, of keypoints. */
export const keypointAccumulator = (
  categories: readonly CocoCategory[],
  options: Omit<KeypointOptions, 'imgIds'> = {},
): KeypointAccumulator => {
  const { params, sigmas } = keypointParams(options);
  return accumulatorOf(keypointKind(sigmas), keypointFinish, params, categories);
};

/** The ten lines as pycocotools prints them, without a final newline. */
export const keypointSummary = ({ stats, params }: Pick<KeypointResult, 'stats' | 'params'>): string =>
  summaryLines(keypointStats, stats, params);
