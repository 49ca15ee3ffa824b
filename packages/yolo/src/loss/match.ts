/** Predictions that are asked to be a truth: the assigned ones, and those above `truthThresh`. */
import {
  add,
  broadcastTo,
  cast,
  div,
  equal,
  gather,
  greater,
  iota,
  max,
  maximum,
  minimum,
  mul,
  reshape,
  scatterAdd,
  select,
  sub,
  type Tensor,
} from '@gdarknet/tensor';
import type { HeadTargets, Targets } from './assignment.ts';
import { boxOf, iouOf } from './box.ts';
import type { HeadConfig } from './head.ts';
import { gridOf, predict } from './prediction.ts';

/** Rows of predictions and what each is asked to be. Rows not in use hold harmless values. */
export type Matches = {
  /** Raw rows `[r, 5 + classes]`. */
  readonly rows: Tensor;
  /** Cells and anchors `[r, 4]`, as `gridOf`. */
  readonly grid: Tensor;
  /** x, y, w, h `[r, 4]`. */
  readonly truth: Tensor;
  /**
   * 1 for each class that it is asked to be `[r, classes]`. The original tells a slot that is taken from a free one by a
   * nonzero delta of class 0, so that there a saturated class 0 (exactly 0 or 1) makes it forget earlier classes; not here.
   */
  readonly labels: Tensor;
  /** 1 where the row decides its prediction's delta `[r, 1]`. */
  readonly live: Tensor;
};

/** One row for each truth. */
export type Assigned = Matches & {
  /** 1 where the truth is this head's `[r, 1]`. */
  readonly present: Tensor;
  /** 1 at the truth's own class (its slot may be asked to be others too) `[r, classes]`. */
  readonly ownClass: Tensor;
  /** Slot of live rows, else -1; i32 `[r]`. */
  readonly write: Tensor;
};

/** 1 at the class, nothing for -1: `[r]` i32 to `[r, classes]`. */
const oneHot = (classes: Tensor, count: number): Tensor => equal(reshape([-1, 1])(classes), iota([1, count], 1, 'i32'));

/** Predictions above `truthThresh`: `[n * boxes]` 1 or 0, and the row of the truth that each overlaps most. */
export type Hits = { readonly hit: Tensor; readonly truthRow: Tensor };

/** Largest IoU of each prediction with a truth of its image, `[n, boxes, 1]`; 0 without truths. */
export const bestOverlap = (head: HeadConfig, rows: Tensor, targets: Targets): Tensor =>
  max({ axes: [2], keep: true })(overlaps(head, rows, targets));

/** `[n, boxes, maxTruths]`. Truths that are not there have no area and overlap nothing. */
const overlaps = (head: HeadConfig, rows: Tensor, { boxes }: Targets): Tensor => {
  const [n, capacity] = boxes.shape;
  const truths = boxOf(boxes);
  const across = reshape([n, 1, capacity]);
  return iouOf(predict(head, rows, gridOf(head)).box, {
    x: across(truths.x),
    y: across(truths.y),
    width: across(truths.width),
    height: across(truths.height),
  });
};

/** Undefined if no overlap can be above the threshold. */
export const hitsOf = (head: HeadConfig, rows: Tensor, targets: Targets): Hits | undefined => {
  if (head.truthThresh >= 1) return undefined;
  const [n, capacity] = targets.boxes.shape;
  const all = overlaps(head, rows, targets);
  const best = max({ axes: [2], keep: true })(all);
  // The first of equals: the largest distance from the end.
  const fromEnd = select(equal(all, best), sub(capacity, iota([1, 1, capacity], 2)), 0);
  const position = sub(capacity, max({ axes: [2], keep: true })(fromEnd));
  return {
    hit: reshape([-1])(greater(best, head.truthThresh)),
    truthRow: cast('i32')(reshape([-1])(add(position, mul(iota([n, 1, 1], 0), capacity)))),
  };
};

/** `rows` `[n, boxes, 5 + classes]`; one match for each truth that is this head's. */
export const assignedMatches = (
  head: HeadConfig,
  rows: Tensor,
  targets: Targets,
  { slot, owner }: HeadTargets,
  hits: Hits | undefined,
): Assigned => {
  const [n, boxes, entries] = rows.shape;
  const count = slot.shape[0];
  const column = reshape([count, 1]);
  const present = column(greater(slot, -1));
  const harmless = (t: Tensor): Tensor => select(present, t, 1);
  const within = sub(slot, mul(div(slot, boxes), boxes));
  const last = mul(greater(slot, -1), equal(owner, iota([count], 0, 'i32')));
  const ownClass = oneHot(targets.classes, head.classes);
  const scattered = minimum(scatterAdd(owner, count)(ownClass), 1);
  return {
    rows: gather(slot)(reshape([n * boxes, entries])(rows)),
    grid: harmless(gather(within)(gridOf(head))),
    truth: harmless(reshape([count, 4])(targets.boxes)),
    labels: hits ? maximum(scattered, gather(slot)(hitLabels(head, targets, hits))) : scattered,
    live: column(last),
    present,
    ownClass,
    write: select(last, slot, -1),
  };
};

const allGrids = (head: HeadConfig, n: number): Tensor => {
  const grid = gridOf(head);
  const boxes = grid.shape[0];
  return reshape([n * boxes, 4])(broadcastTo([n, boxes, 4])(grid));
};

const hitLabels = (head: HeadConfig, { classes }: Targets, { hit, truthRow }: Hits): Tensor =>
  mul(oneHot(gather(truthRow)(classes), head.classes), reshape([-1, 1])(hit));

/** One match for each prediction, in use where it hits. */
export const hitMatches = (head: HeadConfig, rows: Tensor, targets: Targets, hits: Hits, assigned: Tensor): Matches => {
  const [n, boxes, entries] = rows.shape;
  const hit = reshape([-1, 1])(hits.hit);
  const truths = reshape([-1, 4])(targets.boxes);
  return {
    rows: reshape([n * boxes, entries])(rows),
    grid: allGrids(head, n),
    truth: select(hit, gather(hits.truthRow)(truths), 1),
    labels: hitLabels(head, targets, hits),
    live: mul(hit, sub(1, assigned)),
  };
};
