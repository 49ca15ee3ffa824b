/** `data check`, `data stats`, `data show` and `anchors` as a user calls them. */
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { gdarknet } from '../testing/cli.ts';

let root: string;
const at = (...parts: string[]): string => join(root, ...parts);
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'data-'));
  const { status, stderr } = await gdarknet(['shapes', root, '--train', '12', '--valid', '4', '--size', '96']);
  if (status !== 0) throw new Error(stderr);
});

describe('data check', () => {
  it('finds nothing wrong with a sound set, and draws it', async () => {
    const argv = ['data', 'check', at('shapes.data'), '--cfg', at('shapes-giou.cfg'), '--svg', at('check.svg')];
    const { status, stdout } = await gdarknet(argv);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^train: 12 images, \d+ boxes, 0 images without a box$/m);
    expect(stdout).toMatch(/anchors: average IoU \d+\.\d\d %/);
    expect(stdout).toContain('no images of the training part that are in the validation part too');
    expect(readFileSync(at('check.svg'), 'utf8')).toMatch(/^<svg .*<circle .*<path .*<\/svg>\n$/s);
  });

  it('names broken files, bad lines and images in both parts, and fails', async () => {
    const list = readFileSync(at('train.txt'), 'utf8').trim().split('\n');
    writeFileSync(at('labels/train/bad.txt'), '0 .5 .5 .1 .1\n0 .5 .5 0 0\n');
    const [valid] = readFileSync(at('valid.txt'), 'utf8').trim().split('\n');
    copyFileSync(valid, at('images/train/bad.png'));
    writeFileSync(at('bad.txt'), `${[...list, at('images/train/bad.png'), at('gone.png')].join('\n')}\n`);
    const data = readFileSync(at('shapes.data'), 'utf8').replace(at('train.txt'), at('bad.txt'));
    writeFileSync(at('bad.data'), data);
    const { status, stdout, stderr } = await gdarknet(['data', 'check', at('bad.data'), '--json']);
    expect(status).toBe(1);
    const survey = JSON.parse(stdout);
    expect(survey.faults.map((f: { file: string; tag: string }) => [f.tag, f.file])).toEqual([
      ['line', at('labels/train/bad.txt')],
      ['unreadable', at('gone.png')],
    ]);
    expect(survey.leaks).toEqual([{ train: [at('images/train/bad.png')], valid: [valid] }]);
    expect(stderr).toContain('2 faults, 1 images in both parts');
  });

  it('shows look-alikes of the two parts, unless it is to look at headers only', async () => {
    const [train] = readFileSync(at('train.txt'), 'utf8').trim().split('\n');
    const again = at('images/valid/again.jpg');
    await sharp(train).resize(90).linear(1.1, 5).jpeg({ quality: 60 }).toFile(again);
    writeFileSync(at('labels/valid/again.txt'), '0 .5 .5 .1 .1\n');
    writeFileSync(at('alike.txt'), `${readFileSync(at('valid.txt'), 'utf8').trim()}\n${again}\n`);
    const data = readFileSync(at('shapes.data'), 'utf8').replace(at('valid.txt'), at('alike.txt'));
    writeFileSync(at('alike.data'), data);
    const { status, stdout } = await gdarknet(['data', 'check', at('alike.data')]);
    expect(status).toBe(0);
    expect(stdout).toContain('1 groups of images that look alike with some in the validation part');
    expect(stdout).toMatch(new RegExp(`${train} -> ${again} \\(\\d of 64 bits\\)`));
    const headers = await gdarknet(['data', 'check', at('alike.data'), '--headers', '--json']);
    expect(JSON.parse(headers.stdout).alike).toBeUndefined();
  });

  it.skipIf(!shared)('names the two boxes of BCCD without area', async () => {
    const { status, stdout } = await gdarknet(['data', 'check', sharedPath('data/bccd/BCCD')]);
    expect(status).toBe(1);
    expect(stdout).toContain('2 files, lines or boxes that cannot be used');
    expect(stdout).toMatch(/BloodImage_00338\.xml: object\[\d+\]\.bndbox: found \(504, 337, 504, 337\)/);
    expect(stdout).toMatch(/BloodImage_00343\.xml: object\[\d+\]\.bndbox: found \(181, 329, 181, 329\)/);
    expect(stdout).toMatch(/RBC +3348 on +280 images/);
  });

  it.skipIf(!shared)('reads COCO instances and asks for their images', async () => {
    const coco = sharedPath('data/coco-mini');
    const file = join(coco, 'annotations/instances_val2017.json');
    const without = await gdarknet(['data', 'stats', file]);
    expect([without.status, without.stderr]).toEqual([1, expect.stringContaining('give their folder with --images')]);
    const { status, stdout } = await gdarknet(['data', 'stats', file, '--images', join(coco, 'val2017'), '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).train).toMatchObject({ images: 164, boxes: 1560 - 17 });
  });
});

describe('data stats', () => {
  it('counts, in words and as JSON', async () => {
    const { stdout } = await gdarknet(['data', 'stats', at('shapes.data')]);
    expect(stdout).toMatch(/^valid: 4 images/m);
    expect(stdout).toMatch(/^ {4}disc +\d+ on +\d+ images +#+$/m);
    const { status, stderr } = await gdarknet(['data', 'stats', root]);
    expect([status, stderr]).toEqual([1, expect.stringContaining('neither Annotations nor data.yaml')]);
  });
});

describe('data show', () => {
  it('puts samples into one picture, the same for the same seed', async () => {
    const show = async (out: string, ...more: string[]) => {
      const argv = [
        'data',
        'show',
        at('shapes.data'),
        '--cfg',
        at('shapes-giou.cfg'),
        '--count',
        '5',
        '--out',
        at(out),
      ];
      const { status, stderr } = await gdarknet([...argv, ...more]);
      if (status !== 0) throw new Error(stderr);
      return readFileSync(at(out));
    };
    const first = await show('a.png', '--seed', '3');
    expect(await show('b.png', '--seed', '3')).toEqual(first);
    expect(await show('c.png', '--seed', '4')).not.toEqual(first);
    const { width, height } = await sharp(first).metadata();
    expect([width, height]).toEqual([3 * 96 + 2 * 2, 2 * 96 + 2]);
  });
});

describe('anchors', () => {
  it('prints the line, measures it, and writes it into a cfg', async () => {
    copyFileSync(at('shapes-giou.cfg'), at('own.cfg'));
    const before = readFileSync(at('own.cfg'), 'utf8');
    const { status, stdout, stderr } = await gdarknet([
      'anchors',
      at('shapes.data'),
      '--cfg',
      at('own.cfg'),
      '--write',
    ]);
    expect([status, stderr]).toEqual([0, expect.stringMatching(/new: average IoU \d+\.\d\d %, recall at 0.5/)]);
    const line = stdout.trim();
    expect(line).toMatch(/^anchors = \d+,\d+(,\s+\d+,\d+)*$/);
    const after = readFileSync(at('own.cfg'), 'utf8');
    const numbers = line.slice('anchors = '.length);
    expect(after.split('\n').filter((l) => l.startsWith('anchors'))).toEqual(
      before
        .split('\n')
        .flatMap((l) => (l.startsWith('anchors') ? [l.replace(/=\s*.*/, (m) => m.replace(/[\d.].*/, numbers))] : [])),
    );
    const table = await gdarknet(['table', at('own.cfg')]);
    expect(table.status).toBe(0);
  });

  it('is found under the name of AlexeyAB, and refuses what cannot be', async () => {
    const argv = [
      'detector',
      'calc_anchors',
      at('shapes.data'),
      '-num_of_clusters',
      '3',
      '-width',
      '96',
      '-height',
      '96',
    ];
    const { status, stdout } = await gdarknet([...argv, '--json']);
    expect(status).toBe(0);
    const result = JSON.parse(stdout);
    expect(result.anchors).toHaveLength(3);
    expect(result.averageIou).toBeGreaterThan(0.5);
    const many = await gdarknet(['anchors', at('shapes.data'), '--count', '900']);
    expect([many.status, many.stderr]).toEqual([1, expect.stringContaining('fewer than 900 different box sizes')]);
    const other = await gdarknet(['anchors', at('shapes.data'), '--cfg', at('own.cfg'), '--count', '2', '--write']);
    expect([other.status, other.stderr]).toEqual([1, expect.stringContaining('--count 2')]);
  });
});
