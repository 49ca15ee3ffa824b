/** Two result files on one ground truth, side by side: the numbers, the categories, the objects won and lost. */
import { checkOptions } from '../check/options.ts';
import { evaluateCoco } from '../coco/evaluate.ts';
import type { CocoDetection, CocoInstances } from '../coco/input.ts';
import { cocoMatches } from '../coco/matches.ts';
import type { CocoOptions } from '../coco/params.ts';
import { cocoAliases, cocoRules } from '../coco/params.ts';
import type { BootstrapOptions, Interval } from './bootstrap.ts';
import { bootstrapRules, pairedBootstrap } from './bootstrap.ts';

export interface CategoryChange {
  readonly id: number;
  readonly name: string;
  readonly first: number;
  readonly second: number;
  readonly difference: number;
}

export interface CocoComparison {
  readonly first: readonly number[];
  readonly second: readonly number[];
  /** Second minus first, of the twelve numbers; 0 where either has no value. */
  readonly difference: readonly number[];
  readonly AP: Interval;
  /** AP by category, the largest change first; categories without objects are left out. */
  readonly perCategory: readonly CategoryChange[];
  /** Annotations that only the second run finds at the first threshold, and that only the first finds. */
  readonly won: readonly number[];
  readonly lost: readonly number[];
}

const foundIn = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  options: CocoOptions,
): ReadonlySet<number> => {
  const all = [{ name: 'all', low: 0, high: Number.POSITIVE_INFINITY }];
  const thresholds = [options.thresholds?.[0] ?? 0.5];
  const records = cocoMatches(groundTruth, detections, { ...options, areas: all, thresholds });
  return new Set(
    records.flatMap(({ objects, objectIgnored, objectMatches }) =>
      objects.filter((_, o) => !objectIgnored[o] && objectMatches[0][o] !== undefined),
    ),
  );
};

const known = (value: number): boolean => value > -1;

/** @throws CocoInputError, OptionError as `evaluateCoco`. */
export const compareCoco = (
  groundTruth: CocoInstances,
  first: readonly CocoDetection[],
  second: readonly CocoDetection[],
  both: CocoOptions & BootstrapOptions = {},
): CocoComparison => {
  checkOptions(both, { ...cocoRules, ...bootstrapRules }, cocoAliases);
  const { samples, seed, confidence, ...options } = both;
  const [a, b] = [evaluateCoco(groundTruth, first, options), evaluateCoco(groundTruth, second, options)];
  const [byFirst, bySecond] = [foundIn(groundTruth, first, options), foundIn(groundTruth, second, options)];
  const minus = (x: number, y: number): number => (known(x) && known(y) ? y - x : 0);
  return {
    first: a.stats,
    second: b.stats,
    difference: a.stats.map((value, i) => minus(value, b.stats[i])),
    AP: pairedBootstrap(a, b, { samples, seed, confidence }),
    perCategory: a.perCategory
      .map(({ id, name, AP }, k) => {
        const other = b.perCategory[k].AP;
        return { id, name, first: AP, second: other, difference: minus(AP, other) };
      })
      .filter((row) => known(row.first))
      .sort((x, y) => Math.abs(y.difference) - Math.abs(x.difference)),
    won: [...bySecond].filter((id) => !byFirst.has(id)),
    lost: [...byFirst].filter((id) => !bySecond.has(id)),
  };
};
