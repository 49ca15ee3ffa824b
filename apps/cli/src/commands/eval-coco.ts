/** `gdarknet eval coco`: the original's coco_eval.py, on either metric, by boxes, masks or keypoints. */
import {
  type CocoDetection,
  type CocoInstances,
  type CocoOptions,
  type CocoResult,
  cocoSummary,
  compareCoco,
  evaluateCocoEach,
  plainResult,
} from '@gdarknet/metrics';
import type { NamedCurve } from '@gdarknet/metrics/charts';
import { readCocoDocument, readCocoInstances, readCocoResults } from '@gdarknet/metrics/io';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Arguments, command } from '../arguments/command.ts';
import { flag, needed, optional } from '../arguments/option.ts';
import { byMetric, giouMetric, json, metric, metricsOf } from '../arguments/shared-options.ts';
import { oneOf, text } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { type Failure, formatFailure } from '../core/failure.ts';
import {
  analysisOptions,
  comparisonText,
  confusionOf,
  drawCharts,
  errorsOf,
  errorText,
  plainCurves,
} from './eval-analyses.ts';
import { refuseBoxAnalyses, reportKind, tables, tellNotes } from './eval-kinds.ts';
import { attempt, cocoOptions, optionsOf } from './eval-options.ts';

type Metric = 'iou' | 'giou';
type Input = {
  readonly truth: CocoInstances;
  readonly found: readonly CocoDetection[];
  /** Of another run. */
  readonly other: readonly CocoDetection[] | undefined;
};

const readAll = (gt: string, dt: string, other: string | undefined): TE.TaskEither<Failure, Input> =>
  pipe(
    TE.Do,
    TE.apS('truth', () => readCocoInstances(gt)),
    TE.apS('found', () => readCocoResults(dt)),
    TE.apS('other', other === undefined ? TE.right(undefined) : () => readCocoResults(other)),
    TE.mapLeft(formatFailure),
  );

/** What is evaluated, alone: for analyses that know no subsets. */
const narrowed = ({ truth, found, other }: Input, { imgIds, catIds }: CocoOptions): Input => {
  if (imgIds === undefined && catIds === undefined) return { truth, found, other };
  const [images, categories] = [imgIds && new Set(imgIds), catIds && new Set(catIds)];
  const kept = <A extends Pick<CocoDetection, 'image_id' | 'category_id'>>(rows: readonly A[]): readonly A[] =>
    rows.filter((row) => (images?.has(row.image_id) ?? true) && (categories?.has(row.category_id) ?? true));
  return {
    truth: {
      images: truth.images.filter(({ id }) => images?.has(id) ?? true),
      categories: truth.categories.filter(({ id }) => categories?.has(id) ?? true),
      annotations: kept(truth.annotations),
    },
    found: kept(found),
    other: other && kept(other),
  };
};

/** Precision at each recall at one threshold (all areas, most detections), mean over the categories that have objects. */
const meanCurve = ({ precision, params }: CocoResult, t: number) => {
  const { recalls, thresholds, areas, maxDets } = params;
  const [A, M] = [areas.length, maxDets.length];
  const all = areas.findIndex(({ name }) => name === 'all');
  const K = precision.length / (thresholds.length * recalls.length * A * M);
  const means = recalls.map((_, r) => {
    const values = Array.from(
      { length: K },
      (_, k) => precision[(((t * recalls.length + r) * K + k) * A + all) * M + M - 1],
    );
    const known = values.filter((value) => value > -1);
    return known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
  });
  return { recall: Float64Array.from(recalls), precision: Float64Array.from(means) };
};

/** At .50, .75 and .95, or the first and last of other thresholds. */
const curvesOf = (results: readonly CocoResult[], metrics: readonly Metric[]): readonly NamedCurve[] =>
  results.flatMap((result, i) => {
    const usual = [0.5, 0.75, 0.95].map((wanted) =>
      result.perThreshold.findIndex(({ threshold }) => Math.abs(threshold - wanted) < 1e-9),
    );
    const ends = [...new Set([0, result.perThreshold.length - 1])];
    return (usual.every((t) => t >= 0) ? usual : ends).map((t) => {
      const { threshold, AP } = result.perThreshold[t];
      return {
        name: `${metrics[i]} ${threshold.toFixed(2)} (AP ${(100 * AP).toFixed(1)})`,
        curve: meanCurve(result, t),
      };
    });
  });

