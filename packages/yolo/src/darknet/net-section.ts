/** `[net]`: input size, batch, optimiser, colour augmentation and learning-rate schedule (SPEC 1.2, 1.3). */
import { decimal, decimals, flag, required, whole, wholes, word } from './field.ts';
import { type Problem, sectionReader } from './section-rule.ts';

export const policies = ['constant', 'step', 'steps', 'exp', 'poly', 'sigmoid', 'random'] as const;
export type Policy = (typeof policies)[number];

const fields = {
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
  policy: word(policies, 'constant', 'constant'),
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
  mixup: flag(false),
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
  notruth: flag(false),
  random: flag(false),
  center: flag(false),
  max_crop: whole(0, { min: 0 }),
  min_crop: whole(0, { min: 0 }),
  max_ratio: decimal(0, { min: 0 }),
  min_ratio: decimal(0, { min: 0 }),
};

// biome-ignore format: a list of words
const ignored = [
  'adversarial_lr', 'attention', 'badlabels_rejection_percentage', 'badlabels_reverse', 'contrastive',
  'contrastive_color', 'contrastive_jit_flip', 'dynamic_minibatch', 'ema_start',
  'equidistant_point', 'gaussian_noise', 'init_sequential_subdivisions', 'label_smooth_eps', 'letter_box',
  'max_chart_loss', 'max_delta', 'mosaic_bound', 'no_img_flip', 'num_sigmas_reject_badlabels',
  'optimized_memory', 'resize_step', 'sequential_subdivisions', 'seq_scales', 'sgdr_cycle', 'sgdr_mult', 'stopbackward',
  'track', 'try_fix_nan', 'unsupervised', 'weights_reject_freq', 'workspace_size_limit_MB',
];

const schedule = ({
  policy,
  steps,
  scales,
}: {
  policy: Policy;
  steps: readonly number[];
  scales: readonly number[];
}): Problem[] => {
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

export const readNet = sectionReader({
  fields,
  ignored,
  complete: (net) => ({
    ...net,
    inputs: net.inputs === 0 ? net.height * net.width * net.channels : net.inputs,
    max_crop: net.max_crop === 0 ? 2 * net.width : net.max_crop,
    min_crop: net.min_crop === 0 ? net.width : net.min_crop,
    max_ratio: net.max_ratio === 0 ? (net.max_crop === 0 ? 2 : net.max_crop / net.width) : net.max_ratio,
    min_ratio: net.min_ratio === 0 ? (net.min_crop === 0 ? 1 : net.min_crop / net.width) : net.min_ratio,
  }),
  check: (net) => [
    ...schedule(net),
    ...(net.batch >= net.subdivisions
      ? []
      : [
          {
            key: 'subdivisions',
            expected: `at most batch (${net.batch})`,
            found: String(net.subdivisions),
            action: 'raise batch or lower subdivisions',
          },
        ]),
    ...(net.time_steps === 1
      ? []
      : [
          {
            key: 'time_steps',
            expected: '1',
            found: String(net.time_steps),
            action: 'recurrent networks are not supported',
          },
        ]),
    ...(net.inputs === net.height * net.width * net.channels
      ? []
      : [
          {
            key: 'inputs',
            expected: `height x width x channels = ${net.height * net.width * net.channels}`,
            found: String(net.inputs),
            action: 'correct it or leave it out',
          },
        ]),
  ],
  advise: (net) => [
    ...(net.batch % net.subdivisions === 0
      ? []
      : [
          {
            tag: 'compatibility' as const,
            key: 'subdivisions',
            message: `does not divide batch: an update sees ${Math.floor(net.batch / net.subdivisions) * net.subdivisions} images, not ${net.batch}`,
          },
        ]),
  ],
});
