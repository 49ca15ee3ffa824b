import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { blankImage, decodeImage } from '@gdarknet/data';
import { giouOf, iouOf } from '@gdarknet/metrics';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdarknet } from '../testing/cli.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';
import { drawDashed } from './dashes.ts';
import { coveredBy, overlaps, scoreOf } from './qualitative.ts';

describe('best boxes', () => {
  const image = blankImage(100, 50, [0, 0, 0]);
  const truth = { classId: 1, x: 0.5, y: 0.5, w: 0.2, h: 0.4 };
  const at = (x: number, id = 0) => ({ class: id, score: 0.5, objectness: 0.5, box: [x, 0.5, 0.2, 0.4] as const });

  it('have the overlaps of the metrics', () => {
    const a = { x: 3, y: 4, w: 2, h: 5 };
    for (const b of [
      { x: 4, y: 5, w: 3, h: 3 },
      { x: 30, y: 4, w: 1, h: 1 },
    ]) {
      const [p, q] = [a, b].map(({ x, y, w, h }) => [x, y, w, h]);
      expect(overlaps(a, b).iou).toBeCloseTo(iouOf(p, q, { format: 'cxcywh' }), 12);
      expect(overlaps(a, b).giou).toBeCloseTo(giouOf(p, q, { format: 'cxcywh' }), 12);
    }
    expect(overlaps(a, { ...a, w: 0 }).iou).toBe(0);
  });

  it('are chosen by GIoU whatever their class, and none is -1', () => {
    const [best] = coveredBy([truth], [at(0.9, 1), at(0.55), at(0.7, 1)], image);
    expect(best.best).toMatchObject({ x: 0.55, class: 0 });
    expect(best.iou).toBeCloseTo(0.6, 9);
    expect(coveredBy([truth], [], image)).toEqual([{ truth, best: undefined, iou: 0, giou: -1 }]);
    expect([scoreOf([best]), scoreOf(coveredBy([truth], [], image))]).toEqual([Math.round(100 * (1 + best.giou)), 0]);
    // The second of two that are as good does not count.
    expect(coveredBy([truth], [at(0.9, 1), at(0.9, 2)], image)[0].best?.class).toBe(1);
  });

  it('are drawn dashed', () => {
    const drawn = drawDashed(image, { x: 0.5, y: 0.5, w: 0.4, h: 0.4 }, [255, 0, 0], '');
    const row = Array.from({ length: 100 }, (_, x) => drawn.data[(15 * 100 + x) * 3] > 0);
    expect(row.slice(30, 46)).toEqual([
      ...Array(4).fill(true),
      ...Array(4).fill(false),
      ...Array(4).fill(true),
      ...Array(4).fill(false),
    ]);
    expect(row.slice(0, 30).some(Boolean)).toBe(false);
  });
});

describe('qualitative', () => {
  let set: ShapesSet;
  beforeAll(async () => {
    set = await makeShapesSet();
    const { status, stderr } = await gdarknet([
      'train',
      set.data,
      set.cfg,
      '--prefix',
      'second',
      '--max-batches',
      '2',
      '--seed',
      '5',
    ]);
    if (status !== 0) throw new Error(stderr);
  });
  afterAll(() => set?.remove());

  it('draws two runs side by side, and writes the scores of every object', async () => {
    const out = set.at('looks');
    const runs = ['first', 'second'].map((name) => set.at('backup', name));
    const { status, stderr } = await gdarknet([
      'qualitative',
      set.data,
      ...runs,
      '--out',
      out,
      '--images',
      '4',
      '--thresh',
      '0.001',
    ]);
    expect(status, stderr).toBe(0);
    const files = readdirSync(`${out}/images`);
    expect(files).toHaveLength(4);
    for (const file of files) expect(file).toMatch(/^\d{3}_\d{3}_.+[.]jpg$/);
    const sheet = await decodeImage(`${out}/images/${files[0]}`)();
    expect(E.isRight(sheet) && [sheet.right.width, sheet.right.height]).toEqual([2 * 32 + 4, 32]);
    const [header, ...rows] = readFileSync(`${out}/scores.csv`, 'utf8').trim().split('\n');
    expect(header).toBe('image,object,class,first class,first iou,first giou,second class,second iou,second giou');
    expect(rows.length).toBeGreaterThanOrEqual(4);
    for (const row of rows) expect(row.split(',')).toHaveLength(9);
    expect(existsSync(`${out}/images`)).toBe(true);
    expect((await gdarknet(['qualitative', set.data, set.root])).status).toBe(1);
  });
});
