import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { type DataFault, showFault } from '../fault.ts';
import { decodeImage } from '../image/decode.ts';
import { writePng } from '../image/encode.ts';
import { cocoToLabels, parseCoco } from '../labels/coco.ts';
import { readImageList } from '../labels/image-list.ts';
import { readLabels } from '../labels/label.ts';
import { labelPathOf } from '../labels/label-path.ts';
import { labelsToVoc } from '../labels/voc.ts';
import { shapesSample } from '../shapes/sample.ts';
import { imageIdOf, type SetFiles, writeSet } from './darknet.ts';
import { readCocoSet, readVocSet } from './read.ts';

const rightOf = <R>(either: E.Either<DataFault | readonly DataFault[], R>): R => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left));
  return either.right;
};

const boxesOf = async (files: SetFiles, part: 'train' | 'valid'): Promise<number> => {
  let boxes = 0;
  for (const path of rightOf(await readImageList(files[part])())) {
    const { labels, faults } = rightOf(await readLabels(labelPathOf(path))());
    expect(faults).toEqual([]);
    boxes += labels.length;
  }
  return boxes;
};

describe('imageIdOf', () => {
  it.each([
    ['/a/COCO_val2014_000000000042.jpg', 42],
    ['/a/000000000139.jpg', 139],
    ['/a_7/valid_000001.png', 1],
    ['/a/dog.jpg', undefined],
  ])('%s', (path, id) => {
    expect(imageIdOf(path)).toBe(id);
  });
});

describe('VOC folders', () => {
  const make = async () => {
    const root = mkdtempSync(join(tmpdir(), 'voc-'));
    for (const folder of ['Annotations', 'JPEGImages', 'ImageSets/Main'])
      mkdirSync(join(root, folder), { recursive: true });
    const names = ['disc', 'rectangle', 'triangle', 'cross'];
    for (let i = 0; i < 3; i++) {
      const { image, boxes } = shapesSample(1, i, 96);
      await writePng(join(root, 'JPEGImages', `p${i}.png`), image)();
      writeFileSync(join(root, 'Annotations', `p${i}.xml`), labelsToVoc(`p${i}.png`, 96, 96, boxes, names));
    }
    writeFileSync(join(root, 'ImageSets/Main/all.txt'), 'p0  1\np1 -1\r\np2\n');
    return { root, names };
  };

  it.each(['copy', 'link'] as const)('become a Darknet set (%s)', async (how) => {
    const { root, names } = await make();
    const read = rightOf(await readVocSet(root, 'all', { names })());
    const out = mkdtempSync(join(tmpdir(), 'set-'));
    const parts = { train: read.entries.slice(0, 2), valid: read.entries.slice(2) };
    const files = rightOf(await writeSet(out, 'voc', parts, read.names, how)());
    const [first] = rightOf(await readImageList(files.train)());
    expect(rightOf(await decodeImage(first)())).toEqual(shapesSample(1, 0, 96).image);
    const count = (i: number) => shapesSample(1, i, 96).boxes.length;
    expect(await boxesOf(files, 'train')).toBe(count(0) + count(1));
    expect(readFileSync(files.names, 'utf8')).toBe('disc\nrectangle\ntriangle\ncross\n');
    const coco = cocoToLabels(rightOf(parseCoco(readFileSync(files.instances, 'utf8'), 'x')), 'x');
    expect(coco.images[0].labels).toHaveLength(count(2));
  });

  it('report all broken annotations together', async () => {
    const { root } = await make();
    writeFileSync(join(root, 'Annotations/p0.xml'), '<annotation>');
    writeFileSync(join(root, 'Annotations/p2.xml'), '<annotation/>');
    const result = await readVocSet(root, 'all')();
    expect(E.isLeft(result) && result.left.map(showFault).map((t) => t.slice(root.length))).toEqual([
      expect.stringContaining('/Annotations/p0.xml:1: '),
      expect.stringContaining('/Annotations/p2.xml: size.width'),
      expect.stringContaining('/Annotations/p2.xml: size.height'),
    ]);
    expect(E.isLeft(await readVocSet(root, 'none')())).toBe(true);
  });
});

describe.skipIf(!shared)('real sets, without losing a box', () => {
  it('BCCD', async () => {
    const root = sharedPath('data/bccd/BCCD');
    const names = ['RBC', 'WBC', 'Platelets'];
    const train = rightOf(await readVocSet(root, 'trainval', { names })());
    const valid = rightOf(await readVocSet(root, 'test', { names })());
    expect([train.entries.length, valid.entries.length]).toEqual([292, 72]);
    expect([...train.faults, ...valid.faults]).toHaveLength(2);
    const out = mkdtempSync(join(tmpdir(), 'bccd-'));
    const files = rightOf(await writeSet(out, 'bccd', { train: train.entries, valid: valid.entries }, names, 'link')());
    expect((await boxesOf(files, 'train')) + (await boxesOf(files, 'valid'))).toBe(4888 - 2);
  });

  it('voc2012-mini and coco-mini', async () => {
    const voc = sharedPath('data/voc2012-mini/VOCdevkit/VOC2012');
    const all = rightOf(await readVocSet(voc, 'all', { difficult: 'keep' })());
    expect([all.entries.length, all.names.length, all.entries.flatMap((e) => e.labels).length]).toEqual([100, 20, 273]);
    const coco = sharedPath('data/coco-mini');
    const instances = join(coco, 'annotations/instances_train2017.json');
    const train = rightOf(await readCocoSet(instances, join(coco, 'train2017'))());
    expect(train.names).toEqual(readFileSync(join(coco, 'coco.names'), 'utf8').trim().split('\n'));
    expect([train.entries.length, train.entries.flatMap((e) => e.labels).length]).toEqual([192, 1732 - 18]);
    expect(E.isRight(await decodeImage(train.entries[0].path)())).toBe(true);
  });
});
