/** Keys that every layer section takes (SPEC 1.4). */
import { decimal, flag, whole } from '../../darknet/field.ts';

export const commonFields = {
  truth: flag(false),
  onlyforward: flag(false),
  /** The backward pass stops before this layer. */
  stopbackward: flag(false),
  dontsave: flag(false),
  dontload: flag(false),
  /** Number of filters to read from a weights file; 0 is all. */
  numload: whole(0, { min: 0 }),
  /** The weights file has no batch-normalisation arrays for this layer. */
  dontloadscales: flag(false),
  /** Multiplies the network's rate for this layer. */
  learning_rate: decimal(1),
  smooth: decimal(0),
};

export const laterLayerKeys = ['burnin_update', 'clip', 'dropout', 'train_only_bn'] as const;
