/** The original's deltas, "target minus prediction" (SPEC 5.4): what is added to the layer's input, times the rate. */
import { concat, mul, sigmoid, sliceAxis, sub, type Tensor } from '@gdarknet/tensor';
import { column } from './box.ts';
import { boxLosses, matchedBoxes } from './box-losses.ts';
import { entriesOf, type HeadConfig, type LossOptions } from './head.ts';
import type { Matches } from './match.ts';

/** Delta of objectness for predictions asked to be something. */
export const objectDelta = (head: HeadConfig, logit: Tensor): Tensor => mul(sub(1, sigmoid(logit)), head.clsNormalizer);
/** Delta of objectness for predictions asked to be background. */
export const backgroundDelta = (head: HeadConfig, logit: Tensor): Tensor => mul(sigmoid(logit), -head.clsNormalizer);

/** Deltas of whole rows, `[r, 5 + classes]`. */
export const matchDelta = (head: HeadConfig, matches: Matches, options: LossOptions): Tensor => {
  const { rows, labels } = matches;
  const box = boxLosses[head.loss].delta(matchedBoxes(head, matches, options));
  const classes = sub(labels, sigmoid(sliceAxis(-1, 5, entriesOf(head))(rows)));
  return concat(-1)([...box, objectDelta(head, column(4)(rows)), classes]);
};
