import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { XMLValidator } from 'fast-xml-parser';
import * as E from 'fp-ts/lib/Either.js';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { showFault } from '../fault.ts';
import { writePng } from '../image/encode.ts';
import { readPictures } from '../sets/listed.ts';
import { readVocSet } from '../sets/read.ts';
import { shapesSample } from '../shapes/sample.ts';
import { type BoxSize, clusterAnchors, fitOf, sizeIou } from './anchors.ts';
import { surveyChart } from './chart.ts';
import { spreadOf } from './statistics.ts';
import { surveySet } from './survey.ts';

const rightOf = <L, R>(either: E.Either<L, R>): R => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left));
  return either.right;
};

describe('clusterAnchors', () => {
  const around = ([w, h]: BoxSize, n: number): BoxSize[] =>
    Array.from({ length: n }, (_, i): BoxSize => [w * (1 + 0.02 * ((i % 5) - 2)), h * (1 + 0.02 * ((i % 3) - 1))]);

  it('finds groups that are there', () => {
    const groups: readonly BoxSize[] = [
      [10, 14],
      [60, 30],
      [40, 160],
      [300, 280],
    ];
    const sizes = groups.flatMap((group, i) => around(group, 15 * (i + 1)));
    const anchors = clusterAnchors(sizes, { count: 4, seed: 3 });
    anchors.forEach(([w, h], i) => {
      expect(w).toBeCloseTo(groups[i][0], 0);
      expect(h).toBeCloseTo(groups[i][1], 0);
    });
    const fit = fitOf(sizes, anchors);
    expect(fit.counts).toEqual([15, 30, 45, 60]);
    expect(fit.averageIou).toBeGreaterThan(0.95);
    expect(fit.recall).toBe(1);
  });

  it('is the same for the same seed, sorted by area, and refuses to make more than there are sizes', () => {
    const sizes = Array.from({ length: 200 }, (_, i): BoxSize => [1 + ((i * 37) % 101), 1 + ((i * 53) % 89)]);
    const anchors = clusterAnchors(sizes, { count: 9, seed: 5 });
    expect(clusterAnchors(sizes, { count: 9, seed: 5 })).toEqual(anchors);
    const areas = anchors.map(([w, h]) => w * h);
    expect(areas).toEqual([...areas].sort((a, b) => a - b));
    expect(() => clusterAnchors(around([3, 3], 4), { count: 9 })).toThrow(/9 anchors of 4 different/);
  });

  it('more anchors never fit worse, and as many as there are sizes fit exactly', () => {
    const size = fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }));
    fc.assert(
      fc.property(fc.uniqueArray(size, { minLength: 6, maxLength: 30, selector: String }), (sizes) => {
        const fit = (count: number) => fitOf(sizes, clusterAnchors(sizes, { count, starts: 2 })).averageIou;
        expect(fit(sizes.length)).toBeCloseTo(1, 9);
        expect(fit(1)).toBeLessThanOrEqual(1);
        expect(sizeIou(sizes[0], sizes[1])).toBeCloseTo(sizeIou(sizes[1], sizes[0]), 12);
      }),
      { numRuns: 60 },
    );
  });
});

describe('spreadOf', () => {
  it('gives order statistics, and NaN for nothing', () => {
    expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ min: 1, q1: 2, median: 3, q3: 4, max: 5 });
    expect(spreadOf([]).median).toBeNaN();
  });
});

