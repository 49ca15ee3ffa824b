/** `gdarknet eval voc`: the original's voc_reval.py, on either metric. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from '@gdarknet/data';
import { evaluateVoc, type VocAnnotation, type VocDetection, type VocResult, vocReport } from '@gdarknet/metrics';
import { readVocAnnotations, readVocDetections } from '@gdarknet/metrics/io';
import { parseNames } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, maybe } from '../arguments/command.ts';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { oneOf, text } from '../arguments/value.ts';
import type { Context } from '../context.ts';
import { dataFailure, type Failure, formatFailure, modelFailure, refused } from '../failure.ts';
import { byMetric, giouMetric, json, metric, metricsOf } from './shared-options.ts';

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

type Input = Found & { readonly classes: readonly string[]; readonly annotations: readonly VocAnnotation[] };
type Rule = '07' | 'area';

const row = (metric: 'iou' | 'giou', { params, perThreshold, mean }: VocResult) => ({
  metric,
  rule: params.rule,
  perThreshold,
  mean,
});

/** The 11 points of VOC 2007, the area from 2010 on. */
const ruleOfYear = (year: string): Rule => (Number(year) < 2010 ? '07' : 'area');

type Choice = { readonly metrics: readonly ('iou' | 'giou')[]; readonly rule: Rule; readonly compat: boolean };

const report = (input: Input, { metrics, rule, compat }: Choice, asJson: boolean, { print, tell }: Context): void => {
  const { annotations, detections, classes, missing } = input;
  const results = metrics.map((overlap) => evaluateVoc(annotations, detections, { overlap, rule, classes, compat }));
  const [first] = results;
  if (missing.length > 0) tell(`note: no result file, so no detections, for ${missing.join(', ')}`);
  if (first.withoutObjects.length > 0) {
    tell(`note: nothing to find, so AP 0 in the mean, for ${first.withoutObjects.join(', ')}`);
  }
  if (first.dropped > 0) tell(`note: ${first.dropped} detections on images outside the set are left out`);
  if (asJson) {
    const rows = results.map((result, i) => row(metrics[i], result));
    print(JSON.stringify(byMetric(metrics, rows)));
  } else for (const result of results) print(vocReport(result));
};

export const evalVoc = command({
  path: ['eval', 'voc'],
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
      TE.map(({ found, ...input }) =>
        report(
          { ...input, ...found },
          { metrics: metricsOf(values), rule: values.rule ?? ruleOfYear(values.year), compat: values.compat },
          values.json,
          context,
        ),
      ),
    ),
});
