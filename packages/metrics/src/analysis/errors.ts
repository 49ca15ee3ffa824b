/**
 * Why detections are wrong and what each kind of error costs: the breakdown of TIDE (Bolya et al., ECCV 2020). A wrong
 * detection is, at IoU `foreground` 0.5 and `background` 0.1, the first of
 *
 *     localisation     right category, overlap between background and foreground
 *     classification   overlap of foreground with an object of another category
 *     duplicate        right category and overlap, but the object was found already
 *     background       overlap with no object above background
 *     both             what is left: wrong category and loose box
 *
 * and an object is `missed` when no detection, nor one that errs in category or place, was at it. The cost of a kind is
 * the AP gained when its errors alone are mended: moved onto their object if no better detection has it, else taken away.
 *
 * `compat` is tidecv 1.0.1. By default these of its rules are others:
 *
 * - a category with detections and no object is left out of the mean, as COCO does (tidecv: AP 0);
 * - at most `limit` detections an image and category are looked at (tidecv: an image);
 * - among equal overlaps and scores the order of the file decides everywhere (tidecv: of numpy's argmax and of insertion);
 * - a detection in a crowd is no error (tidecv: it is one, and may be mended), and touches a crowd at the threshold
 *   (tidecv: above it);
 * - overlap exactly at the foreground threshold with a found object is a duplicate (tidecv: a localisation error);
 * - a precision is counted exactly (tidecv: at 101 recalls, of which the last ones may lack a rounding).
 */
import { above, checkOptions, flagRule, isLimit, OptionError, rule, within } from '../check/options.ts';
import type { CocoDetection, CocoInstances } from '../coco/input.ts';
import type { CocoNote } from '../coco/notes.ts';
import type { Judged } from './error-rules.ts';
import { judged } from './error-rules.ts';
import type { DetectionSet } from './images.ts';
import { detectionSet } from './images.ts';

export const errorKinds = ['classification', 'localisation', 'both', 'duplicate', 'background', 'missed'] as const;
export type ErrorKind = (typeof errorKinds)[number];

export interface ErrorBreakdown {
  /** AP at the foreground threshold, 0 to 1, mean over the categories that have objects. */
  readonly AP: number;
  /** What AP gains when the errors of one kind are mended, 0 to 1. */
  readonly cost: Readonly<Record<ErrorKind, number>>;
  readonly count: Readonly<Record<ErrorKind, number>>;
  /** Gains when all wrong detections are taken away, and when all missed objects are forgotten. */
  readonly falsePositives: number;
  readonly falseNegatives: number;
  /** Rows that were left out. */
  readonly notes: readonly CocoNote[];
}

/** A box that an error is about: that of the object, or of the detection where there is none. */
export interface QualifiedBox {
  /** Width, height, area as width * height. */
  readonly width: number;
  readonly height: number;
  readonly area: number;
}

export interface ErrorOptions {
  /** Default 0.5. */
  readonly foreground?: number | undefined;
  /** Default 0.1. */
  readonly background?: number | undefined;
  /** Detections that are looked at, an image and category (`compat`: an image). Default 100. */
  readonly limit?: number | undefined;
  /** As tidecv 1.0.1, to the figure. */
  readonly compat?: boolean | undefined;
  /** Only errors about boxes for which this is true are mended and counted, as tidecv's qualifiers. */
  readonly qualifier?: ((box: QualifiedBox) => boolean) | undefined;
}

/** tidecv's qualifiers by their names there: areas in pixels, aspect as width / height. */
export const errorQualifiers = {
  Small: ({ area }) => area <= 32 ** 2,
  Medium: ({ area }) => area > 32 ** 2 && area <= 96 ** 2,
  Large: ({ area }) => area > 96 ** 2,
  Tall: ({ width, height }) => width / height <= 0.75,
  Square: ({ width, height }) => width / height > 0.75 && width / height <= 1.33,
  Wide: ({ width, height }) => width / height > 1.33,
} satisfies Readonly<Record<string, (box: QualifiedBox) => boolean>>;

