import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { showFault } from '../fault.ts';
import { writePng } from '../image/encode.ts';
import { readImageSize } from '../image/size.ts';
import { shapesSample } from '../shapes/sample.ts';
import { parseYoloFolder, readYoloFolder } from './listed.ts';
import { readOpenImagesSet } from './open-images.ts';

const rightOf = <L, R>(either: E.Either<L, R>): R => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left));
  return either.right;
};
const shownFaults = (result: Awaited<ReturnType<ReturnType<typeof readYoloFolder>>>): string[] =>
  E.isLeft(result) ? result.left.map(showFault) : [];

const folder = () => mkdtempSync(join(tmpdir(), 'listed-'));
const picture = (root: string, path: string, i = 0) => writePng(join(root, path), shapesSample(1, i, 48).image)();
const text = (root: string, path: string, content: string): string => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), content);
  return join(root, path);
};

describe('data.yaml', () => {
  const make = async (yaml: string) => {
    const root = folder();
    await picture(root, 'images/train/a.png');
    await picture(root, 'images/train/deeper/b.png', 1);
    await picture(root, 'images/val/c.png', 2);
    text(root, 'labels/train/a.txt', '0 .5 .5 .2 .2\n1 .2 .2 .1 .1\n');
    text(root, 'labels/train/deeper/b.txt', '');
    text(root, 'labels/val/c.txt', '1 .5 .5 .5 .5\n7 .5 .5 .5 .5\n');
    text(root, 'images/train/notes.md', 'no picture');
    return text(root, 'data.yaml', yaml);
  };

  it.each([
    ['a map of names', 'path: .\ntrain: images/train\nval: images/val\nnames:\n  0: disc\n  1: cross\n'],
    ['a list of names', 'train: [images/train]\nval: images/val\nnc: 2\nnames: [disc, cross]\n'],
    ['the older paths', 'train: ../images/train\nval: ../images/val\nnames: [disc, cross]\n'],
  ])('with %s', async (_, yaml) => {
    const { train, valid } = rightOf(await readYoloFolder(await make(yaml))());
    expect(train.names).toEqual(['disc', 'cross']);
    expect(train.entries.map(({ labels }) => labels.length)).toEqual([2, 0]);
    expect(train.entries[0]).toMatchObject({ width: 48, height: 48 });
    expect(valid.entries[0].labels).toHaveLength(1);
    expect(valid.faults.map(showFault)).toEqual([expect.stringMatching(/labels\/val\/c\.txt:2: .*below the number/)]);
  });

  it('says what is wrong, all of it', async () => {
    const faults = (yaml: string) => {
      const parsed = parseYoloFolder(yaml, 'd/data.yaml');
      return E.isLeft(parsed) ? parsed.left.map(showFault) : [];
    };
    expect(faults('train: 3\nnames: [a, b]\nnc: 3\n')).toEqual([
      'd/data.yaml: nc: found 3, expected the number of names, 2; correct the file',
      'd/data.yaml: train: found 3, expected a folder of pictures, a list file, or several; correct the file',
      'd/data.yaml: val: found nothing, expected a folder of pictures, a list file, or several; correct the file',
    ]);
    expect(faults('names: {0: a, 2: b}\ntrain: x\nval: y')[0]).toContain('names: found');
    expect(faults('a: [1,\nb')[0]).toMatch(/^d\/data.yaml:\d: found/);
    expect(faults('just text')[0]).toContain('a map of YAML keys');
    expect(shownFaults(await readYoloFolder('/nowhere/data.yaml')())[0]).toContain(
      '/nowhere/data.yaml: cannot be read',
    );
    expect(
      shownFaults(await readYoloFolder(await make('train: images/none\nval: images/val\nnames: [a]'))())[0],
    ).toContain('images/none: cannot be read');
  });

  it('is not blown up by aliases', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map((c, i) => `${c}: &${c} [${`*${'abcdefg'[i]},`.repeat(9)}]`)
      .join('\n')}\n`;
    const parsed = parseYoloFolder(bomb, 'bomb.yaml');
    expect(E.isLeft(parsed) && parsed.left).toHaveLength(1);
  });
});

describe('OpenImages', () => {
  const heading =
    'ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside';
  const make = async (rows: readonly string[], head = heading) => {
    const root = folder();
    // OpenImages has JPEGs; content decides, not the name.
    await picture(root, 'images/aa.jpg');
    await picture(root, 'images/bb.jpg', 1);
    return {
      boxes: text(root, 'boxes.csv', `${head}\n${rows.join('\n')}\n`),
      classes: text(root, 'classes.csv', '/m/1,Tortoise\n/m/2,"Cat, big"\n/m/3,Sink\n'),
      images: join(root, 'images'),
    };
  };

  it('gives pictures with their boxes, and names what is wrong by line', async () => {
    const files = await make([
      'aa,x,/m/1,1,0.1,0.5,0.2,0.4,0,0,0,0,0',
      'aa,x,/m/2,1,0,1,0,1,0,0,0,0,0',
      'aa,x,/m/2,1,0,1,0,1,0,0,1,0,0',
      'bb,x,/m/9,1,0,1,0,1,0,0,0,0,0',
      'bb,x,/m/3,1,0.5,0.5,0,1,0,0,0,0,0',
      'cc,x,/m/3,1,0,.5,0,1,0,0,0,0,0',
      '../up,x,/m/3,1,0,.5,0,1,0,0,0,0,0',
    ]);
    const { names, entries, faults } = rightOf(await readOpenImagesSet(files)());
    expect(names).toEqual(['Tortoise', 'Cat, big', 'Sink']);
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ width: 48, height: 48 });
    expect(entries[0].labels).toEqual([
      { classId: 0, x: 0.3, y: expect.closeTo(0.3, 9), w: 0.4, h: 0.2 },
      { classId: 1, x: 0.5, y: 0.5, w: 1, h: 1 },
    ]);
    expect(faults.map(showFault)).toEqual([
      expect.stringMatching(/boxes\.csv:6: .*XMin < XMax/),
      expect.stringMatching(/cc\.jpg: cannot be read/),
      expect.stringMatching(/up\.jpg: cannot be read: its ID is no plain word/),
    ]);
  });

  it('takes the classes asked for in their order, and groups when told', async () => {
    const files = await make(['aa,x,/m/1,1,0.1,0.5,0.2,0.4,0,0,1,0,0', 'bb,x,/m/3,1,0.1,0.5,0.2,0.4,0,0,0,0,0']);
    const some = rightOf(await readOpenImagesSet({ ...files, names: ['Sink', 'Tortoise'], groups: 'keep' })());
    expect(some.entries.flatMap(({ labels }) => labels.map(({ classId }) => classId))).toEqual([1, 0]);
  });

  it('refuses other CSV files and text', async () => {
    const wrong = await readOpenImagesSet(await make(['a,b'], 'ImageID,LabelName'))();
    expect(shownFaults(wrong as never)[0]).toMatch(/boxes\.csv:1: .*XMin/);
    const broken = await readOpenImagesSet(await make(['"a,b']))();
    expect(shownFaults(broken as never)[0]).toMatch(/boxes\.csv:\d+: .*comma-separated/);
  });
});

describe('readImageSize', () => {
  it('reads headers, and says why not', async () => {
    const root = folder();
    await picture(root, 'a.png');
    expect(rightOf(await readImageSize(join(root, 'a.png'))())).toEqual({ width: 48, height: 48 });
    const ppm = text(root, 'b.ppm', 'P6 2 1 255\nabcdef');
    expect(rightOf(await readImageSize(ppm)())).toEqual({ width: 2, height: 1 });
    for (const bad of [text(root, 'c.jpg', 'hello'), text(root, 'd.jpg', '\xff\xd8'), join(root, 'none.jpg')]) {
      expect(E.isLeft(await readImageSize(bad)())).toBe(true);
    }
  });
});
