/**
 * What `iou_loss` of a `[yolo]` layer can name: of each loss its value, whose derivative is taken where the gradient is to be
 * exact, and the original's deltas, "target minus prediction", written by hand (SPEC 5.4).
 */
import { add, div, equal, mul, select, square, sub, type Tensor } from '@gdarknet/tensor';
import { type Box, boxOf, column } from './box.ts';
import { crossEntropy } from './cross-entropy.ts';
import { edgeGradient } from './edge-gradient.ts';
import type { BoxLoss, HeadConfig, LossOptions, OverlapLoss } from './head.ts';
import type { Matches } from './match.ts';
import { overlaps } from './overlaps.ts';
import { type Prediction, predict, sizeRules, sizeTarget } from './prediction.ts';

/** Predictions `[r, 5 + classes]` decoded, and the truths that they are asked to be. */
export type MatchedBoxes = {
  readonly head: HeadConfig;
  readonly rows: Tensor;
  readonly grid: Tensor;
  readonly prediction: Prediction;
  readonly truth: Box;
  readonly options: LossOptions;
};

export const matchedBoxes = (
  head: HeadConfig,
  { rows, grid, truth }: Pick<Matches, 'rows' | 'grid' | 'truth'>,
  options: LossOptions,
): MatchedBoxes => ({
  head,
  rows,
  grid,
  options,
  prediction: predict(head, rows, grid, options.compat?.linRedecode ? 2 : 1),
  truth: boxOf(truth),
});

export type BoxLossRule = {
  /** The loss of each box, `[r, 1]`. */
  readonly objective: (given: MatchedBoxes) => Tensor;
  /** Deltas of x, y, width and height, `[r, 1]` each. */
  readonly delta: (given: MatchedBoxes) => readonly Tensor[];
  /** One minus the overlap, which the log reports as the box's part; mse has none. */
  readonly error?: (given: MatchedBoxes) => Tensor;
};

/** How much a truth's box counts in mse: 2 for a small one, 1 for one of the image's size. */
const areaWeight = (truth: Box): Tensor => sub(2, mul(truth.width, truth.height));

/** What mse asks of the stored values: place in the cell, size by representation. */
const mseTargets = ({ head, grid, truth, options: { compat = {} } }: MatchedBoxes): Box => ({
  x: sub(mul(truth.x, head.width), column(0)(grid)),
  y: sub(mul(truth.y, head.height), column(1)(grid)),
  width: sizeTarget(head, compat, div(mul(truth.width, head.netWidth), column(2)(grid))),
  height: sizeTarget(head, compat, div(mul(truth.height, head.netHeight), column(3)(grid))),
});

/** Squared errors of stored values, a small box for up to twice as much. */
const mse: BoxLossRule = {
  objective: (given) => {
    const { rows, truth } = given;
    const { stored } = given.prediction;
    const { scaleXY = 1 } = given.head;
    const target = mseTargets(given);
    // In the unstretched logistic; the factor keeps the derivative "place minus target".
    const place = (logit: Tensor, wanted: Tensor): Tensor =>
      mul(crossEntropy(logit, div(add(wanted, (scaleXY - 1) / 2), scaleXY)), scaleXY);
    const size = (held: Tensor, wanted: Tensor): Tensor => mul(square(sub(wanted, held)), 0.5);
    const parts = [
      place(column(0)(rows), target.x),
      place(column(1)(rows), target.y),
      size(stored.width, target.width),
      size(stored.height, target.height),
    ];
    return mul(areaWeight(truth), parts.reduce(add));
  },
  delta: (given) => {
    const { stored } = given.prediction;
    const target = mseTargets(given);
    const weight = areaWeight(given.truth);
    return (['x', 'y', 'width', 'height'] as const).map((k) => mul(weight, sub(target[k], stored[k])));
  },
};

/** One minus an overlap. */
const overlapLoss = (kind: OverlapLoss): BoxLossRule => {
  const error = ({ prediction, truth }: MatchedBoxes): Tensor => sub(1, overlaps[kind].value(prediction.box, truth));
  return {
    error,
    objective: (given) => mul(error(given), given.head.iouNormalizer),
    /** D-3: from edges to centre and size, and for `exp` through the exponential, but no further. */
    delta: ({ head, prediction: { box, scale }, truth, options: { gradient } }) => {
      const nonzero = (size: Tensor): Tensor => select(equal(size, 0), 1, size);
      const seen = { ...box, width: nonzero(box.width), height: nonzero(box.height) };
      const edges = edgeGradient(kind, seen, truth, { unclamped: gradient === 'darknet-published' });
      const { top, bottom, left, right } = edges;
      const { slope } = sizeRules[head.representation];
      return [
        add(left, right),
        add(top, bottom),
        mul(mul(sub(right, left), 0.5), slope(scale.width)),
        mul(mul(sub(bottom, top), 0.5), slope(scale.height)),
      ].map((d) => mul(d, head.iouNormalizer));
    },
  };
};

export const boxLosses: { readonly [K in BoxLoss]: BoxLossRule } = {
  mse,
  iou: overlapLoss('iou'),
  giou: overlapLoss('giou'),
  diou: overlapLoss('diou'),
  ciou: overlapLoss('ciou'),
};
