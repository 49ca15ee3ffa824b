/** An update as events.ndjson and log.csv have it. */
import type { BatchLog, LayerLog } from '@gdarknet/data/runs';
import type { StepReport, Trainer } from '@gdarknet/yolo';
import type { Crew } from '../parallel/crew.ts';
import type { Update } from './loop.ts';
import type { RunEvent } from './run-folder.ts';

/** As log.csv has them: what a head without an object would say is no number. */
type HeadLog = LayerLog & { readonly layer: number; readonly part: number; readonly objects: number };

/** The heads of each mini-batch, in layer order. */
const headsOf = ({ parts }: StepReport, { heads }: Trainer): readonly HeadLog[] =>
  parts.flatMap((statistics, part) =>
    statistics.heads.flatMap(({ iou, giou, boxPart, classPart, cost, count: objects }, i) =>
      objects > 0
        ? [{ layer: heads[i].layer, part, objects, iou, giou, boxLoss: boxPart, classLoss: classPart, cost }]
        : [],
    ),
  );

export const recordsOf = (
  update: Update,
  trainer: Trainer,
  limit: number,
  crew: Crew | undefined,
): { readonly row: BatchLog; readonly event: RunEvent } => {
  const { batch, report, average, stepMs, waitMs, exchangeMs, images } = update;
  const heads = headsOf(report, trainer);
  return {
    row: { batch, maxBatches: limit, averageLoss: average, layers: heads },
    event: {
      type: 'batch',
      batch,
      loss: report.loss,
      average,
      rate: report.rate,
      stepMs: Math.round(stepMs),
      waitMs: Math.round(waitMs),
      ...(crew && { exchangeMs: Math.round(exchangeMs) }),
      images,
      heads,
    },
  };
};
