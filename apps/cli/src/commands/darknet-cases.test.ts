/** Small cfgs of many Darknets and of hand editing: each is right, or refused in words (`cases/darknet/README.md`). */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { run } from '../run.ts';

type Ended = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** The command in this process. */
const gdarknet = async (...argv: readonly string[]): Promise<Ended> => {
  const texts = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof texts) => ({
    write: (text: string): void => {
      texts[name] += text;
    },
  });
  const streams = { stdout: sink('stdout'), stderr: sink('stderr'), stdin: process.stdin };
  const status = await run(argv, streams, new AbortController().signal);
  return { status, ...texts };
};
const cfg = (name: string): string => sharedPath('cases/darknet/cfg', `${name}.cfg`);
type Layer = { readonly type: string; readonly output: unknown; readonly line: number };
type Table = {
  readonly parameters: number;
  readonly layers: readonly Layer[];
  readonly notices: readonly { readonly tag: string; readonly key?: string }[];
};
const table = async (name: string, ...more: readonly string[]): Promise<Table> => {
  const { status, stdout, stderr } = await gdarknet('table', cfg(name), '--json', ...more);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
};
const withoutLines = ({ layers, parameters }: Table) => ({
  parameters,
  layers: layers.map(({ line, ...layer }) => layer),
});

/** The notices of each, `tag key`. */
const equalToBase: Readonly<Record<string, readonly string[]>> = {
  base: [],
  crlf: [],
  'cr-only': [],
  'bom-crlf': [],
  'tabs-spaces': [],
  'semicolon-comment': [],
  'sci-lr': [],
  'batch-testing-both': ['duplicate-key batch', 'duplicate-key subdivisions'],
  'dup-key': ['duplicate-key filters'],
  'float-int': ['lenient batch', 'lenient max_batches'],
  'random-1.4': ['training-only random'],
  'empty-value': ['lenient map'],
  'trailing-comment-value': ['lenient filters'],
  'trailing-comment-section': ['lenient undefined'],
  'anchors-trailing-comma': ['lenient anchors'],
  'mask-trailing-comma': ['lenient mask'],
  'steps-trailing-comma': ['lenient steps'],
  contrastive: ['training-only contrastive'],
};
const otherwiseRight: Readonly<Record<string, readonly [parameters: number, ...notices: string[]]>> = {
  'width-not-32': [1821],
  grayscale: [1677],
  bn2: [2429, 'training-only batch_normalize'],
  'dropout-block': [1821, 'training-only dropblock', 'cosmetic dropblock_size_abs'],
  'burnin-learning-key': [2429, 'training-only train_only_bn'],
};
/** What the only line of the refusal says. */
const refused: Readonly<Record<string, RegExp>> = {
  sgdr: /:9: \[net\] policy: .* found "sgdr"; it is not implemented/,
  'anchors-spaces-only': /anchors: expected 6 numbers .* found 1/,
  'upper-activation': /activation: expected one of .* found "LEAKY"/,
  'upper-keys': /Filters: .*did you mean filters\?/,
  'wrong-filters': /write filters=21/,
  'classes-0': /classes: expected a whole number of at least 1, found "0"/,
  'negative-mask': /mask: expected anchor indices from 0 to 2, found 3,4,5/,
  'no-net': /:1: .*put \[net\] above this line/,
  utf16: /UTF-16.*UTF-8/,
  'unknown-typo': /:24: layer 1 \[convolutional\] fliters: .*did you mean filters\?/,
  'route-groups': /groups: expected groups=1, found "2"/,
  'hidden-groups': /:38: layer 1 \[route\] groups: expected groups=1, found "2"/,
  'conv-stride-xy': /stride_x: expected one stride across and down, found 2 across, 1 down/,
  'stride-xy': /\[maxpool\] stride_x: expected one stride/,
  'maxpool-depth': /maxpool_depth: expected maxpool_depth=0/,
  dilation: /dilation: expected dilation=1, found "2"/,
  antialiasing: /antialiasing: expected antialiasing=0/,
  'share-index': /share_index: expected no share_index/,
  'shortcut-weights': /weights_type: expected weights_type=none/,
  'shortcut-multi': /from: expected one layer, found 2/,
  coordconv: /coordconv: expected coordconv=0/,
  assisted: /assisted_excitation: expected assisted_excitation=0/,
  stretch: /rotate: expected rotate=0/,
  sway: /sway: expected sway=0/,
  mish: /found "mish"; it is not implemented/,
  swish: /found "swish"; it is not implemented/,
  relu6: /found "relu6"; it is not implemented/,
  norm_chan: /found "normalize_channels"; it is not implemented/,
  'scale-channels': /\[scale_channels\]: expected a layer that is implemented/,
  sam: /\[sam\]: expected a layer that is implemented/,
  reorg3d: /\[reorg3d\]: expected a layer that is implemented/,
  gaussian: /\[Gaussian_yolo\]: expected a layer that is implemented/,
};
/** Refused in two lines: both section names are in the wrong case. */
const twice: Readonly<Record<string, RegExp>> = { 'upper-section': /did you mean \[convolutional\]\?/ };
const training = ['letter_box', 'iou_thresh', 'obj_normalizer', 'max_delta', 'label_smooth_eps', 'focal_loss', 'counters_per_class', 'resize']; // biome-ignore format: a list of words

