/** What `eval coco` evaluates besides boxes by COCO's rules: masks, keypoints, and the rules of LVIS and Open Images. */
import {
  type AnyFigures,
  type CocoDetection,
  type CocoOptions,
  categoryTable,
  cocoSummary,
  plainResult,
} from '@gdarknet/metrics';
import {
  evaluateLvis,
  evaluateLvisSegm,
  evaluateOpenImages,
  type LvisInstances,
  type LvisResult,
  type LvisSegmInstances,
  lvisSummary,
  type OpenImagesInstances,
} from '@gdarknet/metrics/federated';
import {
  evaluateKeypoints,
  type KeypointDetection,
  type KeypointInstances,
  keypointSummary,
} from '@gdarknet/metrics/keypoints';
import { evaluateSegm, type SegmDetection, type SegmInstances } from '@gdarknet/metrics/segm';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { metricsOf } from '../arguments/shared-options.ts';
import type { Context } from '../core/context.ts';
import { type Failure, refused } from '../core/failure.ts';
import { classText } from './eval-analyses.ts';
import { attempt, type CocoValues, optionsOf } from './eval-options.ts';

type Values = CocoValues & {
  readonly gt: string;
  readonly dt: string;
  readonly metric: 'iou' | 'giou' | 'both';
  readonly giouMetric: boolean;
  readonly json: boolean;
  readonly perClass: boolean;
  readonly table: 'markdown' | 'csv' | undefined;
  readonly errors: boolean;
  readonly compare: string | undefined;
  readonly pr: string | undefined;
  readonly confusion: string | undefined;
};

export const tellNotes = (results: readonly AnyFigures[], { tell }: Context): void => {
  const notes = new Map(results.flatMap((result) => result.notes.map(({ tag, text }) => [tag, text])));
  for (const note of notes.values()) tell(`note: ${note}`);
};

/** The figures of each class, as they are asked for. */
export const tables = (
  result: AnyFigures,
  { table, perClass }: Pick<Values, 'table' | 'perClass'>,
): readonly string[] => [
  ...(perClass && table === undefined
    ? [classText(result.perCategory.map(({ name, AP, AP50, AP75 }) => ({ name, figures: { AP, AP50, AP75 } })))]
    : []),
  ...(table === undefined ? [] : [categoryTable(result, { format: table }).trimEnd()]),
];

type Scored = { readonly result: AnyFigures; readonly lines: string };
/** The library looks at every row, so that what a file holds can be given as it stands. */
type Score = (truth: unknown, found: unknown, options: CocoOptions) => Scored;

const twelve = (result: Parameters<typeof plainResult>[0]): Scored => ({
  result,
  lines: cocoSummary(result.stats, result.params),
});
const thirteen = (result: LvisResult): Scored => ({ result, lines: lvisSummary(result) });
/** The others are compared by OKS. */
const withoutOverlap = ({ overlap: _, ...options }: CocoOptions) => options;

const scores: Readonly<Record<CocoValues['rules'], Partial<Record<CocoValues['iouType'], Score>>>> = {
  coco: {
    segm: (truth, found, options) => twelve(evaluateSegm(truth as SegmInstances, found as SegmDetection[], options)),
    keypoints: (truth, found, options) => {
      const rows = found as KeypointDetection[];
      const result = evaluateKeypoints(truth as KeypointInstances, rows, withoutOverlap(options));
      return { result, lines: keypointSummary(result) };
    },
  },
  lvis: {
    bbox: (truth, found, options) => thirteen(evaluateLvis(truth as LvisInstances, found as CocoDetection[], options)),
    segm: (truth, found, options) =>
      thirteen(evaluateLvisSegm(truth as LvisSegmInstances, found as SegmDetection[], options)),
  },
  'open-images': {
    bbox: (truth, found, options) =>
      twelve(evaluateOpenImages(truth as OpenImagesInstances, found as CocoDetection[], options)),
  },
};

/** Evaluates and prints one of them. */
export const reportKind = (
  truth: unknown,
  found: unknown,
  values: Values,
  to: Context,
): TE.TaskEither<Failure, void> => {
  const { iouType, rules } = values;
  const score = scores[rules][iouType];
  if (score === undefined) {
    const known = Object.keys(scores[rules]).join(' or ');
    return TE.left(refused(`--rules ${rules} has no ${iouType}`, `use --iou-type ${known}`));
  }
  const metrics: readonly string[] = iouType === 'keypoints' ? ['oks'] : metricsOf(values);
  const run = (overlap: string): Scored => {
    const options = optionsOf(values, truth as Parameters<typeof optionsOf>[1]);
    return score(truth, found, { ...options, overlap: overlap as 'iou' });
  };
  return pipe(
    TE.fromEither(attempt(values, () => metrics.map(run))),
    TE.map((scored) => {
      tellNotes(
        scored.map(({ result }) => result),
        to,
      );
      if (values.json) {
        const rows = scored.map(({ result }, i) => ({ metric: metrics[i], iouType, rules, ...plainResult(result) }));
        const byMetric = Object.fromEntries(rows.map((row) => [row.metric, row]));
        to.print(JSON.stringify(rows.length === 1 ? rows[0] : byMetric));
        return undefined;
      }
      scored.forEach(({ result, lines }, i) => {
        const named = rules === 'coco' ? '' : `, by the rules of ${rules}`;
        to.tell(`Evaluating ${iouType} by ${metrics[i]}${named}`);
        to.print(lines);
        for (const text of tables(result, values)) to.print(text);
      });
      return undefined;
    }),
  );
};

/** Analyses that look at boxes by COCO's rules. */
const boxesOnly = ['errors', 'compare', 'pr', 'confusion'] as const;

export const refuseBoxAnalyses = (values: Values): TE.TaskEither<Failure, void> => {
  const asked = boxesOnly.find((name) => values[name] !== undefined && values[name] !== false);
  if (asked !== undefined) {
    const what = values.iouType === 'bbox' ? `by COCO's rules, not by ${values.rules}` : `not at ${values.iouType}`;
    return TE.left(
      refused(
        `--${asked} looks at boxes${values.iouType === 'bbox' ? ' ' : ', '}${what}`,
        'leave out --iou-type, --rules or that option',
      ),
    );
  }
  if (values.iouType === 'keypoints' && (values.metric !== 'iou' || values.giouMetric)) {
    return TE.left(refused('--metric: keypoints are compared by OKS alone', 'leave it out'));
  }
  return TE.right(undefined);
};
