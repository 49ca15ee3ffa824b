/** Result files of pictures with very many boxes: nothing overflows, and nothing is gathered in memory. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ValidationPicture } from '@gdarknet/data';
import { type Candidates, cocoRows, cocoText, imagenetLines, vocLines } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labelTruth } from '../watch/truth.ts';
import { type Gatherer, gatherer } from './results.ts';

const size = { width: 640, height: 480 };
const candidatesOf = (count: number, classes: number): Candidates => ({
  count,
  classes,
  boxes: Float32Array.from({ length: 4 * count }, (_, i) => [320, 240, 10 + (i % 97), 20][i % 4]),
  objectness: new Float32Array(count).fill(0.5),
  probabilities: Float32Array.from({ length: count * classes }, (_, i) => 0.01 + (i % 90) / 100),
});
const picture = (index: number): ValidationPicture => ({
  index,
  path: `${index}.jpg`,
  ...size,
  labels: [],
  frame: undefined as never,
});

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gdarknet-results-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (kind: 'voc' | 'coco' | 'imagenet', names = ['a', 'b']): Gatherer => {
  const images = Array.from({ length: 3 }, (_, i) => `${i}.jpg`);
  const result = gatherer(kind, { folder: join(folder, 'results'), out: undefined, names, images, compat: false });
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};
const finish = async (into: Gatherer): Promise<void> => {
  expect(await into.finish()()).toEqual(E.right(undefined));
};
const candidates = candidatesOf(65_000, 2);

describe('a gatherer', () => {
  it('of COCO rows writes 130,000 a picture while they come', async () => {
    const into = open('coco');
    for (let i = 0; i < 3; i++) {
      into.add({ picture: picture(i), candidates });
      const [part] = readdirSync(join(folder, 'results'));
      expect(part).toMatch(/^coco_results\.json\..*\.part$/);
      expect(statSync(join(folder, 'results', part)).size).toBeGreaterThan(9_000_000 * (i + 1));
    }
    await finish(into);
    expect(into.count()).toBe(390_000);
    expect(readdirSync(join(folder, 'results'))).toEqual(['coco_results.json']);
    const rows = [0, 1, 2].flatMap((id) => cocoRows(candidates, { ...size, id }));
    expect(readFileSync(into.paths[0], 'utf8') === cocoText(rows)).toBe(true);
  });
  it('of no rows writes what cocoText writes', async () => {
    const into = open('coco');
    await finish(into);
    expect(readFileSync(into.paths[0], 'utf8')).toBe(cocoText([]));
  });
  it('of VOC lines writes a file for each class, the empty ones too', async () => {
    const into = open('voc', ['a', 'b', 'never']);
    const three = candidatesOf(50_000, 3);
    const some = { ...three, probabilities: three.probabilities.map((p, i) => (i % 3 === 2 ? 0 : p)) };
    into.add({ picture: picture(0), candidates: some });
    await finish(into);
    const lines = vocLines(some, { ...size, id: '0' });
    expect(into.paths.map((path) => readFileSync(path, 'utf8'))).toEqual([lines[0], lines[1], '']);
    expect(into.count()).toBe(100_000);
  });
  it('of ImageNet lines writes them in one file', async () => {
    const into = open('imagenet');
    into.add({ picture: picture(1), candidates });
    await finish(into);
    expect(readFileSync(into.paths[0], 'utf8') === imagenetLines(candidates, { ...size, index: 2 })).toBe(true);
  });
  it('that is given up leaves nothing, and one that cannot write says which file', async () => {
    const into = open('coco');
    into.add({ picture: picture(0), candidates });
    into.discard();
    expect(readdirSync(join(folder, 'results'))).toEqual([]);
    rmSync(join(folder, 'results'), { recursive: true });
    writeFileSync(join(folder, 'results'), 'a file in place of the folder');
    expect(() => open('coco').add({ picture: picture(0), candidates })).toThrow(/coco_results\.json: /);
    expect(existsSync(join(folder, 'results', 'coco_results.json'))).toBe(false);
  });
});

it('evaluation takes 130,000 detections of a picture', () => {
  const { found } = labelTruth(['a', 'b']).gather([]);
  expect(() => found({ picture: picture(0), candidates }, 0)).not.toThrow();
});
