/** Every key that a Darknet reads has a verdict, and each verdict its consequence. */
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { layerKinds } from '../layers/index.ts';
import { showFault, showNotice } from './fault.ts';
import { foldFaults, foldNotices } from './fold.ts';
import { type KeyTable, verdictOf } from './key-rule.ts';
import { netKeys } from './net-section.ts';
import { type NetworkPlan, parseNetwork } from './plan.ts';

/** SPEC 1.2, 1.4 - 1.6 and SPEC-V4 1.2, 1.4 - 1.6, and what the public cfgs hold beside. */
const common =
  'truth onlyforward stopbackward dontsave dontload numload dontloadscales learning_rate smooth clip dont_update burnin_update train_only_bn';
const read: Readonly<Record<string, string>> = {
  net: `batch subdivisions learning_rate momentum decay time_steps notruth random center adam B1 B2 eps height width channels
    inputs max_crop min_crop max_ratio min_ratio clip angle aspect saturation exposure hue policy burn_in power step scale steps
    scales gamma max_batches learning_rate_min sgdr_cycle sgdr_mult seq_scales sequential_subdivisions letter_box mosaic mixup
    cutmix mosaic_bound blur gaussian_noise flip label_smooth_eps resize_step dynamic_minibatch ema_alpha weights_reject_freq
    equidistant_point badlabels_rejection_percentage num_sigmas_reject_badlabels loss_scale optimized_memory
    workspace_size_limit_MB use_cuda_graph try_fix_nan max_chart_loss adversarial_lr attention contrastive contrastive_jit_flip
    contrastive_color unsupervised track augment_speed`,
  convolutional: `filters size stride pad padding groups activation batch_normalize binary xnor flipped dot stride_x stride_y
    dilation cbn antialiasing share_index assisted_excitation sway rotate stretch stretch_sway angle grad_centr coordconv reverse`,
  shortcut: 'from activation alpha beta weights_type weights_normalization',
  route: 'layers groups group_id',
  upsample: 'stride scale',
  maxpool: 'stride size padding stride_x stride_y maxpool_depth out_channels antialiasing maxpool_zero_nonmax',
  avgpool: '',
  connected: 'output activation batch_normalize',
  dropout: 'probability dropblock dropblock_size_rel dropblock_size_abs',
  softmax: 'groups temperature tree spatial noloss',
  cost: 'type scale ratio noobj thresh',
  yolo: `classes num mask anchors iou_normalizer cls_normalizer iou_loss representation max jitter ignore_thresh truth_thresh
    random map show_details max_delta counters_per_class label_smooth_eps scale_x_y objectness_smooth new_coords obj_normalizer
    delta_normalizer iou_thresh_kind iou_thresh beta_nms nms_kind resize focal_loss track_history_size sim_thresh dets_for_track
    dets_for_show track_ciou_norm embedding_layer`,
};
const tables: Readonly<Record<string, KeyTable>> = {
  net: netKeys,
  ...Object.fromEntries(Object.entries(layerKinds).map(([name, { keys }]) => [name, keys])),
};
const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');

describe('the key table', () => {
  it('has a list for each section', () => {
    expect(Object.keys(read).toSorted()).toEqual(Object.keys(tables).toSorted());
  });
  it.each(Object.entries(read))('[%s] has every key that a Darknet reads there', (section, keys) => {
    const all = words(section === 'net' ? keys : `${common} ${keys}`);
    expect(all.filter((key) => !Object.hasOwn(tables[section], key))).toEqual([]);
  });
  it('says why a key has no effect', () => {
    for (const table of Object.values(tables)) {
      for (const [key, rule] of Object.entries(table)) if ('why' in rule) expect(rule.why, key).toMatch(/\w{3}/);
    }
  });
});

const text = (net: string, layers: string) =>
  `[net]\nwidth=32\nheight=32\nchannels=3\n${net}\n[conv]\nfilters=6\n${layers}\n[yolo]\nclasses=1\nanchors=1,1\niou_loss=mse\n`;
const parsed = (cfg: string, options = {}) => parseNetwork(cfg, { file: 'a.cfg', ...options });
const right = (cfg: string, options = {}) => {
  const result = parsed(cfg, options);
  if (E.isLeft(result)) throw new Error(result.left.map(showFault).join('\n'));
  return result.right;
};
const left = (cfg: string, options = {}): readonly string[] => {
  const result = parsed(cfg, options);
  return E.isLeft(result) ? foldFaults(result.left).map(showFault) : [];
};

