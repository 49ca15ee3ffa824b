/** Broken annotation files: faults with a place, or labels within their bounds; never a crash, never a hang. */
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { expect, it } from 'vitest';
import { type DataFault, showFault } from '../fault.ts';
import { parseYoloFolder } from '../sets/listed.ts';
import { cocoToLabels, parseCoco } from './coco.ts';
import { parseImageList } from './image-list.ts';
import { type Label, parseLabels } from './label.ts';
import { labelsToVoc, parseVoc, vocToLabels } from './voc.ts';

const runs = 10_000;

const usable = (labels: readonly Label[]): void => {
  for (const { classId, x, y, w, h } of labels) {
    expect(Number.isInteger(classId) && classId >= 0).toBe(true);
    expect([x, y, w, h].every(Number.isFinite) && w > 0 && h > 0).toBe(true);
  }
};
const told = (faults: readonly DataFault[]): void => {
  for (const fault of faults) expect(showFault(fault)).toMatch(/^f[:]/);
};

const labels: readonly Label[] = [
  { classId: 0, x: 0.5, y: 0.5, w: 0.2, h: 0.3 },
  { classId: 1, x: 0.1, y: 0.9, w: 0.1, h: 0.1 },
];
const xml = labelsToVoc('a.jpg', 100, 80, labels, ['a', 'b']);
const json = JSON.stringify({
  images: [{ id: 1, file_name: 'a.jpg', width: 100, height: 80 }],
  categories: [{ id: 3, name: 'a' }],
  annotations: [{ id: 1, image_id: 1, category_id: 3, bbox: [1, 2, 30, 40], area: 1200, iscrowd: 0 }],
});
const yaml = 'path: .\ntrain: images/train\nval: images/val\nnames:\n  0: a\n  1: b\n';

/** Pieces cut out, put in and doubled. */
const damaged = (whole: string) =>
  fc
    .array(
      fc.record({
        at: fc.nat(whole.length),
        drop: fc.nat(12),
        put: fc.oneof(
          fc.string({ maxLength: 6 }),
          fc.constantFrom(
            '<',
            '>',
            '&',
            '"',
            '{',
            '[',
            ']',
            '-',
            'NaN',
            '1e999',
            '\0',
            'null',
            '<!DOCTYPE a>',
            '&x;',
            '\n',
          ),
        ),
      }),
      { minLength: 1, maxLength: 5 },
    )
    .map((changes) =>
      changes.reduce((text, { at, drop, put }) => text.slice(0, at) + put + text.slice(at + drop), whole),
    );

it(`${runs} label files and lists`, () => {
  const text = fc.oneof(damaged('0 .5 .5 .2 .3\n1 .1 .9 .1 .1\n'), fc.string({ maxLength: 60 }));
  fc.assert(
    fc.property(text, (content) => {
      const read = parseLabels(content, 'f', { classes: 2 });
      usable(read.labels);
      told(read.faults);
      for (const path of parseImageList(content)) expect(path.trim()).toBe(path);
    }),
    { numRuns: runs },
  );
});

it(`${runs} VOC annotations`, () => {
  fc.assert(
    fc.property(fc.oneof(damaged(xml), fc.string({ maxLength: 60 })), (content) => {
      const parsed = parseVoc(content, 'f');
      if (E.isLeft(parsed)) return told(parsed.left);
      const { labels, faults } = vocToLabels(parsed.right, ['a', 'b'], 'f', { difficult: 'keep' });
      told(faults);
      for (const { x, y } of labels) expect(Number.isFinite(x) && Number.isFinite(y)).toBe(true);
      return undefined;
    }),
    { numRuns: runs },
  );
});

it(`${runs} COCO instances`, () => {
  fc.assert(
    fc.property(fc.oneof(damaged(json), fc.json()), (content) => {
      const parsed = parseCoco(content, 'f');
      if (E.isLeft(parsed)) return told(parsed.left);
      const { images, faults } = cocoToLabels(parsed.right, 'f');
      told(faults);
      for (const { labels } of images) usable(labels);
      return undefined;
    }),
    { numRuns: runs },
  );
});

it('2,000 data.yaml files', () => {
  fc.assert(
    fc.property(fc.oneof(damaged(yaml), fc.string({ maxLength: 60 })), (content) => {
      const parsed = parseYoloFolder(content, 'f');
      if (E.isLeft(parsed)) told(parsed.left);
      else expect(parsed.right.names.length).toBeGreaterThan(0);
    }),
    { numRuns: 2000 },
  );
});