describe('surveySet', () => {
  const make = async () => {
    const root = mkdtempSync(join(tmpdir(), 'survey-'));
    mkdirSync(join(root, 'labels'));
    const picture = async (name: string, i: number, labels: string) => {
      await writePng(join(root, 'images', `${name}.png`), shapesSample(1, i, 48).image)();
      writeFileSync(join(root, 'labels', `${name}.txt`), labels);
      return join(root, 'images', `${name}.png`);
    };
    const train = [
      await picture('a', 0, '0 .5 .5 .5 .25\n0 .5 .5 .5 .25\n'),
      await picture('b', 1, '1 .5 .5 .1 .1\n1 .5 .5 0 .1\n'),
      await picture('copy-of-a', 0, ''),
      join(root, 'images', 'missing.png'),
    ];
    const valid = [await picture('c', 1, '1 .5 .5 1 1\n'), await picture('d', 3, '0 .5 .5 .2 .2\n')];
    const names = ['disc', 'cross', 'never'];
    return { train: rightOf(await readPictures(train, names)()), valid: rightOf(await readPictures(valid, names)()) };
  };

  /** The same picture as a poor JPEG. */
  const writeAgain = async (path: string): Promise<string> => {
    const again = path.replace(/\.png$/, '.again.jpg');
    await sharp(path).jpeg({ quality: 50 }).toFile(again);
    return again;
  };

  it('names what is missing, bad, twice, unused and in both parts', async () => {
    const parts = await make();
    const anchors: readonly BoxSize[] = [
      [208, 104],
      [42, 42],
    ];
    const survey = await surveySet(parts, { anchors, width: 416, height: 416, decode: true });
    const short = (path: string) => path.replace(/.*\//, '');
    expect(survey.faults.map(showFault)).toEqual([
      expect.stringMatching(/labels\/b\.txt:2: .*width and a height above 0/),
      expect.stringMatching(/missing\.png: cannot be read/),
    ]);
    expect(survey.unused).toEqual(['never']);
    expect(survey.repeated).toEqual([{ path: expect.stringMatching(/a\.png$/), boxes: 1 }]);
    expect(survey.duplicates.map((group) => group.map(short))).toEqual([['a.png', 'copy-of-a.png']]);
    expect(survey.leaks.map(({ train, valid }) => [train.map(short), valid.map(short)])).toEqual([
      [['b.png'], ['c.png']],
    ]);
    expect(survey.parts.train).toMatchObject({
      images: 3,
      boxes: 3,
      empty: 1,
      classes: [
        { name: 'disc', boxes: 2, images: 1 },
        { name: 'cross', boxes: 1, images: 1 },
        { name: 'never', boxes: 0, images: 0 },
      ],
      areas: { small: 3, medium: 0, large: 0 },
    });
    expect(survey.anchors?.averageIou).toBeCloseTo((1 + 1 + 41.6 ** 2 / 42 ** 2) / 3, 6);
    expect(survey.anchors?.counts).toEqual([2, 1]);
  });

  it('shows pictures that look alike, by part, copies of the same file counted once', async () => {
    const { train, valid } = await make();
    const again = await writeAgain(train.entries[0].path);
    const parts = { train, valid: { ...valid, entries: [...valid.entries, { ...valid.entries[0], path: again }] } };
    expect((await surveySet(parts, {})).alike).toBeUndefined();
    const survey = await surveySet(parts, { alike: 8 });
    expect(survey.alike).toEqual([
      {
        train: [expect.stringMatching(/\/a\.png$/), expect.stringMatching(/copy-of-a\.png$/)],
        valid: [again],
        distance: expect.any(Number),
      },
    ]);
    expect(survey.leaks).toHaveLength(1);
    const svg = surveyChart(survey);
    expect(XMLValidator.validate(svg)).toBe(true);
    expect(svg).toContain('a.png ~ copy-of-a.png | a.again.jpg (');
  });

  it('says when an annotation has another size than its picture', async () => {
    const { train } = await make();
    const wrong = { ...train, faults: [], entries: [{ ...train.entries[0], width: 100 }] };
    const { faults } = await surveySet({ train: wrong });
    expect(faults.map(showFault)).toEqual([expect.stringContaining('found 48 x 48 pixels, expected 100 x 48')]);
  });

  it('is drawn as well-formed SVG, whatever the names', async () => {
    const parts = await make();
    const survey = await surveySet(parts, { anchors: [[20, 20]] });
    const svg = surveyChart({
      ...survey,
      parts: {
        ...survey.parts,
        train: { ...survey.parts.train, classes: [{ name: '<a> & "b"', boxes: 3, images: 1 }] },
      },
    });
    expect(XMLValidator.validate(svg)).toBe(true);
    expect(svg.match(/<circle /g)).toHaveLength(3);
    expect(svg).toContain('&lt;a&gt; &amp;');
  });

  it.skipIf(!shared)('BCCD: its two boxes without area', async () => {
    const root = sharedPath('data/bccd/BCCD');
    const names = ['RBC', 'WBC', 'Platelets'];
    const [train, valid] = [
      rightOf(await readVocSet(root, 'trainval', { names })()),
      rightOf(await readVocSet(root, 'test', { names })()),
    ];
    const survey = await surveySet({ train, valid }, { alike: 8 });
    // Two overlapping fields of one smear.
    const name = (n: number) => expect.stringMatching(new RegExp(`BloodImage_000${n}.jpg$`));
    expect(survey.alike).toEqual([{ train: [name(37), name(38)], valid: [], distance: 4 }]);
    const told = survey.faults.map(showFault);
    expect(told).toHaveLength(2);
    expect(told.join()).toMatch(
      /BloodImage_00338\.xml.*\(504, 337, 504, 337\).*BloodImage_00343\.xml.*\(181, 329, 181, 329\)/,
    );
    const total = (part: 'train' | 'valid') => survey.parts[part]?.classes.map(({ boxes }) => boxes) ?? [];
    expect(total('train').map((n, i) => n + total('valid')[i])).toEqual([4155 - 2, 372, 361]);
  });
});
