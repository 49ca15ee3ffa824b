import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { goldenPath, readJson, shared } from '../../../../test/shared.ts';
import { allocateCandidates, type Candidates } from './candidates.ts';
import { fixed6 } from './fixed.ts';
import { cocoImageId, vocImageId } from './image-id.ts';
import { nmsSort } from './nms.ts';
import { cocoCategoryIds, cocoRows, cocoText, imagenetLines, vocFileName, vocLines } from './results.ts';
import { type GoldenDetections, goldenCandidates, inPixels } from './testing/golden.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const lines = (name: string): readonly string[] => readFileSync(fixture(name), 'utf8').trimEnd().split('\n');

const detected = (path: string): { readonly found: Candidates; readonly size: { width: number; height: number } } => {
  const golden = readJson<GoldenDetections>(path);
  return {
    found: inPixels(nmsSort(goldenCandidates(golden), golden.nms), golden),
    size: { width: golden.w, height: golden.h },
  };
};
const images = [
  [222, 'person'],
  [444, 'eagle'],
  [555, 'giraffe'],
] as const;

describe('result files are those of the original, character for character', () => {
  it('COCO rows', () => {
    const rows = images.flatMap(([id, name]) => {
      const { found, size } = detected(fixture(`yolo-fastest-1.1_${name}.json`));
      return cocoRows(found, { id, ...size });
    });
    expect(rows).toEqual(lines('coco_rows.txt'));
  });
  it('VOC lines', () => {
    const classes = { bird: 14, dog: 16, giraffe: 23, kite: 33, person: 0 };
    const perImage = images.map(([id, name]) => {
      const { found, size } = detected(fixture(`yolo-fastest-1.1_${name}.json`));
      return vocLines(found, { id: `COCO_val2014_000000000${id}`, ...size });
    });
    const text = Object.entries(classes).flatMap(([name, c]) =>
      perImage.flatMap((byClass) =>
        byClass[c]
          .split('\n')
          .filter((l) => l !== '')
          .map((l) => `${name}:${l}`),
      ),
    );
    expect(text).toEqual(lines('voc_lines.txt'));
  });
  it.skipIf(!shared)('whole coco_results.json of six images', () => {
    const rows = ['dog', 'person', 'horses', 'eagle', 'giraffe', 'kite'].flatMap((name, i) => {
      const { found, size } = detected(goldenPath('detect', `yolo-fastest-1.1_${name}_0.005.json`));
      return cocoRows(found, { id: 111 * (i + 1), ...size });
    });
    expect(cocoText(rows)).toBe(readFileSync(goldenPath('cli/valid_coco/coco_results.json'), 'utf8'));
  });
  it('without detections is valid JSON', () => expect(JSON.parse(cocoText([]))).toEqual([]));
});

describe('rows', () => {
  const one = allocateCandidates(1, 2);
  one.boxes.set([5, 5, 20, 8]);
  one.probabilities.set([0, 0.5]);
  const size = { width: 12, height: 10 };
  it('are clamped to the image', () => {
    expect(vocLines(one, { id: 'x', ...size })).toEqual(['', 'x 0.500000 1.000000 2.000000 12.000000 10.000000\n']);
    expect(cocoRows(one, { id: 7, ...size })).toEqual([
      '{"image_id":7, "category_id":2, "bbox":[0.000000, 1.000000, 12.000000, 8.000000], "score":0.500000}',
    ]);
    expect(imagenetLines(one, { index: 3, ...size })).toBe('3 2 0.500000 0.000000 1.000000 12.000000 9.000000\n');
  });
  it('take the category ids given, and refuse classes without one', () => {
    expect(cocoRows(one, { id: 7, ...size }, [10, 20])[0]).toContain('"category_id":20');
    expect(() => cocoRows(one, { id: 7, ...size }, [10])).toThrow('2 classes, but category ids for 1 only');
    expect([cocoCategoryIds.length, cocoCategoryIds[79], cocoCategoryIds[11]]).toEqual([80, 90, 13]);
  });
  it('of VOC go to a file for each class', () => {
    expect([vocFileName('dog'), vocFileName('dog', 'a_')]).toEqual(['comp4_det_test_dog.txt', 'a_dog.txt']);
  });
});

describe('%f', () => {
  it.each([
    [0.0078125, '0.007812'],
    [0.0234375, '0.023438'],
    [-0.0078125, '-0.007812'],
    [3.0078125, '3.007812'],
    [1e-7, '0.000000'],
    [-0, '-0.000000'],
    [1234567.125, '1234567.125000'],
    [Number.NaN, 'nan'],
    [-Infinity, '-inf'],
  ])('%d is %s', (value, text) => expect(fixed6(value)).toBe(text));
  it('is within half a unit of the sixth decimal', () => {
    fc.assert(
      fc.property(fc.float({ min: -1000, max: 1000, noNaN: true }), (v) => {
        expect(Math.abs(Number(fixed6(v)) - v)).toBeLessThanOrEqual(5.00001e-7);
      }),
    );
  });
});

describe('image ids', () => {
  const id = (path: string, compat = false) =>
    E.getOrElse<unknown, number | undefined>(() => undefined)(cocoImageId(path, { compat }));
  it('of COCO are the number that ends the name', () => {
    expect(['a_1/COCO_val2014_000000000139.jpg', '000000000139.jpg', 'x\\139.png', '139'].map((p) => id(p))).toEqual([
      139, 139, 139, 139,
    ]);
    expect(['my_2/dog.jpg', 'dog12.jpg', '12_dog.jpg', ''].map((p) => id(p))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
  it('of COCO in the original come from any folder', () => {
    expect(['my_2/139.jpg', 'val/139.jpg', 'a_1/COCO_val_7.jpg', 'dog.jpg'].map((p) => id(p, true))).toEqual([
      2, 139, 7, 0,
    ]);
  });
  it('of VOC end at the first dot', () => {
    expect(['VOC/2007_000027.jpg', 'a.b.c', 'x'].map(vocImageId)).toEqual(['2007_000027', 'a', 'x']);
  });
});
