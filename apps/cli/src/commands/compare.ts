/** `gdarknet compare`: runs side by side on both metrics, with confidence intervals. */
import { join } from 'node:path';
import { UnpairedRunsError } from '@gdarknet/metrics';
import { pipe } from 'fp-ts/lib/function.js';
import * as A from 'fp-ts/lib/ReadonlyArray.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { any, command } from '../arguments/command.ts';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { number, oneOf, text, type Value, whole } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { type Failure, refused, thrown } from '../core/failure.ts';
import {
  type ComparedGroup,
  compareGroups,
  comparisonFiles,
  comparisonTable,
  grouped,
  type RunGroup,
  withoutSeed,
} from '../experiments/comparison.ts';
import { type Pick, readRunScores } from '../experiments/run-scores.ts';
import { writeSet } from '../outputs/write-set.ts';

const pickValue: Value<Pick> = {
  expected: 'last, best, final or the number of a batch',
  parse: (given) => {
    if (given === 'last' || given === 'best' || given === 'final') return given;
    return /^\d+$/.test(given) ? Number(given) : undefined;
  },
};

const unpaired = (error: unknown): Failure =>
  error instanceof UnpairedRunsError
    ? refused(
        'the runs were not scored on the same images',
        'evaluate them on one list, or compare rows with --no-intervals',
      )
    : thrown(error);

const report = (
  groups: readonly RunGroup[],
  compared: readonly ComparedGroup[],
  { json: asJson, noIntervals }: { readonly json: boolean; readonly noIntervals: boolean },
  { print, tell }: Context,
): void => {
  for (const { name, runs } of groups) tell(`${name}: ${runs.map((run) => `${run.name} at ${run.id}`).join(', ')}`);
  const apart = groups.flatMap(({ runs }) => runs.filter(({ results }) => results === undefined).map(({ run }) => run));
  if (apart.length > 0 && !noIntervals) {
    tell(
      `note: no intervals: scored without a part in evaluations/: ${apart.join(', ')}; put its map.txt aside, and watch --once`,
    );
  }
  print(asJson ? JSON.stringify(compared) : comparisonTable(compared));
};

export const compare = command({
  path: ['compare'],
  product: 'both',
  summary: 'Compare runs on both metrics: means, AP at each threshold, confidence intervals, charts.',
  details: [
    'Intervals are percentiles of a bootstrap: images are drawn with replacement, the same for all runs. Runs whose names differ in their seed alone (giou-s1, giou-s2) are pooled, and drawn too. AP with an interval follows COCO’s rules; the means follow map.txt, so VOC’s where VOC’s annotations were the truth.',
    'Runs that were evaluated elsewhere (train --assess, the original’s scripts) have rows but no intervals; `watch --once` gives them after map.txt is put aside.',
  ],
  examples: [
    'gdarknet compare backup/mse backup/iou backup/giou',
    'gdarknet compare sweeps/loss/*-s? --out report --id best',
  ],
  positionals: { runs: any('folders of runs; the others are compared with the first') },
  options: {
    id: withDefault(pickValue, 'last', {
      placeholder: 'last|best|final|n',
      doc: 'which checkpoint of each run; best by --by',
    }),
    by: withDefault(oneOf('iou', 'giou'), 'iou', {
      placeholder: 'iou|giou',
      doc: 'the metric that decides which is best',
    }),
    set: withDefault(text, '', { placeholder: 'val2017-', doc: 'prefix of the set in map.txt' }),
    apart: flag('do not pool runs that differ in their seed alone'),
    noIntervals: flag('rows of map.txt only'),
    samples: withDefault(whole({ min: 10 }), 1000, { placeholder: 'n', doc: 'draws' }),
    seed: withDefault(whole({ min: 0, max: 2 ** 32 - 1 }), 1, { placeholder: 'n', doc: 'of the draws' }),
    confidence: withDefault(number({ min: 0.01, max: 0.999 }), 0.95, { placeholder: 'p', doc: 'of the intervals' }),
    out: optional(text, { placeholder: 'dir', doc: 'write compare.md, compare.json and charts there' }),
    json,
  },
  run: ({ runs, id, by, set, apart, noIntervals, samples, seed, confidence, out, json }, context) =>
    runs.length === 0
      ? TE.left(refused('no runs to compare', 'name their folders'))
      : pipe(
          A.traverse(TE.ApplicativeSeq)((run: string) => readRunScores(run, set, by, id))(runs),
          TE.map((read) => (noIntervals ? read.map((run) => ({ ...run, results: undefined })) : read)),
          TE.map((read) => grouped(read, apart ? (name) => name : withoutSeed)),
          TE.bindTo('groups'),
          TE.bind('compared', ({ groups }) =>
            TE.tryCatch(async () => compareGroups(groups, { samples, seed, confidence }), unpaired),
          ),
          TE.tap(({ groups, compared }) =>
            out === undefined
              ? TE.right(undefined)
              : writeSet(comparisonFiles(groups, compared, set, (name) => join(out, name))),
          ),
          TE.map(({ groups, compared }) => report(groups, compared, { json, noIntervals }, context)),
        ),
});