/** As many draws tell two points of AP from none; a thousand take minutes on a large set. */
const draws = 200;

const report = (input: Input, values: Values, to: Context): TE.TaskEither<Failure, void> => {
  const { truth, found, other } = input;
  const metrics = metricsOf(values);
  return pipe(
    TE.fromEither(
      attempt(values, () => {
        const options = optionsOf(values, truth);
        const alone = narrowed(input, options);
        const results = evaluateCocoEach(truth, found, metrics, options);
        const errors = values.errors ? errorsOf(alone, values) : undefined;
        const comparisons = metrics.map((overlap) =>
          other === undefined ? undefined : compareCoco(truth, other, found, { ...options, overlap, samples: draws }),
        );
        return { results, alone, errors, comparisons };
      }),
    ),
    TE.flatMap(({ results, alone, errors, comparisons }) => {
      tellNotes(results, to);
      if (values.json) {
        const rows = results.map((result, i) => ({
          metric: metrics[i],
          ...plainResult(result),
          ...(errors && { errors }),
          ...(comparisons[i] && { comparison: comparisons[i] }),
          ...(values.pr !== undefined && { curves: plainCurves(curvesOf([result], [metrics[i]])) }),
          ...(values.confusion !== undefined && { confusion: confusionOf(alone) }),
        }));
        to.print(JSON.stringify(byMetric(metrics, rows)));
      } else {
        results.forEach((result, i) => {
          to.tell(`Evaluating ${metrics[i]}: ${alone.truth.images.length} images, ${alone.found.length} detections`);
          to.print(cocoSummary(result.stats, result.params));
          for (const text of tables(result, values)) to.print(text);
          if (comparisons[i]) to.print(comparisonText(metrics[i], comparisons[i]));
        });
        if (errors) to.print(errorText(errors));
      }
      return drawCharts(
        values,
        () => alone,
        () => curvesOf(results, metrics),
        'Precision and recall, mean over the categories',
      );
    }),
  );
};

const options = {
  gt: needed(text, { placeholder: 'instances.json', doc: 'the ground truth, plain or gzip' }),
  dt: needed(text, { placeholder: 'results.json', doc: 'the detections, as valid writes them' }),
  metric,
  giouMetric,
  ...cocoOptions,
  ...analysisOptions,
  table: optional(oneOf('markdown', 'csv'), {
    placeholder: 'markdown|csv',
    doc: 'also a table of every number for each class',
  }),
  compare: optional(text, { placeholder: 'other.json', doc: 'the detections of another run, to compare with' }),
  compat: flag("pycocotools and the original's GIoU fork of it, defects included"),
  json,
};
type Values = Arguments<Record<never, never>, typeof options>;

export const evalCoco = command({
  path: ['eval', 'coco'],
  product: 'both',
  summary: "Score detections against COCO annotations: COCO's numbers, by boxes, masks or keypoints.",
  details: [
    'By default the defects of the original evaluators are corrected and named where the input meets them; --compat gives their numbers to the bit.',
  ],
  examples: [
    'gdarknet eval coco --gt instances_val2017.json --dt results/coco_results.json --metric giou',
    'gdarknet eval coco --gt instances_val2017.json --dt masks.json --iou-type segm',
    'gdarknet eval coco --gt lvis_v1_val.json --dt results.json --rules lvis',
  ],
  positionals: {},
  options,
  run: (values, context) =>
    values.iouType === 'bbox' && values.rules === 'coco'
      ? pipe(
          readAll(values.gt, values.dt, values.compare),
          TE.flatMap((input) => report(input, values, context)),
        )
      : pipe(
          refuseBoxAnalyses(values),
          TE.flatMap(() =>
            pipe(
              TE.Do,
              TE.apS('truth', () => readCocoDocument(values.gt)),
              TE.apS('found', () => readCocoDocument(values.dt)),
              TE.mapLeft(formatFailure),
            ),
          ),
          TE.flatMap(({ truth, found }) => reportKind(truth, found, values, context)),
        ),
});
