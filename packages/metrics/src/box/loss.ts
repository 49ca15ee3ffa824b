/**
 * GIoU as a loss, 1 - GIoU, and its gradient, with torchvision's conventions (`generalized_box_iou_loss`): `eps` is added
 * to both denominators, and at a tie of two edges each takes half of the gradient. For the gradient that Darknet
 * applies see `darknetGradient`.
 */
import type { BoxColumn, BoxFormat } from './corners.ts';
import { BoxColumnError, cornerStride, cornersOf } from './corners.ts';

export interface LossOptions {
  /** Default `xyxy`. */
  readonly format?: BoxFormat;
  /** Default 1e-7. */
  readonly eps?: number;
}

/** `none`: a loss a box. */
export type Reduction = 'none' | 'mean' | 'sum';

const checked = (predicted: BoxColumn, target: BoxColumn): number => {
  if (predicted.length !== target.length) {
    throw new BoxColumnError(`A loss needs a target a box; ${predicted.length} numbers against ${target.length}.`);
  }
  return predicted.length / 4;
};

/** Part of the gradient of max(a, b) that goes to `a`. */
const shareOfMax = (a: number, b: number): number => (a > b ? 1 : a === b ? 0.5 : 0);

/** The terms of one pair. Degenerate boxes have GIoU -1, so their loss is 2 and their gradient 0. */
interface Terms {
  readonly degenerate: boolean;
  readonly width: number;
  readonly height: number;
  readonly intersection: number;
  readonly union: number;
  readonly enclosingWidth: number;
  readonly enclosingHeight: number;
}

const termsOf = (p: Float64Array, t: Float64Array, i: number): Terms => {
  const degenerate = !(p[i + 4] > 0 && p[i + 5] > 0 && t[i + 4] > 0 && t[i + 5] > 0);
  const w = Math.min(p[i + 2], t[i + 2]) - Math.max(p[i], t[i]);
  const h = Math.min(p[i + 3], t[i + 3]) - Math.max(p[i + 1], t[i + 1]);
  const overlapping = w > 0 && h > 0;
  const intersection = overlapping ? w * h : 0;
  return {
    degenerate,
    width: overlapping ? w : 0,
    height: overlapping ? h : 0,
    intersection,
    union: p[i + 4] * p[i + 5] + t[i + 4] * t[i + 5] - intersection,
    enclosingWidth: Math.max(p[i + 2], t[i + 2]) - Math.min(p[i], t[i]),
    enclosingHeight: Math.max(p[i + 3], t[i + 3]) - Math.min(p[i + 1], t[i + 1]),
  };
};

/** 1 - GIoU of each predicted box with its target: 0 to 2. */
export const giouLosses = (predicted: BoxColumn, target: BoxColumn, options: LossOptions = {}): Float64Array => {
  const { format = 'xyxy', eps = 1e-7 } = options;
  const n = checked(predicted, target);
  const p = cornersOf(predicted, format, 0);
  const t = cornersOf(target, format, 0);
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const { degenerate, intersection, union, enclosingWidth, enclosingHeight } = termsOf(p, t, i * cornerStride);
    const enclosing = enclosingWidth * enclosingHeight;
    out[i] = degenerate ? 2 : 1 - (intersection / (union + eps) - (enclosing - union) / (enclosing + eps));
  }
  return out;
};

/** The loss of a batch as one number; 0 for no boxes. */
export const giouLoss = (
  predicted: BoxColumn,
  target: BoxColumn,
  options: LossOptions & { readonly reduction?: Exclude<Reduction, 'none'> } = {},
): number => {
  const losses = giouLosses(predicted, target, options);
  let sum = 0;
  for (const loss of losses) sum += loss;
  return options.reduction === 'sum' || losses.length === 0 ? sum : sum / losses.length;
};

/** From the gradient by corners to the gradient by the four numbers of the format. */
const pulledBack: { readonly [F in BoxFormat]: (g: Float64Array, i: number) => void } = {
  xyxy: () => undefined,
  xywh: (g, i) => {
    g[i] += g[i + 2];
    g[i + 1] += g[i + 3];
  },
  cxcywh: (g, i) => {
    const [x1, y1, x2, y2] = [g[i], g[i + 1], g[i + 2], g[i + 3]];
    g[i] = x1 + x2;
    g[i + 1] = y1 + y2;
    g[i + 2] = (x2 - x1) / 2;
    g[i + 3] = (y2 - y1) / 2;
  },
};

/** Gradient of the loss by the predicted boxes, in their format: as many numbers as `predicted`. Default reduction: mean. */
export const giouLossGradient = (
  predicted: BoxColumn,
  target: BoxColumn,
  options: LossOptions & { readonly reduction?: Reduction } = {},
): Float64Array => {
  const { format = 'xyxy', eps = 1e-7, reduction = 'mean' } = options;
  const n = checked(predicted, target);
  const p = cornersOf(predicted, format, 0);
  const t = cornersOf(target, format, 0);
  const out = new Float64Array(4 * n);
  const scale = reduction === 'mean' ? 1 / n : 1;
  for (let box = 0; box < n; box++) {
    const i = box * cornerStride;
    const terms = termsOf(p, t, i);
    if (terms.degenerate) continue;
    const { width, height, intersection, union, enclosingWidth, enclosingHeight } = terms;
    const enclosing = enclosingWidth * enclosingHeight;
    const area = [-p[i + 5], -p[i + 4], p[i + 5], p[i + 4]];
    for (let c = 0; c < 4; c++) {
      const horizontal = c % 2 === 0;
      // A low corner moves the intersection where it is the larger one, the enclosing box where it is the smaller one.
      const low = c < 2;
      const inner = low ? shareOfMax(p[i + c], t[i + c]) : shareOfMax(t[i + c], p[i + c]);
      const sign = low ? -1 : 1;
      const dIntersection = sign * inner * (horizontal ? height : width);
      const dEnclosing = sign * (1 - inner) * (horizontal ? enclosingHeight : enclosingWidth);
      const dUnion = area[c] - dIntersection;
      const dIou = (dIntersection * (union + eps) - intersection * dUnion) / (union + eps) ** 2;
      const dWaste =
        ((dEnclosing - dUnion) * (enclosing + eps) - (enclosing - union) * dEnclosing) / (enclosing + eps) ** 2;
      out[4 * box + c] = (dWaste - dIou) * scale;
    }
    pulledBack[format](out, 4 * box);
  }
  return out;
};
