/**
 * The gradient of an overlap with respect to the four edges of the predicted box, in the direction of more overlap, as the
 * original writes it out (SPEC 5.5): strict comparisons decide which edge counts, edges of a box of negative size are
 * sorted first. What a step of an edge changes stands with each overlap in `overlaps.ts`.
 */
import {
  add,
  greater,
  less,
  maximum,
  minimum,
  mul,
  neg,
  relu,
  select,
  square,
  sub,
  type Tensor,
} from '@gdarknet/tensor';
import { aspectTerm, aspectWeight, type Box, type Edges, edgesOf, enclosingSides, ratio } from './box.ts';
import type { OverlapLoss } from './head.ts';
import { type Edge, overlaps, type Pair } from './overlaps.ts';

export type EdgeGradientOptions = {
  /**
   * D-1: keep the sides of the intersection negative where boxes are apart, so that disjoint boxes have an "intersection"
   * with a gradient of its own. Default false: it is 0 there.
   */
  readonly unclamped?: boolean;
};

const sorted = ({ top, bottom, left, right }: Edges): Edges => ({
  top: minimum(top, bottom),
  bottom: maximum(top, bottom),
  left: minimum(left, right),
  right: maximum(left, right),
});

/** `d overlap / d edge` of the prediction `p` against the truth `q`, each of the pair's shape. */
export const edgeGradient = (
  kind: OverlapLoss,
  p: Box,
  q: Box,
  { unclamped = false }: EdgeGradientOptions = {},
): Edges => {
  const [a, b] = [sorted(edgesOf(p)), edgesOf(q)];
  const [width, height] = [sub(a.right, a.left), sub(a.bottom, a.top)];
  const commonWidth = sub(minimum(a.right, b.right), maximum(a.left, b.left));
  const commonHeight = sub(minimum(a.bottom, b.bottom), maximum(a.top, b.top));
  const common = unclamped
    ? { width: commonWidth, height: commonHeight }
    : {
        width: select(greater(commonHeight, 0), relu(commonWidth), 0),
        height: select(greater(commonWidth, 0), relu(commonHeight), 0),
      };
  const around = enclosingSides(a, b);
  const intersection = mul(common.width, common.height);
  const pair: Pair = {
    intersection,
    union: sub(add(mul(width, height), mul(sub(b.bottom, b.top), sub(b.right, b.left))), intersection),
    enclosing: mul(around.width, around.height),
    diagonal: add(square(around.width), square(around.height)),
    distance: add(square(sub(p.x, q.x)), square(sub(p.y, q.y))),
    aspectWeight: aspectWeight(p, q),
  };

  // v = (2 / pi * (atan(truth) - atan(w / h)))^2, and d atan(w / h) = (h dw - w dh) / (w^2 + h^2).
  const aspect = mul(aspectTerm(p, q).turn, 4 / Math.PI);
  const length = add(square(width), square(height));
  const vertical = {
    along: { predicted: width, common: common.width, enclosing: around.width },
    across: around.height,
    shift: sub(p.y, q.y),
    aspect: mul(aspect, ratio(width, length)),
  };
  const horizontal = {
    along: { predicted: height, common: common.height, enclosing: around.height },
    across: around.width,
    shift: sub(p.x, q.x),
    aspect: neg(mul(aspect, ratio(height, length))),
  };
  const low = (mine: Tensor, other: Tensor) =>
    ({ sign: -1, inside: greater(mine, other), outside: less(mine, other) }) as const;
  const high = (mine: Tensor, other: Tensor) =>
    ({ sign: 1, inside: less(mine, other), outside: greater(mine, other) }) as const;
  const derivative = (edge: Edge): Tensor => mul(overlaps[kind].step(pair, edge), edge.sign);
  const top = derivative({ ...vertical, ...low(a.top, b.top) });
  const bottom = derivative({ ...vertical, ...high(a.bottom, b.bottom) });
  const left = derivative({ ...horizontal, ...low(a.left, b.left) });
  const right = derivative({ ...horizontal, ...high(a.right, b.right) });

  // Back to the edges as they were named; a size of zero counts as turned over.
  const upright = greater(p.height, 0);
  const forward = greater(p.width, 0);
  return {
    top: select(upright, top, bottom),
    bottom: select(upright, bottom, top),
    left: select(forward, left, right),
    right: select(forward, right, left),
  };
};
