/** `gdarknet eval coco`: the original's coco_eval.py, on either metric. */
import { type CocoDetection, type CocoInstances, type CocoResult, cocoSummary, evaluateCoco } from '@gdarknet/metrics';
import { readCocoInstances, readCocoResults } from '@gdarknet/metrics/io';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command } from '../arguments/command.ts';
import { flag, needed } from '../arguments/option.ts';
import { text } from '../arguments/value.ts';
import type { Context } from '../context.ts';
import { type Failure, formatFailure } from '../failure.ts';
import { byMetric, giouMetric, json, metric, metricsOf } from './shared-options.ts';

type Input = { readonly truth: CocoInstances; readonly found: readonly CocoDetection[] };

/** Rounding would hide that two runs differ, so the numbers are whole. */
const row = (name: 'iou' | 'giou', { stats, perCategory }: CocoResult) => ({
  metric: name,
  stats,
  perCategory: perCategory.map(({ id, name, AP, AP50, AP75 }) => ({ id, name, AP, AP50, AP75 })),
});

const readBoth = (gt: string, dt: string): TE.TaskEither<Failure, Input> =>
  pipe(
    TE.Do,
    TE.apS('truth', () => readCocoInstances(gt)),
    TE.apS('found', () => readCocoResults(dt)),
    TE.mapLeft(formatFailure),
  );

const report = (input: Input, metrics: readonly ('iou' | 'giou')[], compat: boolean, asJson: boolean, to: Context) => {
  const results = metrics.map((overlap) => evaluateCoco(input.truth, input.found, { overlap, compat }));
  const notes = new Map(
    results.flatMap((result) => result.notes.map(({ tag, count, text }) => [tag, `${count} ${text}`])),
  );
  for (const note of notes.values()) to.tell(`note: ${note}`);
  if (asJson) {
    const rows = results.map((result, i) => row(metrics[i], result));
    to.print(JSON.stringify(byMetric(metrics, rows)));
    return;
  }
  results.forEach((result, i) => {
    to.tell(`Evaluating ${metrics[i]}: ${input.truth.images.length} images, ${input.found.length} detections`);
    to.print(cocoSummary(result.stats));
  });
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
    compat: flag("pycocotools and the original's GIoU fork of it, defects included"),
    json,
  },
  run: (values, context) =>
    pipe(
      readBoth(values.gt, values.dt),
      TE.map((input) => report(input, metricsOf(values), values.compat, values.json, context)),
    ),
});
