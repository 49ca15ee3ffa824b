/** The scores that a run's folder holds for one of its checkpoints: rows of map.txt, and the part that `watch` kept. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type MapRow, readMapLog } from '@gdarknet/data/runs';
import type { CocoResult } from '@gdarknet/metrics';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { dataFailure, type Failure, refused } from '../core/failure.ts';
import { rankOf } from '../watch/checkpoints.ts';
import { type EvaluationSet, readPart } from '../watch/record.ts';
import { type ByMetric, byMetric, type Metric, metrics } from '../watch/scores.ts';
import { scorerOf } from '../watch/truth.ts';

export type Results = ByMetric<CocoResult> & { readonly images: number };

export type RunScores = {
  readonly run: string;
  readonly name: string;
  readonly id: MapRow['id'];
  readonly rows: ByMetric<MapRow>;
  /** By COCO's rules; undefined where the evaluation came from elsewhere and left rows only. */
  readonly results: Results | undefined;
  /** All rows of map.txt, for charts over the batches. */
  readonly all: readonly MapRow[];
};

/** Which checkpoint of a run: its newest evaluated one, that with the best mean, or a given one. */
export type Pick = 'last' | 'best' | MapRow['id'];

const kinds = ['labels', 'voc', 'coco'] as const;

const chosen = (rows: readonly MapRow[], prefix: string, by: Metric, pick: Pick): MapRow | undefined => {
  const mine = rows.filter(({ metric }) => metric === `${prefix}${by}`);
  if (pick === 'best')
    return mine.reduce<MapRow | undefined>((best, row) => (best && best.mean >= row.mean ? best : row), undefined);
  return pick === 'last' ? mine.sort((a, b) => rankOf(a.id) - rankOf(b.id)).at(-1) : mine.find(({ id }) => id === pick);
};

const resultsOf = async (run: string, prefix: string, id: MapRow['id']): Promise<Results | undefined> => {
  for (const kind of kinds) {
    const set: EvaluationSet = { prefix, kind };
    const kept = await readPart(run, set, id);
    if (kept === undefined) continue;
    const scores = scorerOf(kept.about).scores(kept.part);
    return { ...byMetric((metric) => scores[metric].coco), images: kept.part.images };
  }
  return undefined;
};

/** `prefix` is that of the set, such as `val2017-`. */
export const readRunScores = (
  run: string,
  prefix: string,
  by: Metric,
  pick: Pick,
): TE.TaskEither<Failure, RunScores> => {
  const file = join(run, 'map.txt');
  if (!existsSync(file))
    return TE.left(refused(`${file}: there is no such file`, 'evaluate the run first: gdarknet watch --once'));
  return pipe(
    readMapLog(file),
    TE.mapLeft(dataFailure),
    TE.flatMap(({ rows: all }) => {
      const row = chosen([...all], prefix, by, pick);
      const found =
        row &&
        metrics.map((metric) => all.find((other) => other.metric === `${prefix}${metric}` && other.id === row.id));
      const [iou, giou] = found ?? [];
      if (row === undefined || iou === undefined || giou === undefined) {
        return TE.left(
          refused(
            `${file}: holds no rows of both metrics for ${prefix}${pick}`,
            'evaluate it first: gdarknet watch --once',
          ),
        );
      }
      return TE.fromTask(
        async (): Promise<RunScores> => ({
          run,
          name: basename(run),
          id: row.id,
          rows: { iou, giou },
          all,
          results: await resultsOf(run, prefix, row.id),
        }),
      );
    }),
  );
};