interface Point {
  readonly score: number;
  readonly right: boolean;
}

/** AP at 101 recalls of detections in any order, stable among equal scores. */
const averagePrecision = (rows: readonly Point[], positives: number, compat: boolean): number => {
  const ranked = [...rows].sort((a, b) => b.score - a.score);
  const precision: number[] = [];
  const recall: number[] = [];
  let right = 0;
  ranked.forEach((row, i) => {
    if (row.right) right++;
    else if (!compat) return;
    precision.push(right / (i + 1));
    recall.push(right / positives);
  });
  for (let c = precision.length - 2; c >= 0; c--) precision[c] = Math.max(precision[c], precision[c + 1]);
  let sum = 0;
  let at = 0;
  for (let r = 0; r <= 100; r++) {
    while (at < recall.length && recall[at] < r / 100 - (compat ? 0 : 1e-9)) at++;
    sum += precision[at] ?? 0;
  }
  return sum / 101;
};

/** Mean over the categories; `undefined` where one has nothing to tell. */
const meanOver = (values: readonly (number | undefined)[]): number => {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (value === undefined) continue;
    sum += value;
    count++;
  }
  return count === 0 ? 0 : sum / count;
};

const options = /* @__PURE__ */ (() => ({
  foreground: rule(above(0, 1), 'an IoU above 0 and at most 1'),
  background: rule(within(0, 1), 'an IoU from 0 to 1'),
  limit: rule(isLimit, 'a whole number of at least 1'),
  compat: flagRule,
  qualifier: rule((value) => typeof value === 'function', 'a function ({ width, height, area }) => boolean'),
}))();
const aliases = { pos_threshold: 'foreground', background_threshold: 'background', max_dets: 'limit' };

export interface ErrorRules {
  readonly foreground: number;
  readonly background: number;
  readonly limit: number;
  readonly compat: boolean;
}

const rulesOf = (given: ErrorOptions): ErrorRules => {
  checkOptions(given, options, aliases);
  const { foreground = 0.5, background = 0.1, limit = 100, compat = false } = given;
  if (background > foreground) {
    throw new OptionError('background', `background: found ${background}, expected at most foreground, ${foreground}.`);
  }
  return { foreground, background, limit, compat };
};

type Category = number;
interface Scored extends Point {
  readonly category: Category;
}

/** AP of any rows, by the rule about categories without objects. */
const scoring =
  (categories: number, compat: boolean) =>
  (rows: readonly Scored[], positives: ArrayLike<number>): number => {
    const by = Array.from({ length: categories }, (): Point[] => []);
    for (const row of rows) by[row.category].push(row);
    return meanOver(
      by.map((points, k) => {
        if (positives[k] > 0) return averagePrecision(points, positives[k], compat);
        return compat && points.length > 0 ? 0 : undefined;
      }),
    );
  };

