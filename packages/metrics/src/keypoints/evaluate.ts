/** The COCO evaluation of keypoints (cocoeval.py with iouType "keypoints"), by object keypoint similarity. */
import { cornerStride } from '../box/corners.ts';
import { OptionError } from '../check/options.ts';
import type { Rules } from '../check/rows.ts';
import { annotationRules, detectionRules, isFiniteNumber, isFour, without } from '../check/rows.ts';
import { shown } from '../check/words.ts';
import { sumsOf } from '../coco/accumulate.ts';
import { requireDistinct, requireLists, requireRows } from '../coco/check.ts';
import { categoriesOf, indexOf, refuseUnknown } from '../coco/index-of.ts';
import type { CocoAnnotation, CocoCategory, CocoDetection, CocoImage } from '../coco/input.ts';
import { CocoInputError } from '../coco/input.ts';
import { countsOf } from '../coco/notes.ts';
import type { AreaRange, CocoOptions, CocoParams, Measure } from '../coco/params.ts';
import { cocoAreas, cocoParams } from '../coco/params.ts';
import type { CocoFigures } from '../coco/result.ts';
import { figuresOf } from '../coco/result.ts';
import { cocoStage } from '../coco/stage.ts';
import type { KeypointStat } from '../coco/summary.ts';
import { keypointStats, summaryLines } from '../coco/summary.ts';
import { detectionTable, placed, truthTable } from '../coco/tables.ts';
import { cocoTally } from '../coco/tally.ts';
import { tallyOf } from '../core/tally.ts';
import { cocoSigmas, oksOf } from './oks.ts';

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

export interface KeypointInstances {
  readonly images: readonly CocoImage[];
  readonly annotations: readonly KeypointAnnotation[];
  readonly categories: readonly CocoCategory[];
}

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
  for (let i = 2; i < keypoints.length; i += 3) if (keypoints[i]! > 0) count++;
  return count;
};

/** x, y, width, height around all points, labelled or not. */
const extentOf = (keypoints: readonly number[]): readonly [number, number, number, number] => {
  let [left, top, right, bottom] = [keypoints[0]!, keypoints[1]!, keypoints[0]!, keypoints[1]!];
  for (let i = 0; i < keypoints.length; i += 3) {
    left = Math.min(left, keypoints[i]!);
    right = Math.max(right, keypoints[i]!);
    top = Math.min(top, keypoints[i + 1]!);
    bottom = Math.max(bottom, keypoints[i + 1]!);
  }
  return [left, top, right - left, bottom - top];
};

const sigmasOf = (sigmas: unknown): readonly number[] => {
  if (sigmas === undefined) return cocoSigmas;
  const isSigma = (value: unknown): boolean => isFiniteNumber(value) && value > 0;
  if (Array.isArray(sigmas) && sigmas.length > 0 && sigmas.every(isSigma)) return sigmas;
  throw new OptionError('sigmas', `sigmas: found ${shown(sigmas)}, expected a list of numbers above 0, one a point.`);
};

const paramsOf = (options: KeypointOptions): { readonly params: CocoParams; readonly sigmas: readonly number[] } => {
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
    column.set(rows[place]!.keypoints, 3 * points * i);
  });
  return column;
};

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
  const { params, sigmas } = paramsOf(options);
  requireLists(groundTruth);
  const { images, categories, annotations } = groundTruth;
  const index = indexOf(images, categoriesOf(categories, params), params);
  refuseUnknown(index, params);
  const rules = rulesOf(sigmas.length);
  requireDistinct(annotations, 'annotations', rules.truth);
  requireRows(detections, 'detections', rules.found);
  annotations.forEach((row, i) => {
    if (row.area !== undefined && (isFour(row.bbox) || labelled(row.keypoints) > 0)) return;
    const key = row.area === undefined ? 'area' : 'bbox';
    const why =
      key === 'area' ? 'the area of the object, which similarity is measured by' : 'a box, as no point is labelled';
    const at = { list: 'annotations', row: i, key };
    throw new CocoInputError(`annotations[${i}].${key}: found ${shown(row[key])}, expected ${why}.`, at);
  });

  const objects = placed(annotations, index).kept;
  const results = placed(detections, index).kept;
  const [truthPoints, foundPoints] = [
    pointColumn(annotations, objects, sigmas.length),
    pointColumn(detections, results, sigmas.length),
  ];
  const boxed = annotations.map((row) => ({ ...row, bbox: isFour(row.bbox) ? row.bbox! : extentOf(row.keypoints) }));
  const truth = truthTable(boxed, index, params.ignoreKey, { rules: {} });
  const extents = detections.map((row) => ({ ...row, bbox: extentOf(row.keypoints) }));
  const found = detectionTable(extents, index, { rules: {} });
  objects.forEach((place, i) => {
    const { num_keypoints, keypoints } = annotations[place]!;
    if ((num_keypoints ?? labelled(keypoints)) === 0) truth.ignored[i] = 1;
  });
  const similarity = oksOf(sigmas);
  const stride = 3 * sigmas.length;
  const measure: Measure = {
    overlap: (_a, i, _b, j) => {
      const o = j / cornerStride;
      const place = objects[o]!;
      const object = { at: o * stride, area: annotations[place]!.area!, box: boxed[place]!.bbox };
      return similarity(foundPoints, (i / cornerStride) * stride, truthPoints, object);
    },
    touching: false,
  };
  const tally = tallyOf(cocoTally(cocoStage(truth, found, index, params), params, measure));
  const counts = countsOf(images, index, truth, found, params, { boxes: false });
  const ids = index.categories.map(({ id }) => id);
  const [sums] = sumsOf(tally, ids, params);
  return figuresOf(keypointStats, tally, sums!, index.categories, params, counts);
};

/** The ten lines as pycocotools prints them, without a final newline. */
export const keypointSummary = ({ stats, params }: Pick<KeypointResult, 'stats' | 'params'>): string =>
  summaryLines(keypointStats, stats, params);
