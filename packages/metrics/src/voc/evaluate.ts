/** The VOC evaluation (voc_eval, voc_reval), matching by IoU, GIoU or any other overlap. */
import type { BoxOverlap, NamedOverlap } from '../box/named.ts';
import { offsetOverlap, overlapNames } from '../box/named.ts';
import type { OverlapRule } from '../box/overlap.ts';
import type { OptionRules } from '../check/options.ts';
import { above, checkOptions, flagRule, functionOr, listOf, oneOf, rule } from '../check/options.ts';
import { hitsVisitor } from '../core/hits.ts';
import { rankingOf } from '../core/ranking.ts';
import type { Tally } from '../core/tally.ts';
import { groupsByCategory, wordsOf } from '../core/tally.ts';
import type { VocRule } from './average-precision.ts';
import { averagePrecision } from './average-precision.ts';
import { requireAnnotations, requireDetections } from './check.ts';
import type { VocAnnotation, VocDetection, VocDropped } from './input.ts';
import { vocTables } from './input.ts';
import type { VocNote } from './notes.ts';
import { noneDropped, vocNotes } from './notes.ts';
import { vocTally } from './tally.ts';

export interface VocParams {
  readonly overlap: NamedOverlap | BoxOverlap;
  readonly rule: VocRule;
  readonly thresholds: readonly number[];
  /** The classes to score, in the order of the results. */
  readonly classes: readonly string[];
  /** The original holds GIoU's penalty at 0 from below (`clamped`, the default). */
  readonly penalty: OverlapRule['penalty'];
  /** As the original: NaN for the area rule of a class without objects and so for its mean. By default such a class has AP 0. */
  readonly compat: boolean;
}

export type VocOptions = Partial<VocParams>;

export interface VocThresholdResult {
  readonly threshold: number;
  readonly mAP: number;
  /** By class. */
  readonly ap: Readonly<Record<string, number>>;
}

export interface VocResult {
  readonly perThreshold: readonly VocThresholdResult[];
  /** Mean of mAP over the thresholds. */
  readonly mean: number;
  readonly params: VocParams;
  readonly tally: Tally;
  /** Classes that have nothing to find; their AP of 0 counts in the means, as in the original's 11-point rule. */
  readonly withoutObjects: readonly string[];
  /** Detections on images without annotation or of other classes (the original fails on the former). */
  readonly dropped: number;
  /** What was left out, and classes with nothing to find. */
  readonly notes: readonly VocNote[];
}

/** .50, .55, ... .95, each i / 100. */
export const vocThresholds: readonly number[] = /* @__PURE__ */ Array.from(
  { length: 10 },
  (_, i) => (50 + 5 * i) / 100,
);

const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

const namesIn = (annotations: readonly VocAnnotation[]): readonly string[] =>
  [...new Set(annotations.flatMap(({ objects }) => objects.map((object) => object.name)))].sort();

const isClasses = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((name) => typeof name === 'string' && name !== '') &&
  new Set(value).size === value.length;

const vocRules: OptionRules<VocParams> = {
  overlap: functionOr(...overlapNames),
  rule: oneOf('07', 'area'),
  thresholds: listOf(above(-1, 1), 'a list of IoU thresholds, such as [0.5, 0.75]'),
  classes: rule(isClasses, 'a list of names, each once'),
  penalty: oneOf('clamped', 'signed'),
  compat: flagRule,
};
const aliases = { iouThresholds: 'thresholds', ovthresh: 'thresholds', metric: 'overlap', use_07_metric: 'rule' };

/** @throws OptionError */
export const vocParams = (options: VocOptions, annotations: readonly VocAnnotation[] = []): VocParams => {
  checkOptions(options, vocRules, aliases);
  return filled(options, annotations);
};

const filled = (options: VocOptions, annotations: readonly VocAnnotation[]): VocParams => ({
  overlap: options.overlap ?? 'iou',
  rule: options.rule ?? '07',
  thresholds: options.thresholds ?? vocThresholds,
  classes: options.classes ?? namesIn(annotations),
  penalty: options.penalty ?? 'clamped',
  compat: options.compat ?? false,
});

/** AP at each threshold of a class without objects. */
const emptyClass = (params: VocParams, detections: number): number =>
  params.compat && params.rule === 'area' && detections > 0 ? Number.NaN : 0;

/** Average precisions of a tally; the second half of an evaluation. */
export const finishVoc = (tally: Tally, params: VocParams, dropped: VocDropped = noneDropped): VocResult => {
  const { classes, thresholds, rule } = params;
  const groups = groupsByCategory(tally);
  const visitHits = hitsVisitor([Number.POSITIVE_INFINITY], thresholds.length);
  const withoutObjects: string[] = [];
  // [class][threshold]
  const table = classes.map((name) => {
    const ranking = rankingOf(groups.get(name) ?? [], 1, wordsOf(thresholds.length));
    const positives = ranking.positives[0];
    if (positives === 0) withoutObjects.push(name);
    const row = thresholds.map(() => emptyClass(params, ranking.scores.length));
    if (positives > 0) {
      visitHits(ranking, 0, (_, t, hits) => {
        row[t] = averagePrecision[rule](hits, positives);
      });
    }
    return row;
  });
  const perThreshold = thresholds.map((threshold, t) => ({
    threshold,
    mAP: meanOf(table.map((row) => row[t])),
    ap: Object.fromEntries(classes.map((name, k) => [name, table[k][t]])),
  }));
  return {
    perThreshold,
    mean: meanOf(perThreshold.map((row) => row.mAP)),
    params,
    tally,
    withoutObjects,
    dropped: dropped.unknownImages.count + dropped.unknownClasses.count,
    notes: vocNotes(dropped, withoutObjects),
  };
};

/**
 * Scores detections against annotations as VOC does. Equal scores are taken in the order of the image names, then of
 * the list (the original leaves it open).
 * @throws VocInputError naming the first row that is not as it must be.
 * @throws OptionError on an option that does not exist or makes no sense.
 */
export const evaluateVoc = (
  annotations: readonly VocAnnotation[],
  detections: readonly VocDetection[],
  options: VocOptions = {},
): VocResult => {
  requireAnnotations(annotations);
  requireDetections(detections);
  const params = vocParams(options, annotations);
  const tables = vocTables(annotations, detections, params.classes);
  const rule: OverlapRule = { pixel: 1, penalty: params.penalty, compat: false };
  const tally = vocTally(tables, params.classes, { ...params, overlap: offsetOverlap(params.overlap), rule });
  return finishVoc(tally, params, tables.dropped);
};
