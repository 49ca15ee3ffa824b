import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { decodeBytes, decodeImage } from '../image/decode.ts';
import { encodePng } from '../image/encode.ts';
import { blankImage, type Image } from '../image/image.ts';
import { shapesSample } from '../shapes/sample.ts';
import { distanceOf, type Likeness, likenessOf } from './likeness.ts';
import { groupsOf, pairsWithin } from './neighbours.ts';

const threshold = 8;

const decoded = async (bytes: Uint8Array): Promise<Image> => {
  const image = await decodeBytes(bytes)();
  if (E.isLeft(image)) throw new Error(JSON.stringify(image.left));
  return image.right;
};

const hashOf = (image: Image): Likeness => {
  const hash = likenessOf(image);
  if (hash === undefined) throw new Error('blank');
  return hash;
};

type Change = (picture: Sharp) => Sharp;
const changes: Readonly<Record<string, Change>> = {
  'at a poor quality': (picture) => picture.jpeg({ quality: 30 }),
  'in another format': (picture) => picture.webp({ quality: 80 }),
  'at another size': (picture) => picture.resize(201, 167, { fit: 'fill' }).jpeg(),
  brighter: (picture) => picture.linear(1.1, 8).jpeg(),
  darker: (picture) => picture.linear(0.8, 0).jpeg(),
  'without colour': (picture) => picture.greyscale().jpeg(),
};

const changed = async (image: Image, change: Change): Promise<Image> =>
  decoded(await change(sharp(await encodePng(image))).toBuffer());

const pairsByForce = (hashes: readonly Likeness[], distance: number): string[] =>
  hashes.flatMap((a, i) =>
    hashes
      .slice(i + 1)
      .flatMap((b, j) => (distanceOf(a, b) <= distance ? [`${i} ${i + 1 + j} ${distanceOf(a, b)}`] : [])),
  );

describe('likenessOf', () => {
  const pictures = Array.from({ length: 40 }, (_, i) => shapesSample(9, i, 160).image);

  it.each(Object.entries(changes))('hardly changes %s', async (_, change) => {
    for (const image of pictures.slice(0, 12)) {
      expect(distanceOf(hashOf(image), hashOf(await changed(image, change)))).toBeLessThanOrEqual(threshold);
    }
  });

  it('tells different pictures apart', () => {
    expect(pairsByForce(pictures.map(hashOf), threshold)).toEqual([]);
  });

  it('has nothing to say of a blank picture, and takes one of any size', () => {
    expect(likenessOf(blankImage(50, 40, [30, 200, 90]))).toBeUndefined();
    for (const [width, height] of [
      [1, 1],
      [2, 1],
      [1, 300],
      [33, 31],
    ]) {
      const image = { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 256) };
      if (width * height > 1) expect(distanceOf(hashOf(image), hashOf(image))).toBe(0);
      else expect(likenessOf(image)).toBeUndefined();
    }
  });

  it.skipIf(!shared).each([
    // Two fields of one smear that overlap, and two pictures of COCO that the mini set has in both parts.
    ['data/bccd/BCCD/JPEGImages', 1],
    ['data/coco-mini/val2017', 0],
  ])('finds in %s what is there twice, and nothing else', async (folder, twice) => {
    const paths = readdirSync(sharedPath(folder)).filter((name) => name.endsWith('.jpg'));
    const hashes: Likeness[] = [];
    for (const path of paths) {
      const image = await decodeImage(join(sharedPath(folder), path))();
      if (E.isRight(image)) hashes.push(hashOf(image.right));
    }
    expect(hashes.length).toBe(paths.length);
    expect(pairsByForce(hashes, threshold)).toHaveLength(twice);
  });
});

describe('pairsWithin', () => {
  const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  /** Some that are far apart, and some near them. */
  const cluster = fc
    .tuple(word, word, fc.array(fc.array(fc.nat(63), { maxLength: 12 }), { maxLength: 5 }))
    .map(([high, low, flips]): readonly Likeness[] => [
      [high, low],
      ...flips.map((bits) =>
        bits.reduce<Likeness>(
          ([h, l], bit) => (bit < 32 ? [h, (l ^ (1 << bit)) >>> 0] : [(h ^ (1 << (bit - 32))) >>> 0, l]),
          [high, low],
        ),
      ),
    ]);

  it('finds what comparing each with each finds, once', () => {
    fc.assert(
      fc.property(fc.array(cluster, { maxLength: 8 }), fc.integer({ min: 0, max: 11 }), (clusters, distance) => {
        const hashes = clusters.flat();
        const found = pairsWithin(hashes, distance).map((p) => `${p.first} ${p.second} ${p.distance}`);
        expect(found.sort()).toEqual(pairsByForce(hashes, distance).sort());
      }),
      { numRuns: 150 },
    );
  });
});

describe('groupsOf', () => {
  it('joins what hangs together, with its widest gap', () => {
    const pairs = [
      { first: 4, second: 6, distance: 2 },
      { first: 1, second: 3, distance: 0 },
      { first: 0, second: 6, distance: 5 },
    ];
    expect(groupsOf(8, pairs)).toEqual([
      { members: [0, 4, 6], distance: 5 },
      { members: [1, 3], distance: 0 },
    ]);
  });
});
