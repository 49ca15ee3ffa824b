/** Keys that every layer section takes (SPEC 1.4, SPEC-V4 1.4). */
import { decimal, flag, whole } from '../../darknet/field.ts';
import { trainingOnly, without } from '../../darknet/key-rule.ts';
import type { Advice } from '../../darknet/section-rule.ts';

/** Why keys of classification are cosmetic. */
export const classifiers = 'only for the training of classifiers, which is not implemented';

export const commonKeys = {
  /** Not 0: the backward pass stops before this layer. */
  stopbackward: whole(0),
  dontsave: flag(false),
  dontload: flag(false),
  /** Number of filters to read from a weights file; 0 is all. */
  numload: whole(0, { min: 0 }),
  /** The weights file has no batch-normalisation arrays for this layer. */
  dontloadscales: flag(false),
  /** Multiplies the network's rate for this layer. */
  learning_rate: decimal(1),
  truth: trainingOnly(flag(false), 'the output of this layer would be the truth of later ones'),
  onlyforward: trainingOnly(flag(false), 'no gradient would pass through this layer'),
  smooth: trainingOnly(decimal(0), 'targets would be smoothed'),
  clip: trainingOnly(decimal(0), 'the weights of this layer would be kept within this bound'),
  dont_update: trainingOnly(whole(0), 'this layer would not be updated in the first batches'),
  burnin_update: trainingOnly(whole(0), 'this layer would be updated in the first batches only'),
  train_only_bn: trainingOnly(flag(false), 'only batch normalisation of this layer would learn'),
  ...without('only for streams of a graphics card', 'stream', 'wait_stream'),
};

/** A count of batches here is AlexeyAB's; the original stops for good. */
export const adviseCommon = ({ stopbackward }: { readonly stopbackward: number }): readonly Advice[] =>
  stopbackward > 1
    ? [
        {
          tag: 'training-only',
          key: 'stopbackward',
          message: `${stopbackward} stops the backward pass in every batch here, as in the original; AlexeyAB's Darknet stops it in the first ${stopbackward} only`,
        },
      ]
    : [];
