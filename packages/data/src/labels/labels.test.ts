import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { showFault } from '../fault.ts';
import { cocoToLabels, labelsToCoco, parseCoco } from './coco.ts';
import { parseImageList, readImageList, readImageListWithNotes } from './image-list.ts';
import { formatLabels, type Label, parseLabels, readLabels } from './label.ts';
import { findLabelPath, labelPathOf, labelPathsOf } from './label-path.ts';
import { labelsToVoc, parseVoc, vocToLabels } from './voc.ts';

const rightOf = <L, R>(either: E.Either<L, R>): R => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left));
  return either.right;
};
const leftOf = <L, R>(either: E.Either<L, R>): L => {
  if (E.isRight(either)) throw new Error('a fault was expected');
  return either.left;
};

describe('labelPathOf', () => {
  it.each([
    ['/d/images/train/a.jpg', '/d/labels/train/a.txt'],
    ['VOC2007/JPEGImages/000001.jpg', 'VOC2007/labels/000001.txt'],
    ['/d/raw/a.png', '/d/labels/a.txt'],
    ['/d/images/a.JPEG', '/d/labels/a.txt'],
    ['/d/images/a.jpeg', '/d/labels/a.txt'],
    ['/d/images/a.webp', '/d/labels/a.txt'],
    ['/d/images/noext', '/d/labels/noext.txt'],
    // The original's first-occurrence rule, kept:
    ['/images/d/images/a.jpg', '/labels/d/images/a.txt'],
    ['/d/images/strawberry.jpg', '/d/labels/stlabelsberry.txt'],
  ])('%s -> %s', (image, label) => {
    expect(labelPathOf(image)).toBe(label);
  });

  it('finds the labels of a picture that the rule misses', () => {
    const root = mkdtempSync(join(tmpdir(), 'labels-'));
    const write = (path: string) => {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), '');
    };
    write('labels/strawberry.txt');
    write('beside/a.txt');
    expect(findLabelPath(join(root, 'images/strawberry.jpg'))).toBe(join(root, 'labels/strawberry.txt'));
    expect(findLabelPath(join(root, 'beside/a.jpg'))).toBe(join(root, 'beside/a.txt'));
    expect(findLabelPath('/d/images/a.jpg')).toBe('/d/labels/a.txt');
    expect(labelPathsOf('/d/images/a.jpg')).toEqual(['/d/labels/a.txt', '/d/images/a.txt']);
  });
});