const breakdownOf = (set: DetectionSet, rules: ErrorRules, qualifier: ErrorOptions['qualifier']): ErrorBreakdown => {
  const { compat } = rules;
  const { rows, missed, positives, boxOf } = judged(set, rules);
  const score = scoring(positives.length, compat);
  const counted = rows.filter((row) => !row.ignored);
  const asIs = counted.map(
    (row): Scored => ({ category: row.category, score: row.score, right: row.error === undefined }),
  );
  const AP = score(asIs, positives);
  const qualifies = (row: Pick<Judged, 'object' | 'detection'>): boolean => qualifier?.(boxOf(row)) ?? true;

  const fewer = (objects: readonly number[]): Float64Array => {
    const left = Float64Array.from(positives);
    for (const object of objects) left[set.truth.category[object]]--;
    return left;
  };
  // tidecv adds errors before what is right, which tells equal scores apart.
  const ordered = compat ? [...rows.filter((row) => row.error), ...rows.filter((row) => !row.error)] : rows;
  const pointOf = ({ category, score, error }: Judged): Scored => ({ category, score, right: error === undefined });
  const unmended = ordered.filter((row) => !row.ignored).map(pointOf);
  const mended = (kind: ErrorKind): number => {
    if (kind === 'missed')
      return score(unmended, fewer(missed.filter((object) => qualifies({ object, detection: -1 }))));
    const points: Scored[] = [];
    for (const row of ordered) {
      if (row.error !== kind || !qualifies(row)) {
        if (!row.ignored) points.push(pointOf(row));
      } else if (row.mends) points.push({ category: set.truth.category[row.object], score: row.score, right: true });
    }
    return score(points, positives);
  };
  // tidecv takes what binning makes negative for 0.
  const gain = (value: number): number => (compat ? Math.max(value - AP, 0) : value - AP);
  const table = <A>(of: (kind: ErrorKind) => A): Readonly<Record<ErrorKind, A>> =>
    Object.fromEntries(errorKinds.map((kind) => [kind, of(kind)])) as Record<ErrorKind, A>;
  const found = Float64Array.from(positives, () => 0);
  for (const row of asIs) if (row.right) found[row.category]++;
  const onlyRight = compat
    ? asIs.map((row) => ({ ...row, score: row.right ? 1 : 0 }))
    : asIs.filter((row) => row.right);
  return {
    AP,
    cost: table((kind) => gain(mended(kind))),
    count: table((kind) =>
      kind === 'missed'
        ? missed.filter((object) => qualifies({ object, detection: -1 })).length
        : rows.filter((row) => row.error === kind && (compat || !row.ignored) && qualifies(row)).length,
    ),
    falsePositives: score(onlyRight, positives) - AP,
    falseNegatives: score(unmended, found) - AP,
    notes: set.notes,
  };
};

/** @throws CocoInputError, OptionError */
export const errorBreakdown = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  given: ErrorOptions = {},
): ErrorBreakdown => breakdownOf(detectionSet(groundTruth, detections), rulesOf(given), given.qualifier);

export interface ErrorRange {
  /** Mean of everything over the thresholds. */
  readonly mean: ErrorBreakdown;
  readonly each: readonly (ErrorBreakdown & { readonly foreground: number })[];
}

/**
 * The breakdown at several foreground thresholds and its mean (tidecv's evaluate_range; its thresholds for COCO are 0.5,
 * 0.55, ... 0.95).
 * @throws CocoInputError, OptionError
 */
export const errorBreakdownRange = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  foregrounds: readonly number[] = Array.from({ length: 10 }, (_, i) => (50 + 5 * i) / 100),
  given: Omit<ErrorOptions, 'foreground'> = {},
): ErrorRange => {
  if (!Array.isArray(foregrounds) || foregrounds.length === 0) {
    throw new OptionError('foregrounds', 'foregrounds: expected a list of IoU thresholds.');
  }
  const set = detectionSet(groundTruth, detections);
  const each = foregrounds.map((foreground) => ({
    foreground,
    ...breakdownOf(set, rulesOf({ ...given, foreground }), given.qualifier),
  }));
  const mean = (of: (row: ErrorBreakdown) => number): number =>
    each.reduce((sum, row) => sum + of(row), 0) / each.length;
  const table = (of: (row: ErrorBreakdown, kind: ErrorKind) => number) =>
    Object.fromEntries(errorKinds.map((kind) => [kind, mean((row) => of(row, kind))])) as Record<ErrorKind, number>;
  return {
    mean: {
      AP: mean((row) => row.AP),
      cost: table((row, kind) => row.cost[kind]),
      count: table((row, kind) => row.count[kind]),
      falsePositives: mean((row) => row.falsePositives),
      falseNegatives: mean((row) => row.falseNegatives),
      notes: set.notes,
    },
    each,
  };
};
