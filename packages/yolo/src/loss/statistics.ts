/**
 * What the original prints and logs of a head and a mini-batch (SPEC 5.6 to 5.8): one short vector, so that reading it back
 * is one transfer.
 */
import {
  add,
  concat,
  div,
  greater,
  less,
  maximum,
  mean,
  mul,
  reshape,
  select,
  sigmoid,
  sliceAxis,
  square,
  sum,
  type Tensor,
} from '@gdarknet/tensor';
import { column, giouOf, iouOf } from './box.ts';
import { boxLosses, matchedBoxes } from './box-losses.ts';
import { entriesOf, type HeadConfig, type LossOptions } from './head.ts';
import type { Assigned } from './match.ts';
import { entryIndex } from './prediction.ts';

/** Entries of the vector, in order. */
export const statisticNames = [
  /** Means over positives, 0 if there are none. */
  'iou',
  'giou',
  /** Probability of the true class. */
  'classProbability',
  'objectness',
  /** Shares of positives whose IoU is above 0.5 and 0.75. */
  'recall50',
  'recall75',
  /** Mean objectness of all predictions. */
  'anyObjectness',
  /** Positives: truths that are this head's. */
  'count',
  /** `iouNormalizer` times the mean over positives of one minus the overlap; 0 for mse. */
  'boxPart',
  /** `clsNormalizer` times the squares of all deltas but the boxes'. */
  'classPart',
  /** What the original reports as the loss of the layer. */
  'cost',
] as const;

export type HeadStatistics = { readonly [K in (typeof statisticNames)[number]]: number };

export const readStatistics = (values: ArrayLike<number>): HeadStatistics =>
  Object.fromEntries(statisticNames.map((name, i) => [name, values[i]])) as HeadStatistics;

/** From all rows `[n, boxes, 5 + classes]` and their deltas, and the assigned matches. */
export const headStatistics = (
  head: HeadConfig,
  rows: Tensor,
  matches: Assigned,
  delta: Tensor,
  options: LossOptions,
): { readonly vector: Tensor; readonly cost: Tensor } => {
  const given = matchedBoxes(head, matches, options);
  const { truth } = given;
  const { box } = given.prediction;
  const { error } = boxLosses[head.loss];
  const iou = iouOf(box, truth);
  const probabilities = sigmoid(sliceAxis(-1, 5, entriesOf(head))(matches.rows));
  const perTruth = concat(-1)([
    iou,
    giouOf(box, truth),
    sum({ axes: [-1], keep: true })(mul(probabilities, matches.ownClass)),
    sigmoid(column(4)(matches.rows)),
    greater(iou, 0.5),
    greater(iou, 0.75),
    error?.(given) ?? mul(iou, 0),
  ]);
  const count = sum()(matches.present);
  const means = div(sum({ axes: [0] })(select(matches.present, perTruth, 0)), maximum(count, 1));

  const squares = square(delta);
  const isBox = less(entryIndex(head), 4);
  const classPart = mul(sum()(select(isBox, 0, squares)), head.clsNormalizer);
  const boxPart = mul(sliceAxis(0, 6, 7)(means), error ? head.iouNormalizer : 0);
  const one = reshape([1]);
  const cost = error ? reshape([])(add(boxPart, one(classPart))) : sum()(squares);
  return {
    vector: concat(0)([
      sliceAxis(0, 0, 6)(means),
      one(mean()(sigmoid(column(4)(rows)))),
      one(count),
      boxPart,
      one(classPart),
      one(cost),
    ]),
    cost,
  };
};
