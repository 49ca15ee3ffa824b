/** What `train` takes. */
import { type Arguments, maybe, one } from '../arguments/command.ts';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { gpuIndex, json, noGpu } from '../arguments/shared-options.ts';
import { listOf, number, oneOf, text, whole } from '../arguments/value.ts';
import { cfgOptions } from '../inputs/cfg.ts';
import { networkOptions } from '../inputs/detector.ts';
import { deviceOptions } from '../inputs/device.ts';
import { companionOptions } from './companion.ts';

export const positionals = {
  data: one('the .data file: train, backup, prefix; valid and names for --assess', 'resume'),
  cfg: one('the network', 'resume'),
  weights: maybe('weights to start from: a pretrained backbone, or the .backup of a run that goes on'),
};

export const options = {
  resume: optional(text, {
    placeholder: 'folder',
    doc: 'go on with a run, to the bit, from its last state; its own files and options, and those given here in their place',
  }),
  clear: flag('forget how many images the weights have seen: for fine-tuning', ['-clear']),
  prefix: optional(text, { placeholder: 'name', doc: "the run's folder in backup= [prefix= of the .data file]" }),
  seed: withDefault(whole({ min: 0, max: 2 ** 32 - 1 }), 0, {
    placeholder: 'n',
    doc: 'of initial weights and batches; the same seed gives the same run',
  }),
  maxBatches: optional(whole({ min: 1 }), { placeholder: 'n', doc: 'end with this batch [max_batches of the cfg]' }),
  assess: optional(whole({ min: 0 }), {
    placeholder: 'n',
    doc: 'measure AP on the valid= list every n batches and at the end; 0 at the end only [never]',
  }),
  gradient: withDefault(oneOf('darknet', 'darknet-published', 'exact'), 'darknet', {
    placeholder: 'darknet|darknet-published|exact',
    doc: "the original's box gradient with its defect for disjoint boxes corrected, with it, or the loss's own",
  }),
  freeze: withDefault(whole({ min: 0 }), 0, {
    placeholder: 'n',
    doc: 'layers 0 to n-1 stay as they are, rolling statistics too: for fine-tuning',
  }),
  clipNorm: withDefault(number({ min: 0 }), 0, {
    placeholder: 'x',
    doc: "scale a batch's mean gradient down to this norm; 0 for no limit",
  }),
  memory: optional(whole({ min: 1 }), {
    placeholder: 'MiB',
    doc: 'that a step may take of the device beside weights and momentum: parts of the network are then computed again in the backward pass instead of kept',
  }),
  saveMinutes: withDefault(number({ min: 0.01 }), 10, {
    placeholder: 'n',
    doc: 'save state and .backup at least this often, beside every 100 batches',
  }),
  dryRun: flag('train nothing, write nothing: print the layers, the memory, the schedule and the time it would take'),
  workers: withDefault(whole({ min: 0, max: 64 }), 1, { placeholder: 'n', doc: 'threads that prepare batches' }),
  cache: withDefault(whole({ min: 0 }), 256, { placeholder: 'MiB', doc: 'decoded pictures kept in memory' }),
  shrinkTo: optional(whole({ min: 1 }), {
    placeholder: 'pixels',
    doc: 'shrink pictures whose shorter side is twice this or more when they are decoded, so that more fit into --cache; it changes their pixels, 2.5 times the largest input hardly',
  }),
  ...companionOptions,
  ...cfgOptions,
  partial: networkOptions.partial,
  allowUnsound: networkOptions.allowUnsound,
  ...deviceOptions,
  verbose: flag("print the original's lines for every [yolo] layer and mini-batch too"),
  json,
  gpus: optional(listOf(whole({ min: 0 })), {
    placeholder: 'a,b,..',
    doc: 'graphics cards that train together, by their numbers (see gdarknet devices); on a CPU so many workers share its cores',
    spellings: ['-gpus'],
  }),
  sync: withDefault(oneOf('exact', 'darknet'), 'exact', {
    placeholder: 'exact|darknet',
    doc: "several devices: deal out each batch and sum the gradients, as one device would; or the original's updates of their own, averaged every 4 batches, with the rate times their number",
  }),
  overlap: withDefault(oneOf('auto', 'yes', 'no'), 'auto', {
    placeholder: 'auto|yes|no',
    doc: 'MPI: sum gradients while the rest is still computed; auto where the devices leave a core free for it',
  }),
  gpuRates: flag(
    "several devices: learning_rate / n and burn_in x n, as the original's README advises for --sync darknet",
  ),
  gpuIndex,
  noGpu,
};

export type TrainValues = Arguments<typeof positionals, typeof options>;