describe('parseLabels', () => {
  it('reads lines in order, x = 0 included (D-4), blank lines and returns dropped', () => {
    const { labels, faults } = parseLabels('0 0 .5 0.25 1e-1\r\n\r\n  3\t1.0 1 1 1  \n', 'a.txt', { classes: 4 });
    expect(faults).toEqual([]);
    expect(labels).toEqual([
      { classId: 0, x: 0, y: 0.5, w: 0.25, h: 0.1 },
      { classId: 3, x: 1, y: 1, w: 1, h: 1 },
    ]);
  });

  it.each([
    ['0 .5 .5 .1', 'five numbers'],
    ['0 .5 .5 .1 .1 .9', 'five numbers'],
    ['dog .5 .5 .1 .1', 'five numbers'],
    ['0 .5 .5 0x1 .1', 'five numbers'],
    ['4 .5 .5 .1 .1', 'below the number of classes'],
    ['-1 .5 .5 .1 .1', 'counted from 0'],
    ['1.5 .5 .5 .1 .1', 'counted from 0'],
    ['0 nan .5 .1 .1', 'finite'],
    ['0 .5 .5 inf .1', 'finite'],
    ['0 .5 .5 0 .1', 'above 0'],
    ['0 .5 .5 .1 -.1', 'above 0'],
    ['0 120 80 40 30', 'relative'],
  ])('faults %j and keeps the lines around it', (line, reason) => {
    const { labels, faults } = parseLabels(`1 .5 .5 .1 .1\n${line}\n2 .5 .5 .1 .1\n`, 'a.txt', { classes: 4 });
    expect(labels.map((l) => l.classId)).toEqual([1, 2]);
    expect(faults.map(showFault)).toEqual([expect.stringMatching(new RegExp(`^a.txt:2: .*${reason}`))]);
  });

  it('reports all faults together', () => {
    expect(parseLabels('a\nb\nc', 'x').faults).toHaveLength(3);
  });

  it('is total, and every label it accepts survives a round trip', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123 .\n\r-+eEnaif'), maxLength: 80 }), (text) => {
        const { labels } = parseLabels(text, 'x');
        for (const l of labels) expect(l.w > 0 && l.h > 0 && l.x <= 1.001 && l.y >= -0.001).toBe(true);
        const again = parseLabels(formatLabels(labels), 'x').labels;
        labels.forEach((l, i) => {
          if (Math.min(l.w, l.h) > 1e-8) expect(again[i]?.x).toBeCloseTo(l.x, 7);
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('a missing file is a fault', async () => {
    expect(leftOf(await readLabels('/nowhere/a.txt')())).toMatchObject({ tag: 'unreadable', file: '/nowhere/a.txt' });
  });
});

describe('image lists', () => {
  it('strips returns and blanks, skips empty lines, keeps order and repeats', () => {
    expect(parseImageList('b.jpg\r\n\r\n a b.jpg \nb.jpg')).toEqual(['b.jpg', 'a b.jpg', 'b.jpg']);
  });

  it('takes relative paths from the folder of the list when they exist only there', async () => {
    const root = mkdtempSync(join(tmpdir(), 'list-'));
    writeFileSync(join(root, 'a.jpg'), '');
    writeFileSync(join(root, 'list.txt'), '\ufeffa.jpg\n/abs.jpg\n');
    expect(rightOf(await readImageList(join(root, 'list.txt'))())).toEqual([join(root, 'a.jpg'), '/abs.jpg']);
    writeFileSync(join(root, 'list.txt'), 'nowhere.jpg\n');
    expect(rightOf(await readImageList(join(root, 'list.txt'))())).toEqual(['nowhere.jpg']);
  });

  it('an empty list is a fault', async () => {
    const root = mkdtempSync(join(tmpdir(), 'list-'));
    writeFileSync(join(root, 'list.txt'), '\n \n');
    expect(showFault(leftOf(await readImageList(join(root, 'list.txt'))()))).toContain('one image path a line');
  });
});

const xml = (objects: string, width = '100') =>
  `<annotation><filename>a.jpg</filename><size><width>${width}</width><height>50</height></size>${objects}</annotation>`;
const object = (name: string, box: readonly (number | string)[], difficult = 0) =>
  `<object><name>${name}</name><difficult>${difficult}</difficult><bndbox><xmin>${box[0]}</xmin><ymin>${box[1]}</ymin><xmax>${box[2]}</xmax><ymax>${box[3]}</ymax></bndbox></object>`;

describe('VOC', () => {
  it('counts both corners in, or repeats voc_label.py', () => {
    const annotation = rightOf(parseVoc(xml(object('dog', [11, 6, 30, 25]) + object('cat', [1, 1, 2, 2], 1)), 'a.xml'));
    const convert = (options: Parameters<typeof vocToLabels>[3]) =>
      vocToLabels(annotation, ['cat', 'dog'], 'a.xml', options);
    expect(convert({}).labels).toEqual([{ classId: 1, x: 0.2, y: 0.3, w: 0.2, h: 0.4 }]);
    expect(convert({ corners: 'darknet' }).labels).toEqual([{ classId: 1, x: 0.195, y: 0.29, w: 0.19, h: 0.38 }]);
    expect(convert({ difficult: 'keep' }).labels).toHaveLength(2);
  });

  it('reports zero areas and unknown classes', () => {
    const annotation = rightOf(parseVoc(xml(object('dog', [5, 5, 5, 9]) + object('emu', [1, 1, 9, 9])), 'a.xml'));
    const { labels, faults } = vocToLabels(annotation, ['dog'], 'a.xml');
    expect(labels).toEqual([]);
    expect(faults.map(showFault)).toEqual([
      expect.stringContaining('a.xml: object[0].bndbox: found (5, 5, 5, 9)'),
      expect.stringContaining('a.xml: object[1].name: found emu'),
    ]);
  });

  it('reports every fault of a file at once', () => {
    const faults = leftOf(parseVoc(xml(object('', ['x', 1, 2, '']), '0'), 'a.xml')).map(showFault);
    expect(faults).toHaveLength(4);
    expect(faults[0]).toContain('size.width');
    expect(leftOf(parseVoc('<annotation><size>', 'a.xml')).map(showFault)[0]).toMatch(/^a.xml:1: .*well-formed/);
  });

  it('is total', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom('<annotation>', '</annotation>', '<object>', '</object>', '<size>', '&', '1', '<!--', ']]>'),
          { maxLength: 12 },
        ),
        (parts) => {
          const result = parseVoc(parts.join(''), 'f');
          if (E.isLeft(result)) expect(result.left.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('survives a round trip', () => {
    const box = fc.tuple(
      fc.integer({ min: 0, max: 90 }),
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 2, max: 10 }),
      fc.integer({ min: 2, max: 10 }),
    );
    fc.assert(
      fc.property(fc.array(box), (boxes) => {
        const labels = boxes.map(
          ([l, t, w, h]): Label => ({ classId: 0, x: (l + w / 2) / 100, y: (t + h / 2) / 50, w: w / 100, h: h / 50 }),
        );
        const again = vocToLabels(
          rightOf(parseVoc(labelsToVoc('a & b.jpg', 100, 50, labels, ['x']), 'f')),
          ['x'],
          'f',
        ).labels;
        expect(again).toHaveLength(labels.length);
        again.forEach((l, i) => {
          expect(l.x).toBeCloseTo(labels[i].x, 9);
          expect(l.h).toBeCloseTo(labels[i].h, 9);
        });
      }),
    );
  });
});

describe('COCO', () => {
  const document = {
    images: [{ id: 7, file_name: 'a.jpg', width: 200, height: 100 }],
    categories: [
      { id: 90, name: 'toothbrush' },
      { id: 1, name: 'person' },
    ],
    annotations: [
      { id: 1, image_id: 7, category_id: 90, bbox: [20, 10, 40, 20], iscrowd: 0 },
      { id: 2, image_id: 7, category_id: 1, bbox: [0, 0, 200, 100], iscrowd: 1 },
      { id: 3, image_id: 8, category_id: 1, bbox: [0, 0, 1, 1] },
      { id: 4, image_id: 7, category_id: 2, bbox: [0, 0, 1, 1] },
      { id: 5, image_id: 7, category_id: 1, bbox: [5, 5, 0, 9] },
    ],
  };

  it('writes the centre, not the corner (D-24), classes in the order of ids', () => {
    const { names, images, faults } = cocoToLabels(rightOf(parseCoco(JSON.stringify(document), 'i.json')), 'i.json');
    expect(names).toEqual(['person', 'toothbrush']);
    expect(images[0].labels).toEqual([{ classId: 1, x: 0.2, y: 0.2, w: 0.2, h: 0.2 }]);
    expect(faults.map((f) => f.tag === 'key' && f.key)).toEqual([
      'annotations[2].image_id',
      'annotations[3].category_id',
      'annotations[4].bbox',
    ]);
  });

  it('names every bad key', () => {
    const bad = { images: [{ id: 1 }], annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [1, 2, 3] }] };
    const keys = leftOf(parseCoco(JSON.stringify(bad), 'i.json')).map((f) => f.tag === 'key' && f.key);
    expect(keys).toEqual([
      'images[0].file_name',
      'images[0].width',
      'images[0].height',
      'categories',
      'annotations[0].bbox',
    ]);
    expect(leftOf(parseCoco('{', 'i.json'))).toHaveLength(1);
    expect(leftOf(parseCoco('[1]', 'i.json'))).toHaveLength(3);
  });

  it('survives a round trip', () => {
    const labels: Label[] = [{ classId: 1, x: 0.3, y: 0.4, w: 0.2, h: 0.1 }];
    const image = { id: 1, file_name: 'a.png', width: 64, height: 48 };
    const again = cocoToLabels(labelsToCoco([{ image, labels }], ['a', 'b']), 'x').images[0].labels[0];
    expect(again.classId).toBe(1);
    expect([again.x, again.y, again.w, again.h]).toEqual([0.3, 0.4, 0.2, 0.1].map((v) => expect.closeTo(v, 12)));
  });
});

describe.skipIf(!shared)('real data sets', () => {
  it('BCCD: all boxes but its two zero-area ones', () => {
    const folder = sharedPath('data/bccd/BCCD/Annotations');
    const names = ['RBC', 'WBC', 'Platelets'];
    const results = readdirSync(folder).map((file) => {
      const path = join(folder, file);
      return vocToLabels(rightOf(parseVoc(readFileSync(path, 'utf8'), file)), names, file);
    });
    expect(results).toHaveLength(364);
    expect(results.reduce((n, r) => n + r.labels.length, 0)).toBe(4886);
    expect(results.flatMap((r) => r.faults).map((f) => f.tag === 'key' && `${f.file} ${f.found}`)).toEqual([
      'BloodImage_00338.xml (504, 337, 504, 337)',
      'BloodImage_00343.xml (181, 329, 181, 329)',
    ]);
  });

  it('voc2012-mini: 273 boxes, 38 of them difficult', () => {
    const folder = sharedPath('data/voc2012-mini/VOCdevkit/VOC2012/Annotations');
    const annotations = readdirSync(folder).map((f) => rightOf(parseVoc(readFileSync(join(folder, f), 'utf8'), f)));
    const objects = annotations.flatMap((a) => a.objects);
    expect([annotations.length, objects.length, objects.filter((o) => o.difficult).length]).toEqual([100, 273, 38]);
    const names = [...new Set(objects.map((o) => o.name))];
    const kept = annotations.flatMap((a) => vocToLabels(a, names, 'x').labels);
    expect(kept).toHaveLength(235);
  });

  it('coco-mini: the labels that come with it', () => {
    const path = sharedPath('data/coco-mini/annotations/instances_val2017.json');
    const { names, images, faults } = cocoToLabels(rightOf(parseCoco(readFileSync(path, 'utf8'), path)), path);
    expect(faults).toEqual([]);
    expect(names).toHaveLength(80);
    expect(images.reduce((n, i) => n + i.labels.length, 0)).toBe(1560 - 17);
    const sorted = (labels: readonly Label[]) =>
      labels.map((l) => [l.classId, l.x, l.y, l.w, l.h]).sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
    for (const { image, labels } of images) {
      const file = sharedPath('data/coco-mini/labels/val2017', image.file_name.replace('.jpg', '.txt'));
      const given = sorted(parseLabels(readFileSync(file, 'utf8'), file, { classes: 80 }).labels);
      const rows = sorted(labels);
      expect(rows.flat()).toEqual(given.flat().map((v) => expect.closeTo(v, 5)));
    }
  });
});

describe('lists from Windows', () => {
  const root = mkdtempSync(join(tmpdir(), 'gdarknet-windows-'));
  it('have / where they have backslashes and no such file is there, and say so once', async () => {
    mkdirSync(join(root, 'obj'));
    writeFileSync(join(root, 'obj', 'a.jpg'), '');
    writeFileSync(join(root, 'list.txt'), 'obj\\a.jpg\r\nobj\\b.jpg\r\n');
    const { paths, notes } = rightOf(await readImageListWithNotes(join(root, 'list.txt'))());
    expect(paths).toEqual([join(root, 'obj/a.jpg'), join(root, 'obj/b.jpg')]);
    expect(notes).toEqual([
      `${join(root, 'list.txt')}: 2 paths with backslashes are read with / in their place, the first obj\\a.jpg`,
    ]);
  });
  it('keep the backslash of a name that has one', async () => {
    const odd = join(root, 'a\\b.jpg');
    writeFileSync(odd, '');
    writeFileSync(join(root, 'odd.txt'), `${odd}\n`);
    expect(rightOf(await readImageListWithNotes(join(root, 'odd.txt'))())).toEqual({ paths: [odd], notes: [] });
  });
  it('in UTF-16 are refused in words', async () => {
    writeFileSync(join(root, 'wide.txt'), Buffer.from('\uFEFFa.jpg\n', 'utf16le'));
    expect(showFault(leftOf(await readImageList(join(root, 'wide.txt'))()))).toContain('UTF-16 text; save it as UTF-8');
  });
});
