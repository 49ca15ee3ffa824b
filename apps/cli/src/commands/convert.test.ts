/** The converters as a user calls them. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { gdarknet } from '../testing/cli.ts';

let root: string;
const at = (...parts: string[]): string => join(root, ...parts);

const ok = async (argv: readonly string[]): Promise<{ readonly [key: string]: unknown }> => {
  const { status, stdout, stderr } = await gdarknet([...argv, '--json']);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
};

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'convert-'));
  await ok(['shapes', at('shapes'), '--train', '5', '--valid', '3', '--size', '64']);
});

describe('convert', () => {
  it('takes a set to COCO, to VOC and back without losing a box', async () => {
    const { boxes } = await ok([
      'convert',
      'darknet',
      at('shapes', 'shapes.data'),
      '--to',
      'coco',
      '--out',
      at('coco'),
    ]);
    const asVoc = await ok([
      'convert',
      'coco',
      '--train',
      at('coco/annotations/instances_train.json'),
      '--train-images',
      at('coco/train'),
      '--valid',
      at('coco/annotations/instances_valid.json'),
      '--valid-images',
      at('coco/valid'),
      '--to',
      'voc',
      '--out',
      at('voc'),
      '--copy',
    ]);
    const back = await ok(['convert', 'voc', at('voc'), '--names', at('voc/classes.names'), '--out', at('back')]);
    expect([asVoc.boxes, back.boxes]).toEqual([boxes, boxes]);
    expect([asVoc.images, back.images]).toEqual([
      { train: 5, valid: 3 },
      { train: 5, valid: 3 },
    ]);
    expect(readFileSync(at('back/back.names'), 'utf8')).toBe(readFileSync(at('shapes/shapes.names'), 'utf8'));
  });

  it('reads a data.yaml and names the lines it leaves out', async () => {
    mkdirSync(at('shapes'), { recursive: true });
    writeFileSync(at('shapes/data.yaml'), 'train: images/train\nval: images/valid\nnames: [disc, rectangle]\n');
    const { status, stdout, stderr } = await gdarknet([
      'convert',
      'yolo',
      at('shapes/data.yaml'),
      '--out',
      at('two'),
      '--json',
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).leftOut).toBeGreaterThan(0);
    expect(stderr).toMatch(/left out: .*\.txt:\d+: found .*below the number of classes/);
    const missing = await gdarknet(['convert', 'yolo', at('none.yaml'), '--out', at('none')]);
    expect([missing.status, missing.stderr]).toEqual([1, expect.stringContaining('none.yaml: cannot be read')]);
  });

  it('reads the CSV files of OpenImages', async () => {
    writeFileSync(at('classes.csv'), '/m/1,Disc\n/m/2,Other\n');
    const id = 'train_000001';
    writeFileSync(
      at('boxes.csv'),
      `ImageID,LabelName,XMin,XMax,YMin,YMax\n${id},/m/1,.1,.5,.1,.5\nnone,/m/1,0,1,0,1\n`,
    );
    mkdirSync(at('jpg'));
    writeFileSync(at('jpg', `${id}.jpg`), readFileSync(at(`shapes/images/train/${id}.png`)));
    const argv = ['convert', 'openimages', '--classes', at('classes.csv'), '--train', at('boxes.csv')];
    const done = await ok([...argv, '--train-images', at('jpg'), '--out', at('open')]);
    expect(done).toMatchObject({ images: { train: 1, valid: 1 }, boxes: { train: 1, valid: 1 }, leftOut: 1 });
  });

  it.skipIf(!shared)('lists the two boxes of BCCD without area', async () => {
    const { status, stdout, stderr } = await gdarknet([
      'convert',
      'voc',
      sharedPath('data/bccd/BCCD'),
      '--train',
      'trainval',
      '--valid',
      'test',
      '--to',
      'coco',
      '--out',
      at('bccd'),
      '--json',
    ]);
    expect(status).toBe(0);
    const { boxes, leftOut } = JSON.parse(stdout);
    expect([boxes.train + boxes.valid, leftOut]).toEqual([4886, 2]);
    expect(stderr).toMatch(/BloodImage_00338\.xml.*504, 337/);
    expect(stderr).toMatch(/BloodImage_00343\.xml.*181, 329/);
  });
});
