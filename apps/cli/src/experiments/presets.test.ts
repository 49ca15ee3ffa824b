import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LayerConfig, parseData, parseNetwork } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdarknet } from '../testing/cli.ts';
import { withPrefix } from './configuration.ts';
import { presetCfg, presets } from './presets.ts';

const planOf = (text: string) => {
  const parsed = parseNetwork(text);
  if (E.isLeft(parsed)) throw new Error(JSON.stringify(parsed.left));
  return parsed.right.value;
};
const heads = (text: string) => {
  const { layers, heads } = planOf(text);
  return heads.map((index) => layers[index].config as LayerConfig<'yolo'>);
};

describe("the original's runs", () => {
  it('are those of its cfg folders, each once', () => {
    expect(presets).toHaveLength(51);
    expect(new Set(presets.map(({ name }) => name)).size).toBe(51);
  });

  it.each(presets)('$name is a cfg without faults that says what the table says', (preset) => {
    const text = presetCfg(preset);
    const { net, layers } = planOf(text);
    expect([net.learning_rate, net.burn_in, net.max_batches]).toEqual([
      preset.learningRate,
      preset.burnIn,
      preset.maxBatches,
    ]);
    expect(layers).toHaveLength(preset.network === 'spp' ? 114 : 107);
    expect([net.batch, net.subdivisions, net.momentum, net.decay]).toEqual([64, 16, 0.9, 0.0005]);
    const side = preset.set === 'coco' || preset.set === 'openimages' ? 608 : 416;
    expect([net.width, net.height]).toEqual([side, side]);
    for (const head of heads(text)) {
      expect(head).toMatchObject({
        iou_loss: preset.loss,
        iou_normalizer: preset.iouNormalizer,
        cls_normalizer: preset.clsNormalizer,
        representation: preset.representation,
        ignore_thresh: side === 608 ? 0.7 : 0.5,
        random: true,
      });
    }
  });

  it('the README’s GIoU run on COCO', () => {
    const preset = presets.find(({ name }) => name === 'coco-giou-12');
    expect(preset).toMatchObject({
      loss: 'giou',
      iouNormalizer: 0.5,
      learningRate: 0.001,
      burnIn: 1000,
      maxBatches: 550400,
    });
  });
});

describe('new-run', () => {
  let root = '';
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'gdarknet-new-run-'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const call = (...argv: string[]) => gdarknet(['new-run', ...argv], { cwd: root });
  const text = (...parts: string[]): string => readFileSync(join(root, ...parts), 'utf8');

  it('writes a preset, then copies it as build_run.sh does', async () => {
    expect(await call('--preset', 'yolov3-giou-40', 'first')).toMatchObject({ status: 0, stdout: 'cfg/runs/first\n' });
    const data = parseData(text('cfg/runs/first/data'));
    expect(E.isRight(data) && data.right.value).toMatchObject({
      prefix: 'first',
      backup: 'backup',
      eval: 'voc',
      classes: 20,
    });
    expect(heads(text('cfg/runs/first/cfg'))[0].classes).toBe(20);
    writeFileSync(join(root, 'cfg/runs/first/run.sbatch'), '#SBATCH --job-name=first\n--output=batch/out/first.out\n');
    expect((await call('first', 'second')).status).toBe(0);
    expect(text('cfg/runs/second/run.sbatch')).toBe('#SBATCH --job-name=second\n--output=batch/out/second.out\n');
    expect(text('cfg/runs/second/data')).toContain('prefix = second');
    expect(await call('first', 'second')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('is there already'),
    });
    expect(await call('--preset', 'coco-giou-21', 'x')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('did you mean'),
    });
    expect((await call()).stdout).toContain('coco-baseline4');
  });

  it('copies the configuration of a run that was trained', async () => {
    const run = async (name: string, weights: string | null) => {
      mkdirSync(join(root, 'backup', name), { recursive: true });
      // The files themselves may be gone, or changed, or be somewhere else from here.
      const record = { data: 'sets/x.data', dataText: 'train = a.txt\nprefix = old\n', cfg, weights };
      writeFileSync(join(root, 'backup', name, 'run.json'), JSON.stringify(record));
      return call(`backup/${name}`, `experiments/${name}`);
    };
    const cfg = { file: 'nets/tiny.cfg', text: '[net]\nwidth=32\n' };
    expect(await run('fresh', null)).toMatchObject({
      status: 0,
      stderr: 'train it: gdarknet train experiments/fresh/data experiments/fresh/tiny.cfg\n',
    });
    expect(text('experiments/fresh/tiny.cfg')).toBe(cfg.text);
    expect(text('experiments/fresh/data')).toBe('prefix=fresh\ntrain = a.txt\n');
    expect((await run('tuned', 'tiny.conv.11')).stderr).toMatch(/experiments\/tuned\/tiny\.cfg tiny\.conv\.11\n$/);
  });

  it('says which name is missing, and which is one too many', async () => {
    const told = async (...argv: string[]) => {
      const { status, stderr } = await call(...argv);
      return `${status} ${stderr}`;
    };
    expect(await told('first')).toBe('1 gdarknet: first: the copy has no name; give it as a second word\n');
    expect(await told('--preset', 'coco-giou-12')).toBe(
      '1 gdarknet: --preset coco-giou-12: the new run has no name; give one\n',
    );
    expect(await told('--preset', 'coco-giou-12', 'a', 'b')).toBe(
      '1 gdarknet: --preset coco-giou-12: found a source, a, too; give one name only: b\n',
    );
  });

  it('changes the prefix of a data file alone', () => {
    expect(withPrefix('# prefix = no\nprefix=a\nbackup = b', 'c')).toBe('prefix=c\n# prefix = no\nbackup = b');
  });
});
