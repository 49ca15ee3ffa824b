/**
 * The loss whose negative gradient the original's deltas are, or stand for: cross-entropy of objectness, classes and (mse)
 * places, half the squared error of sizes (mse), one minus the overlap otherwise. For `mse` its gradient is the original's
 * exactly; for overlaps it has the whole chain rule (D-3), so that places and sizes move by their true share.
 */
import { add, mul, ones, select, sliceAxis, sum, type Tensor, zeros } from '@gdarknet/tensor';
import { column } from './box.ts';
import { boxLosses, matchedBoxes } from './box-losses.ts';
import { crossEntropy } from './cross-entropy.ts';
import { entriesOf, type HeadConfig, type LossOptions } from './head.ts';
import type { Matches } from './match.ts';

/** Of objectness that is asked to be 0 where `live` `[r, 1]` is 1. */
export const backgroundObjective = (head: HeadConfig, logit: Tensor, live: Tensor): Tensor =>
  mul(sum()(select(live, crossEntropy(logit, zeros(logit.shape)), 0)), head.clsNormalizer);

export const matchObjective = (head: HeadConfig, matches: Matches, options: LossOptions): Tensor => {
  const { rows, labels, live } = matches;
  const object = mul(crossEntropy(column(4)(rows), ones(live.shape)), head.clsNormalizer);
  const classes = sum({ axes: [-1], keep: true })(crossEntropy(sliceAxis(-1, 5, entriesOf(head))(rows), labels));
  return sum()(
    select(
      live,
      [boxLosses[head.loss].objective(matchedBoxes(head, matches, options)), object, classes].reduce(add),
      0,
    ),
  );
};
