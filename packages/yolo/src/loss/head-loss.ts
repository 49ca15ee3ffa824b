/** The training loss of one head, from raw layer output to delta, cost and statistics, all in the tensor graph. */
import { customVjp, grad, stopGradient } from '@gdarknet/nn';
import {
  add,
  equal,
  greater,
  maximum,
  mul,
  neg,
  ones,
  reshape,
  scatterAdd,
  select,
  sub,
  type Tensor,
} from '@gdarknet/tensor';
import type { HeadTargets, Targets } from './assignment.ts';
import { column } from './box.ts';
import { backgroundDelta, matchDelta } from './delta.ts';
import { boxRows, type HeadConfig, type LossOptions } from './head.ts';
import { type Assigned, assignedMatches, bestOverlap, hitMatches, hitsOf, type Matches } from './match.ts';
import { backgroundObjective, matchObjective } from './objective.ts';
import { entryIndex, storedRows } from './prediction.ts';
import { headStatistics } from './statistics.ts';

export type HeadLoss = {
  /** Negative gradient with respect to the layer's raw output, of its shape: "target minus prediction". */
  readonly delta: Tensor;
  /** What the original reports, a scalar. Its derivative is not `-delta`: see `yoloLoss`. */
  readonly cost: Tensor;
  /** `[statisticNames.length]`: see `readStatistics`. */
  readonly statistics: Tensor;
  /** What the original's output buffer holds after this pass, of the raw output's shape. */
  readonly output: Tensor;
};

/** What every prediction is asked to be. */
type Plan = {
  /** `[n, boxes, 5 + classes]`. */
  readonly rows: Tensor;
  readonly assigned: Assigned;
  /** 1 where a prediction is assigned a truth `[n * boxes, 1]`. */
  readonly taken: Tensor;
  readonly hits: Matches | undefined;
  /** 1 where a prediction is asked to be background `[n * boxes, 1]`. */
  readonly background: Tensor;
};

const planOf = (head: HeadConfig, raw: Tensor, targets: Targets, mine: HeadTargets): Plan => {
  const rows = reshape(boxRows(head, raw))(raw);
  // What is asked of a prediction depends on it, but is not differentiated.
  const seen = stopGradient(rows);
  const upright = reshape([-1, 1]);
  const total = rows.shape[0] * rows.shape[1];
  const hits = hitsOf(head, seen, targets);
  const assigned = assignedMatches(head, rows, targets, mine, hits);
  const taken = scatterAdd(assigned.write, total)(ones([assigned.write.shape[0], 1]));
  const ignored = upright(greater(bestOverlap(head, seen, targets), head.ignoreThresh));
  const busy = hits ? maximum(taken, upright(hits.hit)) : taken;
  return {
    rows,
    assigned,
    taken,
    hits: hits && hitMatches(head, rows, targets, hits, taken),
    background: mul(sub(1, ignored), sub(1, busy)),
  };
};

const handmade = (
  head: HeadConfig,
  { rows, assigned, taken, hits, background }: Plan,
  options: LossOptions,
): Tensor => {
  const total = taken.shape[0];
  const logit = reshape([total, 1])(column(4)(rows));
  const object = select(background, backgroundDelta(head, logit), 0);
  const empty = select(equal(entryIndex(head), 4), object, 0);
  const free = hits ? select(hits.live, matchDelta(head, hits, options), empty) : empty;
  return select(taken, scatterAdd(assigned.write, total)(matchDelta(head, assigned, options)), free);
};

const objectiveOf = (head: HeadConfig, { rows, assigned, hits, background }: Plan, options: LossOptions): Tensor => {
  const logit = reshape(background.shape)(column(4)(rows));
  const parts = [assigned, ...(hits ? [hits] : [])].map((matches) => matchObjective(head, matches, options));
  return [backgroundObjective(head, logit, background), ...parts].reduce(add);
};

/**
 * The loss of head `index` of `assign`'s heads, which must be `head`, for its raw output `[n, h, w, boxes * (5 + classes)]`
 * (in this order for each box: x, y, w, h, objectness, classes). Results that are not used cost nothing.
 */
export const headLoss = (
  head: HeadConfig,
  raw: Tensor,
  targets: Targets,
  index: number,
  options: LossOptions = {},
): HeadLoss => {
  const plan = planOf(head, raw, targets, targets.heads[index]);
  const delta =
    options.gradient === 'exact'
      ? neg(grad((x: Tensor) => objectiveOf(head, planOf(head, x, targets, targets.heads[index]), options))(raw))
      : reshape(raw.shape)(handmade(head, plan, options));
  const { vector, cost } = headStatistics(head, plan.rows, plan.assigned, reshape(plan.rows.shape)(delta), options);
  const once = storedRows(head, plan.rows);
  const rewritten = options.compat?.linRedecode
    ? select(reshape([...plan.rows.shape.slice(0, 2), 1])(plan.taken), storedRows(head, plan.rows, 2), once)
    : once;
  return { delta, cost, statistics: vector, output: reshape(raw.shape)(rewritten) };
};

export type Objective = {
  /** A scalar to differentiate: add those of all heads. */
  readonly objective: Tensor;
  readonly cost: Tensor;
  readonly statistics: Tensor;
};

/**
 * The same as a differentiable loss. For the `darknet` gradients the objective's value is the reported cost and its
 * gradient is `-delta` by definition; for `exact` it is the loss of `objective.ts`, differentiated by rule.
 */
export const yoloLoss = (
  head: HeadConfig,
  raw: Tensor,
  targets: Targets,
  index: number,
  options: LossOptions = {},
): Objective => {
  const { delta, cost, statistics } = headLoss(head, stopGradient(raw), targets, index, options);
  const objective =
    options.gradient === 'exact'
      ? objectiveOf(head, planOf(head, raw, targets, targets.heads[index]), options)
      : customVjp(
          (_: Tensor): Tensor => cost,
          (cotangent) => [mul(cotangent, neg(delta))],
        )(raw);
  return { objective, cost, statistics };
};
