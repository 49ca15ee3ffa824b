/**
 * The overlaps that a box can be trained on, each with its value and its gradient by hand: IoU, GIoU (Rezatofighi et al.,
 * "Generalized intersection over union", 2019), DIoU and CIoU (Zheng et al., "Distance-IoU loss", 2020). The derivative of
 * the value is what automatic differentiation makes of it. DIoU and CIoU, which the original does not have, are written in
 * its manner.
 */
import { add, mul, square, sub, type Tensor } from '@gdarknet/tensor';
import { aspectTerm, aspectWeight, type Box, edgesOf, enclosingSides, giouOf, iouOf, ratio } from './box.ts';
import type { OverlapLoss } from './head.ts';

/** An edge of the prediction: what moving it outward does. */
export type Edge = {
  /** Coordinate per outward step: -1 for top and left. */
  readonly sign: 1 | -1;
  /** 1 where the edge lies inside the truth, and so bounds the intersection. */
  readonly inside: Tensor;
  /** 1 where it lies outside, and so bounds the enclosing box. */
  readonly outside: Tensor;
  /** Lengths along the edge: of the prediction, the intersection, the enclosing box. */
  readonly along: { readonly predicted: Tensor; readonly common: Tensor; readonly enclosing: Tensor };
  /** Length of the enclosing box across the edge. */
  readonly across: Tensor;
  /** Centre of the prediction minus centre of the truth, across the edge. */
  readonly shift: Tensor;
  /** Derivative of CIoU's aspect term by the length across. */
  readonly aspect: Tensor;
};

export type Pair = {
  readonly union: Tensor;
  readonly intersection: Tensor;
  readonly enclosing: Tensor;
  /** Squared diagonal of the enclosing box, and squared distance of centres. */
  readonly diagonal: Tensor;
  readonly distance: Tensor;
  readonly aspectWeight: Tensor;
};

export type Overlap = {
  /** 1 for equal boxes. */
  readonly value: (p: Box, q: Box) => Tensor;
  /** Change of the value per outward step of an edge of the prediction. */
  readonly step: (pair: Pair, edge: Edge) => Tensor;
};

const unionStep = ({ along, inside }: Edge): Tensor => sub(along.predicted, mul(along.common, inside));

const iou: Overlap = {
  value: iouOf,
  step: ({ union, intersection }, edge) =>
    ratio(sub(mul(edge.along.common, edge.inside), mul(ratio(intersection, union), unionStep(edge))), union),
};

const giou: Overlap = {
  value: giouOf,
  step: (pair, edge) => {
    const { union, enclosing } = pair;
    const growth = mul(edge.along.enclosing, edge.outside);
    const filling = ratio(sub(unionStep(edge), mul(ratio(union, enclosing), growth)), enclosing);
    return add(iou.step(pair, edge), filling);
  },
};

/** Squared distance of the centres over the squared diagonal of the enclosing box. */
const distanceTerm = (p: Box, q: Box): Tensor => {
  const { width, height } = enclosingSides(edgesOf(p), edgesOf(q));
  return ratio(add(square(sub(p.x, q.x)), square(sub(p.y, q.y))), add(square(width), square(height)));
};

const diou: Overlap = {
  value: (p, q) => sub(iou.value(p, q), distanceTerm(p, q)),
  step: (pair, edge) => {
    const { distance, diagonal } = pair;
    const growth = mul(mul(edge.across, edge.outside), 2);
    const away = mul(edge.shift, edge.sign);
    return sub(iou.step(pair, edge), ratio(sub(away, mul(ratio(distance, diagonal), growth)), diagonal));
  },
};

const ciou: Overlap = {
  value: (p, q) => sub(diou.value(p, q), mul(aspectWeight(p, q), aspectTerm(p, q).v)),
  step: (pair, edge) => sub(diou.step(pair, edge), mul(pair.aspectWeight, edge.aspect)),
};

export const overlaps: { readonly [K in OverlapLoss]: Overlap } = { iou, giou, diou, ciou };
