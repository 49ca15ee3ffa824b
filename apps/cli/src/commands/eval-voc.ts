/** `gdarknet eval voc`: the original's voc_reval.py, on either metric. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from '@gdarknet/data';
import {
  curveOf,
  evaluateVoc,
  type VocAnnotation,
  type VocDetection,
  type VocResult,
  vocReport,
} from '@gdarknet/metrics';
import { readVocAnnotations, readVocDetections } from '@gdarknet/metrics/io';
import { parseNames } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, maybe } from '../arguments/command.ts';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { byMetric, giouMetric, json, metric, metricsOf } from '../arguments/shared-options.ts';
import { oneOf, text } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { dataFailure, type Failure, formatFailure, modelFailure, refused } from '../core/failure.ts';
import {
  analysisOptions,
  classText,
  confusionOf,
  drawCharts,
  errorsOf,
  errorText,
  plainCurves,
  type VocComparison,
  vocBoxes,
  vocComparisonText,
} from './eval-analyses.ts';

const readNames = (path: string): TE.TaskEither<Failure, readonly string[]> =>
  pipe(
    readText(path),
    TE.mapLeft((fault) => dataFailure(fault)),
    TE.flatMapEither((names) => E.mapLeft(modelFailure)(parseNames(names, { file: path }))),
    TE.map(({ value }) => value),
  );

type Found = { readonly detections: readonly VocDetection[]; readonly missing: readonly string[] };

/**
 * Darknet writes `comp4_det_test_<class>.txt` whatever the set, and voc_reval.py reads `comp4_det_<set>_<class>.txt`:
 * the set's own files are preferred. A class without a file has no detections, unless none has one.
 */
const readFound = (dir: string, imageSet: string, classes: readonly string[]): TE.TaskEither<Failure, Found> => {
  const has = (set: string) => (name: string) => existsSync(join(dir, `comp4_det_${set}_${name}.txt`));
  const set = [imageSet, 'test'].find((candidate) => classes.some(has(candidate)));
  if (set === undefined) {
    const what = `${dir}: holds no comp4_det_${imageSet}_<class>.txt and no comp4_det_test_<class>.txt of any class`;
    return TE.left(refused(what, 'name the folder that valid wrote with --results, and its names with --classes'));
  }
  return pipe(
    () => readVocDetections(dir, set, classes.filter(has(set))),
    TE.bimap(formatFailure, (detections) => ({ detections, missing: classes.filter((name) => !has(set)(name)) })),
  );
};

type Input = Found & {
  readonly classes: readonly string[];
  readonly annotations: readonly VocAnnotation[];
  /** Of another run. */
  readonly other: readonly VocDetection[] | undefined;
};
type Rule = '07' | 'area';

const row = (metric: 'iou' | 'giou', { params, perThreshold, mean, notes, dropped }: VocResult) => {
  const { rule, thresholds, classes, penalty, compat } = params;
  return { metric, rule, perThreshold, mean, notes, dropped, params: { thresholds, classes, penalty, compat } };
};

/** The 11 points of VOC 2007, the area from 2010 on. */
const ruleOfYear = (year: string): Rule => (Number(year) < 2010 ? '07' : 'area');

type Choice = {
  readonly metrics: readonly ('iou' | 'giou')[];
  readonly rule: Rule;
  readonly compat: boolean;
  readonly perClass: boolean;
  readonly errors: boolean;
  readonly pr: string | undefined;
  readonly confusion: string | undefined;
  readonly json: boolean;
};

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
/** Mean AP of a class over the thresholds. */
const classMean = ({ perThreshold }: VocResult, name: string): number => meanOf(perThreshold.map(({ ap }) => ap[name]));

const comparisonOf = (first: VocResult, second: VocResult): VocComparison => ({
  first: first.mean,
  second: second.mean,
  difference: second.mean - first.mean,
  perThreshold: second.perThreshold.map(({ threshold, mAP }, t) => ({
    threshold,
    difference: mAP - first.perThreshold[t].mAP,
  })),
  perClass: second.params.classes
    .map((name) => ({ name, difference: classMean(second, name) - classMean(first, name) }))
    .sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference)),
});

const classRows = (result: VocResult) =>
  result.params.classes.map((name) => ({
    name,
    figures: {
      AP50: result.perThreshold[0].ap[name],
      AP75: result.perThreshold[5].ap[name],
      AP: classMean(result, name),
    },
  }));