describe.skipIf(!shared)('small cfgs', () => {
  it('are all in these tables', () => {
    const names = [equalToBase, otherwiseRight, refused, twice].flatMap((part) => Object.keys(part));
    const files = readdirSync(sharedPath('cases/darknet/cfg')).map((file) => file.replace(/\.cfg$/, ''));
    expect([...names, 'train-keys'].toSorted()).toEqual(files.toSorted());
  });
  it.each(Object.entries(equalToBase))('%s is equal to base.cfg', async (name, notices) => {
    const made = await table(name);
    expect(withoutLines(made)).toEqual(withoutLines(await table('base')));
    expect(made.notices.map(({ tag, key }) => `${tag} ${key}`)).toEqual(notices);
    expect(made.layers.slice(0, 3).map(({ output }) => output)).toEqual([
      { h: 32, w: 32, c: 8 }, { h: 16, w: 16, c: 16 }, { h: 16, w: 16, c: 21 },
    ]); // biome-ignore format: a table
  });
  it.each(Object.entries(otherwiseRight))('%s has its parameters', async (name, [parameters, ...notices]) => {
    const made = await table(name);
    expect(made.parameters).toBe(parameters);
    expect(made.notices.map(({ tag, key }) => `${tag} ${key}`)).toEqual(notices);
  });
  it.each(Object.entries({ ...refused, ...twice }))('%s is refused', async (name, message) => {
    const { status, stdout, stderr } = await gdarknet('table', cfg(name));
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n').length).toBe(name in twice ? 2 : 1);
    expect(stderr.length).toBeLessThan(700);
    // `--json` says the same.
    expect(await gdarknet('table', cfg(name), '--json')).toEqual({ status, stdout, stderr });
  });
  it('train-keys names every key without effect, what changes training first', async () => {
    const { parameters, notices } = await table('train-keys');
    expect(parameters).toBe(1821);
    const keys = notices.flatMap(({ tag, key }) => (tag === 'training-only' ? [key] : []));
    expect(training.filter((key) => !keys.includes(key))).toEqual([]);
    expect(notices.slice(0, keys.length).every(({ tag }) => tag === 'training-only')).toBe(true);
    const { stderr } = await gdarknet('table', cfg('train-keys'));
    expect(stderr.split('\n')[0]).toMatch(/^warning: .*letter_box/);
    for (const key of [...training, 'use_cuda_graph', 'uc_normalizer'])
      expect(stderr).toMatch(new RegExp(`\\b${key}\\b`));
    const strict = await gdarknet('table', cfg('train-keys'), '--strict');
    expect(strict.status).toBe(1);
    expect(strict.stderr).toContain('focal_loss: expected focal_loss=0');
  });
  it('a key is let through by name', async () => {
    const { parameters, notices } = await table('unknown-typo', '--ignore', 'fliters');
    expect(parameters).toBe(366);
    expect(notices).toMatchObject([{ tag: 'ignored-key', key: 'fliters', line: 24 }]);
  });
});
