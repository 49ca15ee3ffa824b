import { readdirSync, readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { goldenPath, shared, sharedPath } from '../../../../test/shared.ts';
import { type ConfigOptions, parseConfig } from './config.ts';
import { showFault, showNotice } from './fault.ts';

const net = '[net]\nwidth=32\nheight=32\nchannels=3\n';
const good = (text: string, options: ConfigOptions = {}) => {
  const result = parseConfig(text, { file: 'a.cfg', ...options });
  if (E.isLeft(result)) throw new Error(result.left.map(showFault).join('\n'));
  return result.right;
};
const faultsOf = (text: string, options: ConfigOptions = {}): readonly string[] => {
  const result = parseConfig(text, { file: 'a.cfg', ...options });
  if (E.isRight(result)) throw new Error('no fault was found');
  return result.left.map(showFault);
};
const notices = (text: string, options: ConfigOptions = {}) => good(text, options).notices.map(showNotice);

describe('grammar', () => {
  it('deletes blanks anywhere, carriage returns, a byte order mark, comments and empty lines', () => {
    const text =
      '\uFEFF[ne t]\r\n wid th = 3 2\r\n# comment\r\n; another\r\n\r\nheight=32\r\nchannels=3\r\n[avgpool]\r\n';
    const { value } = good(text);
    expect([value.net.width, value.layers.length]).toEqual([32, 1]);
  });
  it('takes the first of repeated keys and says so', () => {
    const { value, notices } = good(`${net}[conv]\nfilters=4\nfilters=5\n`);
    expect(value.layers[0]).toMatchObject({ type: 'convolutional', filters: 4 });
    expect(notices).toMatchObject([{ tag: 'duplicate-key', line: 7, key: 'filters' }]);
  });
  it.each([
    ['width=3\n[net]\nwidth=3\nheight=3\nchannels=3\n[avg]', 'a.cfg:1: width: expected a section before the first key'],
    ['[conv]\nfilters=3', 'a.cfg:1: expected [net] as the first section, found [conv]'],
    ['', 'a.cfg: expected [net] as the first section, found no section'],
    [net, 'a.cfg: expected at least one layer section'],
    [`${net}[avgpool`, 'a.cfg:5: expected a section name in brackets'],
    [`${net}[avg]\nwhat`, 'a.cfg:6: expected key=value, found "what"'],
    [`${net}[avg]\n=3`, 'a.cfg:6: expected key=value, found "=3"'],
    [`${net}[YOLO]`, 'did you mean [yolo]?'],
    [`${net}[convolutionl]`, 'did you mean [convolutional]?'],
    [`${net}[region]`, 'expected a layer that is implemented, found "region" (the head of YOLOv2)'],
  ])('refuses %j', (text, message) => {
    expect(faultsOf(text).join('\n')).toContain(message);
  });
});

describe('fields', () => {
  it('have the defaults of the original', () => {
    const { value } = good(`${net}[convolutional]\n[maxpool]\nstride=3\n[upsample]\n[dropout]\n[yolo]\nnum=2\n`);
    expect(value.net).toMatchObject({
      batch: 1, subdivisions: 1, learning_rate: 0.001, momentum: 0.9, decay: 0.0001, policy: 'constant', burn_in: 0, power: 4,
      saturation: 1, exposure: 1, hue: 0, inputs: 3072,
    }); // biome-ignore format: a table
    expect(value.layers).toMatchObject([
      {
        type: 'convolutional',
        filters: 1,
        size: 1,
        stride: 1,
        padding: 0,
        groups: 1,
        activation: 'logistic',
        batch_normalize: false,
      },
      { type: 'maxpool', stride: 3, size: 3, padding: 2 },
      { type: 'upsample', stride: 2, scale: 1 },
      { type: 'dropout', probability: 0.5 },
      {
        type: 'yolo',
        classes: 20,
        num: 2,
        mask: [0, 1],
        anchors: [0.5, 0.5, 0.5, 0.5],
        iou_loss: 'iou',
        iou_normalizer: 0.75,
        cls_normalizer: 1,
        representation: 'exp',
        max: 90,
        jitter: 0.2,
        ignore_thresh: 0.5,
        truth_thresh: 1,
        random: false,
      },
    ]);
  });
  it('pad overrides padding', () => {
    const { value } = good(`${net}[conv]\nsize=5\npad=1\npadding=7\n[conv]\nsize=5\npad=0\npadding=7\n`);
    expect(value.layers).toMatchObject([{ padding: 2 }, { padding: 7 }]);
  });
  it('are all checked, and all faults of the file reported in one go', () => {
    const text = `${net}[conv]\nfilters=3x\nstride=0\nactivation=leeky\n[shortcut]\n[nothing]\n[yolo]\nanchors=1,2,3\nnum=2\nmask=0,5\n`;
    expect(faultsOf(text)).toEqual([
      'a.cfg:6: layer 0 [conv] filters: expected a whole number of at least 1, found "3x"; correct the value (Darknet would silently read 3)',
      'a.cfg:7: layer 0 [conv] stride: expected a whole number of at least 1, found "0"; correct the value',
      expect.stringContaining('a.cfg:8: layer 0 [conv] activation: expected one of logistic, loggy, relu'),
      'a.cfg:9: layer 1 [shortcut] from: expected whole numbers separated by commas, found nothing; add from=... to the section',
      expect.stringContaining('a.cfg:10: layer 2 [nothing]: expected a layer that is implemented'),
      'a.cfg:12: layer 3 [yolo] anchors: expected 4 numbers (num=2 pairs of width, height), found 3; correct anchors or num',
      'a.cfg:14: layer 3 [yolo] mask: expected anchor indices from 0 to 1, found 0,5; correct mask or num',
    ]);
  });
  it.each([
    ['[conv]\nfilters=3 # three', { filters: 3 }, '"3#three" is read as 3'],
    ['[conv]\nfilters=3;three', { filters: 3 }, '"3;three" is read as 3'],
    ['[conv]\nfilters=3.0', { filters: 3 }, '"3.0" is read as 3'],
    ['[conv]\nbatch_normalize=1.0', { batch_normalize: true }, '"1.0" is read as 1'],
    ['[route]\nlayers=0,', { layers: [0] }, '"0," is read as 0'],
    ['[conv]#head', {}, '"#head" behind the bracket is taken for a comment'],
    ['[yolo]\nanchors=1,1\niou_loss=mse\nmap=', {}, 'has no value and counts as absent'],
  ])('written as Darknet takes them are read, and said: %j', (section, value, message) => {
    const read = good(`${net}[avg]\n${section}\n`);
    expect(read.value.layers[1]).toMatchObject(value);
    expect(read.notices.map(showNotice).join('\n')).toContain(message);
    expect(read.notices.map(({ tag }) => tag)).toEqual(['lenient']);
  });
  it.each([
    ['[conv]\nfilters=3.5', 'expected a whole number'],
    ['[conv]\nfilters=3x', 'expected a whole number'],
    ['[conv]\nactivation=leaky # slope', 'put the comment on a line of its own'],
    ['[conv]\nactivation=mish', 'found "mish"; it is not implemented'],
    ['[route]\nlayers=,0', 'expected whole numbers'],
    ['[shortcut]\nfrom=-1,-2', 'expected one layer, found 2'],
  ])('that could mean something else are refused: %j', (section, message) => {
    expect(faultsOf(`${net}[avg]\n[avg]\n${section}\n`).join('\n')).toContain(message);
  });
  it('require as many scales as steps', () => {
    expect(faultsOf(`${net}policy=steps\nsteps=1,2\nscales=.1\n[avg]`)[0]).toContain(
      'a.cfg:7: [net] scales: expected 2 numbers',
    );
    expect(faultsOf(`${net}policy=steps\n[avg]`)[0]).toContain('[net] steps: expected batch numbers');
  });
  it('are read as C would when lenient, with a notice', () => {
    const text = `${net}[conv]\nfilters=3x\nactivation=leeky\nbatch_normalize=yes\nwhat\n`;
    const { value, notices } = good(text, { lenient: true });
    expect(value.layers[0]).toMatchObject({ filters: 3, activation: 'relu', batch_normalize: false });
    expect(notices.filter(({ tag }) => tag === 'lenient').map(({ line }) => line)).toEqual([6, 7, 8, 9]);
  });
  it('can be dropped by name, which is said', () => {
    const { value, notices } = good(`${net}[yolo]\nscale_x_y=1.05\nanchors=1,1\niou_loss=mse`, {
      ignore: ['scale_x_y'],
    });
    expect(value.layers[0]).toMatchObject({ scale_x_y: 1 });
    expect(notices.map(showNotice)).toEqual([
      'a.cfg:6: layer 0 [yolo] scale_x_y: is left out because the command asked for it',
    ]);
  });
});

describe('[yolo] losses', () => {
  const yolo = (keys: string) => notices(`${net}[yolo]\nanchors=1,1\n${keys}`);
  it('names what the README of the original says where a key is absent', () => {
    const [loss, normalizer] = yolo('');
    expect(loss).toContain('a.cfg:5: layer 0 [yolo] iou_loss: is absent: iou is trained');
    expect(normalizer).toContain(
      'iou_normalizer: is absent: 0.75 is used, as the original does, though its README says 1.0',
    );
  });
  it('is quiet where the loss is clear', () => {
    expect(yolo('iou_loss=mse')).toEqual([]);
    expect(yolo('iou_loss=giou\niou_normalizer=.5')).toEqual([]);
  });
  it('takes ciou with a warning, refuses a misspelt loss', () => {
    expect(yolo('iou_loss=ciou\niou_normalizer=1')).toEqual([
      'a.cfg:7: layer 0 [yolo] iou_loss: trains ciou here; the original takes ciou for iou',
    ]);
    expect(faultsOf(`${net}[yolo]\niou_loss=gliou\nanchors=1,1`)[0]).toContain(
      'expected one of mse, iou, giou, diou, ciou',
    );
  });
});

describe.skipIf(!shared)('published and golden files', () => {
  const cfgs = shared
    ? [
        ...readdirSync(sharedPath('data/weights'))
          .filter((f) => f.endsWith('.cfg'))
          .map((f) => sharedPath('data/weights', f)),
        ...readdirSync(goldenPath('network'))
          .filter((d) => /^(forward|train)_(?!shared)/.test(d))
          .map((d) => goldenPath('network', d, 'net.cfg')),
      ]
    : [];
  it.each(cfgs)('%s has no fault and no unknown key', (file) => {
    const { notices } = good(readFileSync(file, 'utf8'), { file });
    expect(notices.filter(({ tag }) => tag === 'lenient')).toEqual([]);
  });
});