const report = (input: Input, choice: Choice, { print, tell }: Context): TE.TaskEither<Failure, void> => {
  const { annotations, detections, classes, missing, other } = input;
  const { metrics, rule, compat } = choice;
  const scored = (rows: readonly VocDetection[]) =>
    metrics.map((overlap) => evaluateVoc(annotations, rows, { overlap, rule, classes, compat }));
  const results = scored(detections);
  const others = other === undefined ? [] : scored(other);
  const comparisons = results.map((result, i) => (others[i] ? comparisonOf(others[i], result) : undefined));
  const [first] = results;
  if (missing.length > 0) tell(`note: no result file, so no detections, for ${missing.join(', ')}`);
  for (const { text } of first.notes) tell(`note: ${text}`);
  const boxes = () => vocBoxes(annotations, detections, classes);
  const errors = choice.errors ? errorsOf(boxes(), { compat }) : undefined;
  const found = classes.filter((name) => !first.withoutObjects.includes(name));
  const curves = () =>
    found.map((name) => ({
      name: `${name} (${(100 * first.perThreshold[0].ap[name]).toFixed(1)})`,
      curve: curveOf(first, name, { threshold: 0.5 }),
    }));
  if (choice.json) {
    const rows = results.map((result, i) => ({
      ...row(metrics[i], result),
      ...(errors && { errors }),
      ...(comparisons[i] && { comparison: comparisons[i] }),
      ...(choice.pr !== undefined && { curves: plainCurves(curves()) }),
      ...(choice.confusion !== undefined && { confusion: confusionOf(boxes()) }),
    }));
    print(JSON.stringify(byMetric(metrics, rows)));
  } else {
    results.forEach((result, i) => {
      print(vocReport(result));
      if (choice.perClass) print(classText(classRows(result)));
      if (comparisons[i]) print(vocComparisonText(metrics[i], comparisons[i]));
    });
    if (errors) print(errorText(errors));
  }
  return drawCharts(choice, boxes, curves, `Precision and recall by class at ${metrics[0]} 0.50`);
};

export const evalVoc = command({
  path: ['eval', 'voc'],
  product: 'both',
  summary:
    'Score detections against VOC annotations: AP of every class at .50, .55, ... .95 on the IoU or the GIoU metric.',
  details: ["Takes the arguments of the original's voc_reval.py, underscores included, and prints what it prints."],
  examples: [
    'gdarknet eval voc --results results --voc-dir VOCdevkit --year 2007 --image-set test --classes voc.names --metric both',
  ],
  positionals: { output: maybe('the folder of the result files, in place of --results') },
  options: {
    results: optional(text, {
      placeholder: 'dir',
      doc: 'the folder that valid wrote comp4_det_test_<class>.txt into [results]',
    }),
    vocDir: withDefault(text, 'datasets/voc/VOCdevkit', {
      placeholder: 'VOCdevkit',
      doc: 'the folder that holds VOC<year>',
    }),
    year: withDefault(text, '2007', { placeholder: 'y', doc: 'which VOC<year>' }),
    imageSet: withDefault(text, 'test', { placeholder: 's', doc: 'the list ImageSets/Main/<s>.txt' }),
    classes: withDefault(text, 'data/voc.names', { placeholder: 'names', doc: 'the class names, one a line' }),
    metric,
    giouMetric,
    ...analysisOptions,
    compare: optional(text, { placeholder: 'dir', doc: 'the result files of another run, to compare with' }),
    rule: optional(oneOf('07', 'area'), {
      placeholder: '07|area',
      doc: 'average precision by 11 points or by area [07 before 2010, area from then on]',
    }),
    compat: flag("the original's NaN for a class without objects"),
    json,
  },
  run: (values, context) =>
    pipe(
      TE.Do,
      TE.bind('classes', () => readNames(values.classes)),
      TE.bind('annotations', () => TE.mapLeft(formatFailure)(() => readVocAnnotations(values))),
      TE.bind('found', ({ classes }) =>
        readFound(values.output ?? values.results ?? 'results', values.imageSet, classes),
      ),
      TE.bind('other', ({ classes }) =>
        values.compare === undefined
          ? TE.right(undefined)
          : pipe(
              readFound(values.compare, values.imageSet, classes),
              TE.map(({ detections }) => detections),
            ),
      ),
      TE.flatMap(({ found, ...input }) => {
        const rule = values.rule ?? ruleOfYear(values.year);
        return report({ ...input, ...found }, { ...values, metrics: metricsOf(values), rule }, context);
      }),
    ),
});
