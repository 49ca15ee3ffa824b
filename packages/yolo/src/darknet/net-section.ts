/** `[net]`: input size, batch, optimiser, augmentation and learning-rate schedule (SPEC 1.2, 1.3, SPEC-V4 1.2). */
import { classifiers } from '../layers/common/keys.ts';
import { decimal, decimals, flag, required, whole, wholes, word } from './field.ts';
import { cosmetic, trainingOnly, without } from './key-rule.ts';
import { type Advice, type Problem, sectionReader } from './section-rule.ts';

export const policies = ['constant', 'step', 'steps', 'exp', 'poly', 'sigmoid', 'random'] as const;
export type Policy = (typeof policies)[number];

const recurrent = 'only for recurrent networks and tracking, which are not implemented';
const aboutGpu = "only for the memory and speed of AlexeyAB's GPU code";

export const netKeys = {
  /** Images per weight update; a mini-batch is `batch / subdivisions`. */
  batch: whole(1, { min: 1 }),
  subdivisions: whole(1, { min: 1 }),
  width: required(whole(0, { min: 1 })),
  height: required(whole(0, { min: 1 })),
  channels: required(whole(0, { min: 1 })),
  inputs: whole(0, { min: 0 }),
  time_steps: whole(1, { min: 1 }),
  learning_rate: decimal(0.001),
  momentum: decimal(0.9),
  /** L2 on weights only. */
  decay: decimal(0.0001),
  adam: flag(false),
  B1: decimal(0.9),
  B2: decimal(0.999),
  eps: decimal(1e-7),
  policy: word(policies, 'constant', 'constant', ['sgdr']),
  /** Warm-up length in batches. */
  burn_in: whole(0, { min: 0 }),
  power: decimal(4),
  step: whole(1),
  scale: decimal(1),
  steps: wholes([]),
  scales: decimals([]),
  gamma: decimal(1),
  max_batches: whole(0, { min: 0 }),
  /** Largest absolute weight after an update; 0 is no limit. */
  clip: decimal(0, { min: 0 }),
  /** Share that a moving average of the weights keeps of itself at each update; 0 is no average. A key of later Darknets. */
  ema_alpha: decimal(0, { min: 0, max: 1 }),
  /** Multiplies the loss before differentiation and divides the gradients after it: for 16-bit floats. A key of later Darknets. */
  loss_scale: decimal(1, { min: 1e-6 }),
  angle: decimal(0),
  aspect: decimal(1),
  saturation: decimal(1),
  exposure: decimal(1),
  hue: decimal(0),
  /** Augmentations that came after the original, all off by default: AlexeyAB's keys, */
  mosaic: flag(false),
  /** in whose Darknet 2, 3 and 4 are other mixtures, */
  mixup: whole(0, { min: 0, max: 1 }),
  cutmix: flag(false),
  /** Size of the blur; 1 leaves the objects sharp. */
  blur: whole(0, { min: 0, max: 255 }),
  /** 0 never mirrors. */
  flip: flag(true),
  /** and ours where he has none: degrees, tilt, and shares of the pictures. */
  shear: decimal(0, { min: 0, max: 44 }),
  perspective: decimal(0, { min: 0, max: 0.3 }),
  grayscale: decimal(0, { min: 0, max: 1 }),
  cutout: decimal(0, { min: 0, max: 1 }),

  letter_box: trainingOnly(
    whole(0, { min: 1 }),
    'pictures would be fitted into the input with their sides in proportion, as they are in detection',
  ),
  mosaic_bound: trainingOnly(flag(false), 'boxes would end at the edges of the parts of a mosaic'),
  gaussian_noise: trainingOnly(whole(0), 'pictures would have noise'),
  resize_step: trainingOnly(whole(32), 'sizes of multi-scale training would be multiples of it'),
  dynamic_minibatch: trainingOnly(flag(false), 'a mini-batch would grow when the input shrinks'),
  weights_reject_freq: trainingOnly(whole(0), 'filters that are alike would be drawn anew'),
  equidistant_point: trainingOnly(whole(0), 'small and large errors would be cleared late in training'),
  badlabels_rejection_percentage: trainingOnly(decimal(0), 'the largest errors would be cleared late in training'),
  num_sigmas_reject_badlabels: trainingOnly(decimal(0), 'the largest errors would be cleared late in training'),
  adversarial_lr: trainingOnly(decimal(0), 'it would train on changed pictures'),
  attention: trainingOnly(flag(false), 'it would train on changed pictures'),
  unsupervised: trainingOnly(flag(false), 'it would train without labels'),
  contrastive: trainingOnly(flag(false), 'pairs of pictures would be trained to be alike'),
  track: trainingOnly(flag(false), 'it would train on sequences of pictures'),

  notruth: cosmetic(flag(false), classifiers),
  random: cosmetic(flag(false), classifiers),
  center: cosmetic(flag(false), classifiers),
  ...without(classifiers, 'max_crop', 'min_crop', 'max_ratio', 'min_ratio', 'label_smooth_eps'),
  ...without('only with contrastive', 'contrastive_jit_flip', 'contrastive_color'),
  ...without('only with policy=sgdr', 'learning_rate_min', 'sgdr_cycle', 'sgdr_mult'),
  ...without(recurrent, 'augment_speed', 'sequential_subdivisions', 'init_sequential_subdivisions', 'seq_scales'),
  ...without(aboutGpu, 'optimized_memory', 'workspace_size_limit_MB', 'use_cuda_graph', 'try_fix_nan'),
  ...without('only for the chart', 'max_chart_loss'),
  ...without(
    'read by no Darknet in this section',
    ...(['max_delta', 'stopbackward', 'ema_start', 'badlabels_reverse', 'no_img_flip', 'max_epochs', 'seen'] as const),
  ),
};

