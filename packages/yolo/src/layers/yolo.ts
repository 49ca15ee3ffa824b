/** `[yolo]` (SPEC 1.6, 5): a head with its anchors, losses and their normalisers. */
import { stateless } from '@gdarknet/nn';
import type { Tensor } from '@gdarknet/tensor';
import { decimal, decimals, flag, optional, text, whole, wholes, word } from '../darknet/field.ts';
import { refused, trainingOnly, without } from '../darknet/key-rule.ts';
import type { Advice, Problem } from '../darknet/section-rule.ts';
import { cfgNmsKinds } from '../detect/overlap.ts';
import { type BoxLoss, boxLossNames } from '../loss/head.ts';
import { activateHead } from '../network/head.ts';
import { single } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { same } from './common/onnx.ts';
import { fail, shape } from './common/shape.ts';

export type Representation = 'exp' | 'lin';

const keys = {
  classes: whole(20, { min: 1 }),
  /** Total number of anchors, over all heads. */
  num: whole(1, { min: 1, max: 1000 }),
  /** Indices of the anchors that this layer predicts. */
  mask: optional(wholes([])),
  /** `num` pairs (width, height) in pixels of the network's input. */
  anchors: optional(decimals([])),
  /** Multiplies the box delta and box loss of every loss but mse. */
  iou_normalizer: decimal(0.75),
  cls_normalizer: decimal(1),
  iou_loss: word(boxLossNames, 'iou', 'iou'),
  representation: word(['exp', 'lin'], 'exp', 'exp'),
  /** Most truths per image. */
  max: whole(90, { min: 1 }),
  jitter: decimal(0.2),
  ignore_thresh: decimal(0.5),
  truth_thresh: decimal(1),
  /** Multi-scale training where not 0; AlexeyAB's Darknet has a factor here. */
  random: decimal(0),
  /** Stretch of the box centre inside its cell (a later Darknet's; the original ignores it). */
  scale_x_y: decimal(1, { min: 1 }),
  /** What boxes are compared by in suppression; of the last detection layer (AlexeyAB's). */
  nms_kind: word(cfgNmsKinds, 'default', 'default'),
  beta_nms: decimal(0.6),
  new_coords: refused(flag(false), 'its boxes are decoded otherwise'),
  map: trainingOnly(text(''), 'classes of the labels would be mapped to others'),
  obj_normalizer: trainingOnly(decimal(1), 'the error of objectness would be multiplied by it'),
  delta_normalizer: trainingOnly(decimal(1), 'all errors would be multiplied by it'),
  iou_thresh: trainingOnly(decimal(1), 'a truth would have several anchors', (value) => value >= 1),
  max_delta: trainingOnly(optional(decimal(0)), 'errors of boxes would be kept within it'),
  counters_per_class: trainingOnly(decimals([]), 'rare classes would count for more'),
  label_smooth_eps: trainingOnly(decimal(0), 'class targets would be smoothed'),
  objectness_smooth: trainingOnly(flag(false), 'the target of objectness would be the IoU'),
  focal_loss: trainingOnly(flag(false), 'the error of classes would be focal'),
  resize: trainingOnly(decimal(1), 'pictures would be enlarged and shrunk'),
  iou_thresh_kind: trainingOnly(word(['iou', 'giou', 'diou', 'ciou'], 'iou', 'iou'), 'iou_thresh would compare by it'),
  ...without('only for the log', 'show_details'),
  ...without(
    'only for tracking, which is not implemented',
    'track_history_size',
    'sim_thresh',
    'dets_for_track',
    'dets_for_show',
    'track_ciou_norm',
    'embedding_layer',
  ),
  ...without('read by no Darknet in this section', 'uc_normalizer', 'ema_alpha', 'points', 'beta1'),
};

interface Anchors {
  readonly num: number;
  readonly mask: readonly number[];
  readonly anchors: readonly number[];
}

