/** The original's deltas, "target minus prediction" (SPEC 5.4): what is added to the layer's input, times the rate. */
import { add, concat, div, equal, mul, select, sigmoid, sliceAxis, sub, type Tensor } from '@gdarknet/tensor';
import { type Box, boxOf, column } from './box.ts';
import { edgeGradient } from './edge-gradient.ts';
import { entriesOf, type HeadConfig, type LossOptions, type OverlapLoss } from './head.ts';
import type { Matches } from './match.ts';
import { type Prediction, predict, sizeRules, sizeTarget } from './prediction.ts';

/** How much a truth's box counts in mse: 2 for a small one, 1 for one of the image's size. */
export const areaWeight = (truth: Box): Tensor => sub(2, mul(truth.width, truth.height));

/** What mse asks of the stored values: place in the cell, size by representation. */
export const mseTargets = (head: HeadConfig, grid: Tensor, truth: Box, { compat = {} }: LossOptions): Box => ({
  x: sub(mul(truth.x, head.width), column(0)(grid)),
  y: sub(mul(truth.y, head.height), column(1)(grid)),
  width: sizeTarget(head, compat, div(mul(truth.width, head.netWidth), column(2)(grid))),
  height: sizeTarget(head, compat, div(mul(truth.height, head.netHeight), column(3)(grid))),
});

const mseDelta = (head: HeadConfig, { stored }: Prediction, { grid }: Matches, truth: Box, options: LossOptions) => {
  const target = mseTargets(head, grid, truth, options);
  const weight = areaWeight(truth);
  return (['x', 'y', 'width', 'height'] as const).map((k) => mul(weight, sub(target[k], stored[k])));
};

/** D-3: from edges to centre and size, and for `exp` through the exponential, but no further. */
const overlapDelta = (
  head: HeadConfig,
  kind: OverlapLoss,
  { box, scale }: Prediction,
  truth: Box,
  { gradient }: LossOptions,
): Tensor[] => {
  const nonzero = (size: Tensor): Tensor => select(equal(size, 0), 1, size);
  const seen = { ...box, width: nonzero(box.width), height: nonzero(box.height) };
  const { top, bottom, left, right } = edgeGradient(kind, seen, truth, { unclamped: gradient === 'darknet-published' });
  const { slope } = sizeRules[head.representation];
  return [
    add(left, right),
    add(top, bottom),
    mul(mul(sub(right, left), 0.5), slope(scale.width)),
    mul(mul(sub(bottom, top), 0.5), slope(scale.height)),
  ].map((d) => mul(d, head.iouNormalizer));
};

/** Delta of objectness for predictions asked to be something. */
export const objectDelta = (head: HeadConfig, logit: Tensor): Tensor => mul(sub(1, sigmoid(logit)), head.clsNormalizer);
/** Delta of objectness for predictions asked to be background. */
export const backgroundDelta = (head: HeadConfig, logit: Tensor): Tensor => mul(sigmoid(logit), -head.clsNormalizer);

/** Deltas of whole rows, `[r, 5 + classes]`. */
export const matchDelta = (head: HeadConfig, matches: Matches, options: LossOptions): Tensor => {
  const { rows, grid, labels } = matches;
  const truth = boxOf(matches.truth);
  const prediction = predict(head, rows, grid, options.compat?.linRedecode ? 2 : 1);
  const box =
    head.loss === 'mse'
      ? mseDelta(head, prediction, matches, truth, options)
      : overlapDelta(head, head.loss, prediction, truth, options);
  const classes = sub(labels, sigmoid(sliceAxis(-1, 5, entriesOf(head))(rows)));
  return concat(-1)([...box, objectDelta(head, column(4)(rows)), classes]);
};