describe('consequences', () => {
  it('cosmetic keys are said, those of one reason together', () => {
    const { notices } = right(text('optimized_memory=1\nuse_cuda_graph=1', ''));
    expect(foldNotices(notices).map(showNotice)).toEqual([
      "a.cfg:5: [net] optimized_memory, use_cuda_graph: have no effect here: only for the memory and speed of AlexeyAB's GPU code",
    ]);
  });
  it('keys of training are warnings that name what differs, and faults when strict', () => {
    const cfg = `${text('', '')}focal_loss=1\n`;
    expect(right(cfg).notices.map(showNotice)).toEqual([
      'a.cfg:13: layer 1 [yolo] focal_loss: is not implemented, so training differs: the error of classes would be focal',
    ]);
    expect(left(cfg, { strict: true })).toEqual([
      expect.stringContaining('a.cfg:13: layer 1 [yolo] focal_loss: expected focal_loss=0, found "1"'),
    ]);
  });
  it('keys that change the network are refused', () => {
    expect(left(text('', 'dilation=2\nsize=3'))).toEqual([
      'a.cfg:8: layer 0 [conv] dilation: expected dilation=1, found "2" (it spreads the samples of a window); it is not implemented: take a network without it (--ignore dilation would run another one)',
    ]);
  });
  it('unknown keys are refused with a guess, and let through by name', () => {
    const cfg = text('', 'fliters=3');
    expect(left(cfg)).toEqual([
      'a.cfg:8: layer 0 [conv] fliters: expected a key of this section, found "fliters"; did you mean filters?; --ignore fliters leaves it out',
    ]);
    expect(right(cfg, { ignore: ['fliters'] }).notices).toMatchObject([{ tag: 'ignored-key', key: 'fliters' }]);
  });
  it('a default written out is as good as none', () => {
    const neutral = ['dilation=1', 'antialiasing=0', 'xnor=0', 'clip=0', 'train_only_bn=0'].join('\n');
    const { notices } = right(`${text('letter_box=1\ntrack=0', neutral)}new_coords=0\niou_thresh=1\nmax_delta=\n`);
    expect(notices.map(({ tag, key }) => `${tag} ${key}`)).toEqual(['training-only letter_box', 'lenient max_delta']);
  });
  it('the weightiest come first, however many there are', () => {
    const harmless = Array.from({ length: 40 }, (_, i) => `batch=${i}`).join('\n');
    const { notices } = right(`${text(`optimized_memory=1\nbatch=1\n${harmless}`, '')}focal_loss=1\n`);
    expect(notices.length).toBe(42);
    expect(notices[0]).toMatchObject({ tag: 'training-only', key: 'focal_loss' });
    expect(notices.at(-1)).toMatchObject({ tag: 'cosmetic' });
    expect(foldNotices(notices).length).toBe(3);
  });
  it('fifty equal faults are one line with a count', () => {
    const many = Array.from({ length: 50 }, () => '[conv]\nfilters=6\nactivation=mish').join('\n');
    const faults = left(text('', many));
    expect(faults.length).toBe(1);
    expect(faults[0]).toMatch(/^a\.cfg:10: \[conv\] activation: .* \(50 times, also on line 13, 16, 19, 22, \.\.\.\)$/);
  });
});

/** What may not be dropped: with `what`, one value other than the neutral one of every key that is not implemented. */
describe('no key is dropped', () => {
  const others: Readonly<Record<string, string>> = {
    from: '-1', layers: '-1', weights_type: 'per_feature', type: 'L1', tree: 'a', map: 'a', iou_thresh: '.2', iou_thresh_kind: 'giou',
    policy: 'step', label_smooth_eps: '.1', counters_per_class: '3', share_index: '0',
  }; // biome-ignore format: a table
  const cases = Object.entries(tables).flatMap(([section, table]) =>
    Object.entries(table)
      .filter(([, rule]) => verdictOf(rule) !== 'implemented')
      .map(([key, rule]) => ({ section, key, verdict: verdictOf(rule) })),
  );
  const plan = ({ layers }: NetworkPlan) =>
    layers.map(({ output, parameters, sources }) => ({ output, parameters, sources }));
  const needs: Readonly<Record<string, string>> = { route: 'layers=-1', shortcut: 'from=-1' };
  const cfgWith = (section: string, line: string): string => {
    if (section === 'net') return text(line, '');
    if (section === 'yolo') return `${text('', '')}${line}\n`;
    return text('', `[${section}]\n${needs[section] ?? ''}\n${line}\n[conv]\nfilters=6`);
  };
  it.each(cases)('[$section] $key: $verdict', ({ section, key, verdict }) => {
    const value = others[key] ?? '3';
    const result = parsed(cfgWith(section, `${key}=${value}`));
    if (verdict === 'refused') {
      expect(E.isLeft(result) && result.left.map(({ key }) => key)).toEqual([key]);
      return;
    }
    if (E.isLeft(result)) throw new Error(result.left.map(showFault).join('\n'));
    expect(result.right.notices.map(({ tag, key }) => [tag, key])).toEqual([[verdict, key]]);
    expect(plan(result.right.value)).toEqual(plan(right(cfgWith(section, '')).value));
  });
});