const checkAnchors = ({ num, mask, anchors }: Anchors): readonly Problem[] => {
  const problems: Problem[] = [];
  if (anchors.length !== 2 * num) {
    problems.push({
      key: 'anchors',
      expected: `${2 * num} numbers (num=${num} pairs of width, height)`,
      found: String(anchors.length),
      action: 'correct anchors or num',
    });
  }
  if (anchors.some((side) => side <= 0)) {
    problems.push({
      key: 'anchors',
      expected: 'widths and heights above 0',
      found: anchors.join(','),
      action: 'correct the anchors',
    });
  }
  if (mask.some((i) => i < 0 || i >= num)) {
    problems.push({
      key: 'mask',
      expected: `anchor indices from 0 to ${num - 1}`,
      found: mask.join(','),
      action: 'correct mask or num',
    });
  }
  if (new Set(mask).size !== mask.length) {
    problems.push({
      key: 'mask',
      expected: 'each anchor once',
      found: mask.join(','),
      action: 'remove the repetition',
    });
  }
  return problems;
};

/** What a cfg leaves to defaults that differ from what the original's README says of them (SPEC D-12). */
const adviseLoss = ({ iou_loss }: { readonly iou_loss: BoxLoss }, given: ReadonlySet<string>): readonly Advice[] => {
  const advice: Advice[] = [];
  if (!given.has('iou_loss')) {
    advice.push({
      tag: 'default',
      about: 'training',
      key: 'iou_loss',
      message:
        'is absent: iou is trained, as the original does, though its README says mse; write iou_loss=... to choose',
    });
  }
  if (!given.has('iou_normalizer') && iou_loss !== 'mse') {
    advice.push({
      tag: 'default',
      about: 'training',
      key: 'iou_normalizer',
      message:
        'is absent: 0.75 is used, as the original does, though its README says 1.0; write iou_normalizer=... to choose',
    });
  }
  if (iou_loss === 'diou' || iou_loss === 'ciou') {
    advice.push({
      tag: 'compatibility',
      about: 'training',
      key: 'iou_loss',
      message: `trains ${iou_loss} here; the original takes ${iou_loss} for iou`,
    });
  }
  return advice;
};

/** AlexeyAB's Darknet resizes by this factor; the original from 320 to 608 (SPEC 7.6). */
const adviseFactor = ({ factor }: { readonly factor: number }): readonly Advice[] =>
  factor === 0 || factor === 1
    ? []
    : [
        {
          tag: 'training-only',
          key: 'random',
          message: `${factor} turns multi-scale training on, with sides from 320 to 608 as in the original; AlexeyAB's Darknet would resize by this factor`,
        },
      ];

/** Channels that a `[yolo]` layer reads: for each of its anchors x, y, w, h, objectness and the classes. */
export const yoloChannels = ({
  mask,
  classes,
}: {
  readonly mask: readonly number[];
  readonly classes: number;
}): number => mask.length * (5 + classes);

export const yolo = layerKind({
  keys,
  complete: (yolo) => ({
    ...yolo,
    mask: yolo.mask ?? Array.from({ length: yolo.num }, (_, i) => i),
    random: yolo.random !== 0,
    factor: yolo.random,
    anchors: yolo.anchors ?? Array.from({ length: 2 * yolo.num }, () => 0.5),
  }),
  check: checkAnchors,
  advise: (yolo, given) => [
    ...adviseLoss(yolo, given),
    ...adviseFactor(yolo),
    ...(given.has('anchors')
      ? []
      : [{ tag: 'default' as const, key: 'anchors', message: 'is absent: every anchor is 0.5 x 0.5 pixels' }]),
    ...(yolo.scale_x_y === 1
      ? []
      : [{ tag: 'compatibility' as const, key: 'scale_x_y', message: 'has effect here; the original ignores it' }]),
  ],

  shape: (layer, context) =>
    context.input.c === yoloChannels(layer)
      ? shape(context.input, context)
      : fail({
          key: 'classes',
          expected: `${yoloChannels(layer)} channels to come in, ${layer.mask.length} anchors x (5 + ${layer.classes} classes)`,
          found: String(context.input.c),
          action: `give the layer before it filters=${yoloChannels(layer)}, or correct classes or mask`,
        }),

  row: () => 'yolo',

  /** In training the loss reads what the convolution before gives, as it is. */
  build: ({ classes }) => single(stateless<Tensor>((x, { training }) => (training ? x : activateHead(classes)(x)))),

  /** The convolution's output as it is; `onnx/heads.ts` makes of it what is asked for. */
  onnx: same,
});
