/**
 * IoU, GIoU and their gradients as g-darknet computes them (box.c), in single precision, boxes as centre and size.
 * Its gradient differs from the true one where boxes do not overlap: the sides of the intersection are not held at 0.
 */

const f = Math.fround;

/** Edges of a box of centre and size. */
interface Edges {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

const edgesOf = ([x, y, w, h]: ArrayLike<number> & Iterable<number>): Edges => ({
  top: f(f(y) - f(f(h) / 2)),
  bottom: f(f(y) + f(f(h) / 2)),
  left: f(f(x) - f(f(w) / 2)),
  right: f(f(x) + f(f(w) / 2)),
});

type Box = readonly number[] | Float32Array | Float64Array;

export interface DarknetOverlap {
  readonly intersection: number;
  readonly union: number;
  readonly iou: number;
  readonly giou: number;
}

export const darknetOverlap = (a: Box, b: Box): DarknetOverlap => {
  const [p, t] = [edgesOf(a), edgesOf(b)];
  const w = f(Math.min(p.right, t.right) - Math.max(p.left, t.left));
  const h = f(Math.min(p.bottom, t.bottom) - Math.max(p.top, t.top));
  const intersection = w < 0 || h < 0 ? 0 : f(w * h);
  const union = f(f(f(f(a[2]) * f(a[3])) + f(f(b[2]) * f(b[3]))) - intersection);
  const iou = intersection === 0 || union === 0 ? 0 : f(intersection / union);
  const enclosing = f(
    f(Math.max(p.right, t.right) - Math.min(p.left, t.left)) * f(Math.max(p.bottom, t.bottom) - Math.min(p.top, t.top)),
  );
  return { intersection, union, iou, giou: enclosing === 0 ? iou : f(iou - f(f(enclosing - union) / enclosing)) };
};

/** Derivatives by the edges of the predicted box, uphill: added to the box they raise the overlap. */
export type DarknetGradient = Edges;

/**
 * @param clamp hold the intersection's sides at 0: the true gradient where boxes do not overlap. Without it, the gradient
 * that published models were trained with.
 */
export const darknetGradient = (
  predicted: Box,
  truth: Box,
  kind: 'iou' | 'giou',
  { clamp = false }: { readonly clamp?: boolean } = {},
): DarknetGradient => {
  const given = edgesOf(predicted);
  const t = edgesOf(truth);
  const p: Edges = {
    top: Math.min(given.top, given.bottom),
    bottom: Math.max(given.top, given.bottom),
    left: Math.min(given.left, given.right),
    right: Math.max(given.left, given.right),
  };
  const [pw, ph] = [f(p.right - p.left), f(p.bottom - p.top)];
  const iw = f(Math.min(p.right, t.right) - Math.max(p.left, t.left));
  const ih = f(Math.min(p.bottom, t.bottom) - Math.max(p.top, t.top));
  const apart = clamp && (iw <= 0 || ih <= 0);
  const I = apart ? 0 : f(iw * ih);
  const U = f(f(f(pw * ph) + f(f(t.right - t.left) * f(t.bottom - t.top))) - I);
  const cw = f(Math.max(p.right, t.right) - Math.min(p.left, t.left));
  const ch = f(Math.max(p.bottom, t.bottom) - Math.min(p.top, t.top));
  const C = f(cw * ch);
  const slope = (dX: number, dI: number, dC: number): number => {
    const moved = apart ? 0 : dI;
    const dU = f(dX - moved);
    const byIou = U > 0 ? f(f(f(U * moved) - f(I * dU)) / f(U * U)) : 0;
    return kind === 'giou' && C > 0 ? f(byIou + f(f(f(C * dU) - f(U * dC)) / f(C * C))) : byIou;
  };
  const top = slope(-pw, p.top > t.top ? -iw : 0, p.top < t.top ? -cw : 0);
  const bottom = slope(pw, p.bottom < t.bottom ? iw : 0, p.bottom > t.bottom ? cw : 0);
  const left = slope(-ph, p.left > t.left ? -ih : 0, p.left < t.left ? -ch : 0);
  const right = slope(ph, p.right < t.right ? ih : 0, p.right > t.right ? ch : 0);
  const upright = given.top < given.bottom;
  const forward = given.left < given.right;
  return {
    top: upright ? top : bottom,
    bottom: upright ? bottom : top,
    left: forward ? left : right,
    right: forward ? right : left,
  };
};
