/** What a `[yolo]` layer and its training options say, as the loss needs it (SPEC 1.6). */
import { ShapeError, type Tensor } from '@gdarknet/tensor';

/** Names of the losses of a box, as `iou_loss` of a cfg has them. */
export const boxLossNames = ['mse', 'iou', 'giou', 'diou', 'ciou'] as const;
export type BoxLoss = (typeof boxLossNames)[number];
/** Those that are one minus an overlap measure. */
export type OverlapLoss = Exclude<BoxLoss, 'mse'>;

export type HeadConfig = {
  readonly classes: number;
  /** Width and height, in pixels of the network's input, of every anchor of the network. */
  readonly anchors: readonly (readonly [width: number, height: number])[];
  /** Indices of the anchors that this head predicts; as many boxes per cell. */
  readonly mask: readonly number[];
  /** A prediction that overlaps a truth by more (IoU) is not asked to be background. */
  readonly ignoreThresh: number;
  /** A prediction that overlaps a truth by more is asked to be that truth; 1 or more: never. */
  readonly truthThresh: number;
  readonly loss: BoxLoss;
  /** Width and height as `anchor * e^w`, or as `anchor * w`. */
  readonly representation: 'exp' | 'lin';
  /** Weight of the box loss; not used by mse. */
  readonly iouNormalizer: number;
  /** Weight of the objectness. */
  readonly clsNormalizer: number;
  /** Stretch of a box centre inside its cell, default 1. */
  readonly scaleXY?: number;
  /** Pixels of the network's input. */
  readonly netWidth: number;
  readonly netHeight: number;
  /** Cells of this head. */
  readonly width: number;
  readonly height: number;
};

/** Defects of the original that can be asked back; every one is corrected by default (SPEC section 12). */
export type Compatibility = {
  /** D-34: truths without area are assigned (to anchor 0; mse then gives infinite deltas). Default: dropped. */
  readonly degenerateTruths?: boolean;
  /** D-5, lin: a positive's width or height that e^w made 0 is decoded once more, to 1. */
  readonly linRedecode?: boolean;
  /** D-6, lin with mse: the target is the logarithm, though the prediction is linear. */
  readonly linLogTarget?: boolean;
};

/**
 * `darknet`: the original's hand-made deltas (its chain rule from box to layer is incomplete, D-3) from the true gradient
 * of the overlap (D-1 corrected). `darknet-published`: with D-1, as published models were trained. `exact`: automatic
 * differentiation of the loss itself.
 */
export type GradientKind = 'darknet' | 'darknet-published' | 'exact';

export type LossOptions = { readonly gradient?: GradientKind; readonly compat?: Compatibility };

/** Everything as the original, defects included. */
export const publishedLoss = {
  gradient: 'darknet-published',
  compat: { degenerateTruths: true, linRedecode: true, linLogTarget: true },
} as const satisfies LossOptions;

/** Values of one box: x, y, w, h, objectness, classes. */
export const entriesOf = (head: HeadConfig): number => 5 + head.classes;
/** Boxes that a head predicts for one image. */
export const boxesOf = (head: HeadConfig): number => head.height * head.width * head.mask.length;

/** The layer's output `[n, h, w, boxes * (5 + classes)]` as `[n, h * w * boxes, 5 + classes]`. */
export const boxRows = (head: HeadConfig, raw: Tensor): readonly number[] => {
  const channels = head.mask.length * entriesOf(head);
  const [n, h, w, c] = raw.shape;
  if (raw.shape.length !== 4 || h !== head.height || w !== head.width || c !== channels) {
    throw new ShapeError('yolo', [raw.shape], `the head takes [n, ${head.height}, ${head.width}, ${channels}]`);
  }
  return [n, boxesOf(head), entriesOf(head)];
};
