import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../image/decode.ts';
import { cocoToLabels, parseCoco } from '../labels/coco.ts';
import { readImageList } from '../labels/image-list.ts';
import { readLabels } from '../labels/label.ts';
import { labelPathOf } from '../labels/label-path.ts';
import { outlines, shapeNames } from './outline.ts';
import { shapesSample } from './sample.ts';
import { writeShapes } from './write.ts';

const rightOf = <L, R>(either: E.Either<L, R>): R => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left));
  return either.right;
};

describe('outlines', () => {
  it.each(outlines)('%s: the box under rotation is tight on the outline', (_, make) => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.6, max: 1.7, noNaN: true }),
        fc.double({ min: -0.6, max: 0.6, noNaN: true }),
        (aspect, turn) => {
          const outline = make(aspect);
          const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
          const [halfWidth, halfHeight, centreX, centreY] = outline.bounds(cos, sin);
          const steps = 160;
          const inside = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
          for (let i = 0; i <= steps; i++) {
            for (let j = 0; j <= steps; j++) {
              const [x, y] = [(i / steps) * 5 - 2.5, (j / steps) * 5 - 2.5];
              if (outline.distance(x * cos + y * sin, y * cos - x * sin) > 0) continue;
              inside.left = Math.min(inside.left, x);
              inside.right = Math.max(inside.right, x);
              inside.top = Math.min(inside.top, y);
              inside.bottom = Math.max(inside.bottom, y);
            }
          }
          const pairs = [
            [inside.left, centreX - halfWidth],
            [centreX + halfWidth, inside.right],
            [inside.top, centreY - halfHeight],
            [centreY + halfHeight, inside.bottom],
          ];
          // The scan sees points of a grid only, so a sharp tip may be missed by a few steps.
          for (const [bigger, smaller] of pairs) {
            expect(bigger - smaller).toBeGreaterThan(-1e-9);
            expect(bigger - smaller).toBeLessThan(0.12);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('shapesSample', () => {
  it('is a pure function of seed, index and size', () => {
    expect(shapesSample(3, 5, 96)).toEqual(shapesSample(3, 5, 96));
    expect(shapesSample(3, 5, 96)).not.toEqual(shapesSample(3, 6, 96));
    expect(shapesSample(3, 5, 96)).not.toEqual(shapesSample(4, 5, 96));
  });

  it('holds 1 to 6 objects of every class, sides 8 to 60 %, inside the picture, some overlapping', () => {
    const samples = Array.from({ length: 300 }, (_, i) => shapesSample(1, i, 128).boxes);
    const counts = new Set(samples.map((b) => b.length));
    expect([...counts].sort()).toEqual([1, 2, 3, 4, 5, 6]);
    const boxes = samples.flat();
    expect(new Set(boxes.map((b) => b.classId)).size).toBe(shapeNames.length);
    for (const { x, y, w, h } of boxes) {
      expect(Math.min(w, h)).toBeGreaterThanOrEqual(0.08 - 1e-9);
      expect(Math.max(w, h)).toBeLessThanOrEqual(0.6 + 1e-9);
      expect(Math.min(x - w / 2, y - h / 2)).toBeGreaterThanOrEqual(-1e-9);
      expect(Math.max(x + w / 2, y + h / 2)).toBeLessThanOrEqual(1 + 1e-9);
    }
    const overlapping = samples.filter((list) =>
      list.some((a, i) =>
        list.slice(i + 1).some((b) => Math.abs(a.x - b.x) < (a.w + b.w) / 2 && Math.abs(a.y - b.y) < (a.h + b.h) / 2),
      ),
    );
    expect(overlapping.length).toBeGreaterThan(60);
  });

  it('draws where the box says: a lone shape differs from its ground inside the box only', () => {
    const lone = Array.from({ length: 200 }, (_, i) => shapesSample(9, i, 128)).filter((s) => s.boxes.length === 1);
    expect(lone.length).toBeGreaterThan(10);
    for (const { image, boxes } of lone) {
      const [box] = boxes;
      const mean = (inside: boolean) => {
        const sum = [0, 0, 0];
        let n = 0;
        for (let y = 0; y < 128; y++) {
          for (let x = 0; x < 128; x++) {
            const within =
              Math.abs((x + 0.5) / 128 - box.x) < box.w * (inside ? 0.1 : 0.5) &&
              Math.abs((y + 0.5) / 128 - box.y) < box.h * (inside ? 0.1 : 0.5);
            if (within !== inside) continue;
            n++;
            for (let c = 0; c < 3; c++) sum[c] += image.data[(y * 128 + x) * 3 + c];
          }
        }
        return sum.map((v) => v / n);
      };
      const [shape, ground] = [mean(true), mean(false)];
      expect(Math.max(...shape.map((v, c) => Math.abs(v - ground[c])))).toBeGreaterThan(15);
    }
  });
});

describe('writeShapes', () => {
  it('writes a set that reads back as it was made', async () => {
    const root = mkdtempSync(join(tmpdir(), 'shapes-'));
    const files = rightOf(await writeShapes(root, { train: 9, valid: 3, size: 96, seed: 7 })());
    const train = rightOf(await readImageList(files.train)());
    expect(train).toHaveLength(9);
    const sample = shapesSample(7, 4, 96);
    expect(rightOf(await decodeImage(train[4])())).toEqual(sample.image);
    const { labels, faults } = rightOf(await readLabels(labelPathOf(train[4]), { classes: 4 })());
    expect(faults).toEqual([]);
    expect(labels.map((l) => l.classId)).toEqual(sample.boxes.map((b) => b.classId));
    const coco = cocoToLabels(rightOf(parseCoco(readFileSync(files.instances, 'utf8'), 'x')), 'x');
    expect(coco.faults).toEqual([]);
    expect(coco.names).toEqual(shapeNames);
    expect(coco.images.map((i) => i.labels.length)).toEqual([0, 1, 2].map((i) => shapesSample(8, i, 96).boxes.length));
    expect(readFileSync(files.data, 'utf8')).toContain(`valid = ${files.valid}\n`);
  });
});
