/** `gdarknet eval coco`: the original's coco_eval.py, on either metric. */
import {
  type CocoDetection,
  type CocoInstances,
  type CocoResult,
  cocoSummary,
  compareCoco,
  evaluateCocoEach,
} from '@gdarknet/metrics';
import type { NamedCurve } from '@gdarknet/metrics/charts';
import { readCocoInstances, readCocoResults } from '@gdarknet/metrics/io';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command } from '../arguments/command.ts';
import { flag, needed, optional } from '../arguments/option.ts';
import { text } from '../arguments/value.ts';
import type { Context } from '../context.ts';
import { type Failure, formatFailure } from '../failure.ts';
import { analysisOptions, classText, comparisonText, drawCharts, errorsOf, errorText } from './eval-analyses.ts';
import { byMetric, giouMetric, json, metric, metricsOf } from './shared-options.ts';

type Metric = 'iou' | 'giou';
type Input = {
  readonly truth: CocoInstances;
  readonly found: readonly CocoDetection[];
  /** Of another run. */
  readonly other: readonly CocoDetection[] | undefined;
};
type Choice = {
  readonly metrics: readonly Metric[];
  readonly compat: boolean;
  readonly perClass: boolean;
  readonly errors: boolean;
  readonly pr: string | undefined;
  readonly confusion: string | undefined;
  readonly json: boolean;
};

/** Rounding would hide that two runs differ, so the numbers are whole. */
const row = (name: Metric, { stats, perCategory }: CocoResult) => ({
  metric: name,
  stats,
  perCategory: perCategory.map(({ id, name, AP, AP50, AP75 }) => ({ id, name, AP, AP50, AP75 })),
});

const readAll = (gt: string, dt: string, other: string | undefined): TE.TaskEither<Failure, Input> =>
  pipe(
    TE.Do,
    TE.apS('truth', () => readCocoInstances(gt)),
    TE.apS('found', () => readCocoResults(dt)),
    TE.apS('other', other === undefined ? TE.right(undefined) : () => readCocoResults(other)),
    TE.mapLeft(formatFailure),
  );

/** Precision at each recall at one threshold (all areas, most detections), mean over the categories that have objects. */
const meanCurve = ({ precision, params }: CocoResult, t: number) => {
  const { recalls, thresholds, areas, maxDets } = params;
  const [A, M] = [areas.length, maxDets.length];
  const K = precision.length / (thresholds.length * recalls.length * A * M);
  const means = recalls.map((_, r) => {
    const values = Array.from({ length: K }, (_, k) => precision[((t * recalls.length + r) * K + k) * A * M + M - 1]);
    const known = values.filter((value) => value > -1);
    return known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
  });
  return { recall: Float64Array.from(recalls), precision: Float64Array.from(means) };
};

/** At .50, .75 and .95. */
const curvesOf = (results: readonly CocoResult[], metrics: readonly Metric[]): readonly NamedCurve[] =>
  results.flatMap((result, i) =>
    [0, 5, 9].map((t) => {
      const { threshold, AP } = result.perThreshold[t];
      return {
        name: `${metrics[i]} ${threshold.toFixed(2)} (AP ${(100 * AP).toFixed(1)})`,
        curve: meanCurve(result, t),
      };
    }),
  );

/** As many draws tell two points of AP from none; a thousand take minutes on a large set. */
const draws = 200;

const report = (input: Input, choice: Choice, to: Context): TE.TaskEither<Failure, void> => {
  const { truth, found, other } = input;
  const { metrics, compat } = choice;
  const results = evaluateCocoEach(truth, found, metrics, { compat });
  const notes = new Map(
    results.flatMap((result) => result.notes.map(({ tag, text }) => [tag, text])),
  );
  for (const note of notes.values()) to.tell(`note: ${note}`);
  const errors = choice.errors ? errorsOf(input) : undefined;
  const comparisons = metrics.map((overlap) =>
    other === undefined ? undefined : compareCoco(truth, other, found, { overlap, compat, samples: draws }),
  );
  if (choice.json) {
    const rows = results.map((result, i) => ({
      ...row(metrics[i], result),
      ...(errors && { errors }),
      ...(comparisons[i] && { comparison: comparisons[i] }),
    }));
    to.print(JSON.stringify(byMetric(metrics, rows)));
  } else {
    results.forEach((result, i) => {
      to.tell(`Evaluating ${metrics[i]}: ${truth.images.length} images, ${found.length} detections`);
      to.print(cocoSummary(result.stats));
      if (choice.perClass) {
        const rows = result.perCategory.map(({ name, AP, AP50, AP75 }) => ({ name, figures: { AP, AP50, AP75 } }));
        to.print(classText(rows));
      }
      if (comparisons[i]) to.print(comparisonText(metrics[i], comparisons[i]));
    });
    if (errors) to.print(errorText(errors));
  }
  return drawCharts(
    choice,
    () => input,
    () => curvesOf(results, metrics),
    'Precision and recall, mean over the categories',
  );
};

export const evalCoco = command({
  path: ['eval', 'coco'],
  summary: "Score detections against COCO annotations: COCO's twelve numbers on the IoU or the GIoU metric.",
  details: [
    'By default the defects of the original evaluators are corrected and named where the input meets them; --compat gives their numbers to the bit.',
  ],
  examples: ['gdarknet eval coco --gt instances_val2017.json --dt results/coco_results.json --metric giou'],
  positionals: {},
  options: {
    gt: needed(text, { placeholder: 'instances.json', doc: 'the ground truth' }),
    dt: needed(text, { placeholder: 'results.json', doc: 'the detections, as valid writes them' }),
    metric,
    giouMetric,
    ...analysisOptions,
    compare: optional(text, { placeholder: 'other.json', doc: 'the detections of another run, to compare with' }),
    compat: flag("pycocotools and the original's GIoU fork of it, defects included"),
    json,
  },
  run: (values, context) =>
    pipe(
      readAll(values.gt, values.dt, values.compare),
      TE.flatMap((input) => report(input, { ...values, metrics: metricsOf(values) }, context)),
    ),
});