type Schedule = { readonly policy: Policy; readonly steps: readonly number[]; readonly scales: readonly number[] };

const schedule = ({ policy, steps, scales }: Schedule): readonly Problem[] => {
  if (policy !== 'steps') return [];
  if (steps.length === 0) {
    return [
      {
        key: 'steps',
        expected: 'batch numbers, as policy=steps is given',
        found: 'nothing',
        action: 'add steps=... and scales=...',
      },
    ];
  }
  return steps.length === scales.length
    ? []
    : [
        {
          key: 'scales',
          expected: `${steps.length} numbers, one for each of steps`,
          found: String(scales.length),
          action: 'give as many scales as steps',
        },
      ];
};

type Sizes = Readonly<
  Record<'batch' | 'subdivisions' | 'time_steps' | 'inputs' | 'height' | 'width' | 'channels', number>
>;

const sizes = (net: Sizes): readonly Problem[] => {
  const inputs = net.height * net.width * net.channels;
  const batch = {
    key: 'subdivisions',
    expected: `at most batch (${net.batch})`,
    found: String(net.subdivisions),
    action: 'raise batch or lower subdivisions',
  };
  const steps = {
    key: 'time_steps',
    expected: '1',
    found: String(net.time_steps),
    action: 'recurrent networks are not supported',
  };
  const volume = {
    key: 'inputs',
    expected: `height x width x channels = ${inputs}`,
    found: String(net.inputs),
    action: 'correct it or leave it out',
  };
  return [
    ...(net.batch >= net.subdivisions ? [] : [batch]),
    ...(net.time_steps === 1 ? [] : [steps]),
    ...(net.inputs === inputs ? [] : [volume]),
  ];
};

const advise = ({ batch, subdivisions }: Pick<Sizes, 'batch' | 'subdivisions'>): readonly Advice[] =>
  batch % subdivisions === 0
    ? []
    : [
        {
          tag: 'compatibility',
          about: 'training',
          key: 'subdivisions',
          message: `does not divide batch: an update sees ${Math.floor(batch / subdivisions) * subdivisions} images, not ${batch}`,
        },
      ];

export const readNet = sectionReader({
  keys: netKeys,
  complete: ({ mixup, ...net }) => ({
    ...net,
    mixup: mixup === 1,
    inputs: net.inputs === 0 ? net.height * net.width * net.channels : net.inputs,
  }),
  check: (net) => [...schedule(net), ...sizes(net)],
  advise,
});
