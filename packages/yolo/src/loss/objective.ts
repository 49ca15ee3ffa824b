/**
 * The loss whose negative gradient the original's deltas are, or stand for: cross-entropy of objectness, classes and (mse)
 * places, half the squared error of sizes (mse), one minus the overlap otherwise. For `mse` its gradient is the original's
 * exactly; for overlaps it has the whole chain rule (D-3), so that places and sizes move by their true share.
 */
import { customVjp } from '@gdarknet/nn';
import {
  abs,
  add,
  div,
  exp,
  log,
  mul,
  neg,
  ones,
  relu,
  select,
  sigmoid,
  sliceAxis,
  square,
  sub,
  sum,
  type Tensor,
  zeros,
} from '@gdarknet/tensor';
import { boxOf, column, overlapOf } from './box.ts';
import { areaWeight, mseTargets } from './delta.ts';
import { entriesOf, type HeadConfig, type LossOptions } from './head.ts';
import type { Matches } from './match.ts';
import { predict } from './prediction.ts';

/** Of the logistic of a logit against a target in 0 to 1; its derivative is logistic minus target. */
const crossEntropy = customVjp(
  (logit: Tensor, target: Tensor): Tensor =>
    add(sub(relu(logit), mul(logit, target)), log(add(exp(neg(abs(logit))), 1))),
  (cotangent, [logit, target]) => [mul(cotangent, sub(sigmoid(logit), target)), undefined],
);

/** Of objectness that is asked to be 0 where `live` `[r, 1]` is 1. */
export const backgroundObjective = (head: HeadConfig, logit: Tensor, live: Tensor): Tensor =>
  mul(sum()(select(live, crossEntropy(logit, zeros(logit.shape)), 0)), head.clsNormalizer);

const boxObjective = (head: HeadConfig, { rows, grid, truth: values }: Matches, options: LossOptions): Tensor => {
  const truth = boxOf(values);
  const { box, stored } = predict(head, rows, grid, options.compat?.linRedecode ? 2 : 1);
  if (head.loss !== 'mse') return mul(sub(1, overlapOf[head.loss](box, truth)), head.iouNormalizer);
  const target = mseTargets(head, grid, truth, options);
  const { scaleXY = 1 } = head;
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
};

export const matchObjective = (head: HeadConfig, matches: Matches, options: LossOptions): Tensor => {
  const { rows, labels, live } = matches;
  const object = mul(crossEntropy(column(4)(rows), ones(live.shape)), head.clsNormalizer);
  const classes = sum({ axes: [-1], keep: true })(crossEntropy(sliceAxis(-1, 5, entriesOf(head))(rows), labels));
  return sum()(select(live, [boxObjective(head, matches, options), object, classes].reduce(add), 0));
};
