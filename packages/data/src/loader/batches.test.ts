import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as E from 'fp-ts/lib/Either.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { defaultRanges } from '../augment/parameters.ts';
import { showFault } from '../fault.ts';
import { letterbox } from '../image/letterbox.ts';
import { readImageList } from '../labels/image-list.ts';
import type { SetFiles } from '../sets/darknet.ts';
import { shapesSample } from '../shapes/sample.ts';
import { writeShapes } from '../shapes/write.ts';
import { type Batch, type BatchOptions, batches, validationBatches } from './batches.ts';
import { type Source, shrinkTo } from './source.ts';
import { NoUsablePicture } from './training.ts';

const rightOf = <L, R>(either: E.Either<L, R>): R => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left));
  return either.right;
};

const take = async (options: BatchOptions, n: number): Promise<Omit<Batch, 'waitMs'>[]> => {
  const taken: Omit<Batch, 'waitMs'>[] = [];
  for await (const { waitMs, ...batch } of batches(options)) {
    expect(waitMs).toBeGreaterThanOrEqual(0);
    taken.push(batch);
    if (taken.length === n) break;
  }
  return taken;
};

let root: string;
let files: SetFiles;
let images: readonly string[];
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'batches-'));
  files = rightOf(await writeShapes(root, { train: 12, valid: 5, size: 96, seed: 3 })());
  images = rightOf(await readImageList(files.train)());
});

const base = { batch: 4, width: 64, height: 48, seed: 11, classes: 4 } as const;

describe('batches', () => {
  it('have the promised shapes, ranges and rows', async () => {
    const [batch] = await take({ ...base, images, workers: 0, maxBoxes: 6 }, 1);
    expect([batch.x.length, batch.truths.length, batch.counts.length]).toEqual([4 * 48 * 64 * 3, 4 * 6 * 5, 4]);
    expect(Math.min(...batch.x)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...batch.x)).toBeLessThanOrEqual(1);
    expect(batch.paths.every((p) => images.includes(p))).toBe(true);
    batch.counts.forEach((count, i) => {
      for (let row = 0; row < 6; row++) {
        const [x, y, w, h, classId] = batch.truths.subarray((i * 6 + row) * 5);
        if (row >= count) expect([x, y, w, h, classId]).toEqual([0, 0, 0, 0, 0]);
        else {
          expect(Math.min(w, h)).toBeGreaterThanOrEqual(0.001);
          expect(x - w / 2 > -1e-6 && x + w / 2 < 1 + 1e-6 && y - h / 2 > -1e-6 && y + h / 2 < 1 + 1e-6).toBe(true);
        }
      }
    });
  });

  it('are the same for the same seed whatever the number of workers and the prefetch, and from any start', async () => {
    const expected = await take({ ...base, images, workers: 0 }, 5);
    expect(expected[0].x).not.toEqual(expected[1].x);
    for (const [workers, prefetch] of [
      [0, 0],
      [1, 2],
      [2, 4],
      [3, 1],
    ]) {
      expect(await take({ ...base, images, workers, prefetch }, 5)).toEqual(expected);
    }
    expect(await take({ ...base, images, workers: 1, start: 3 }, 2)).toEqual(expected.slice(3));
    expect(await take({ ...base, images, workers: 0, seed: 12 }, 1)).not.toEqual(expected.slice(0, 1));
  });

  it('are the same in memory that is given back, through changes of size, and that memory is used again', async () => {
    const sizeOf = (batch: number) => (batch % 5 === 4 ? { width: 80, height: 80 } : { width: 64, height: 48 });
    const expected = await take({ ...base, images, workers: 0, sizeOf }, 12);
    for (const [workers, prefetch] of [
      [0, 0],
      [2, 3],
    ]) {
      const stream = batches({ ...base, images, workers, prefetch, sizeOf, end: 12 });
      for await (const batch of stream) {
        const { waitMs, ...rest } = batch;
        expect(rest).toEqual(expected[rest.index]);
        // What the last reader left behind must not show.
        batch.x.fill(9);
        stream.recycle(batch);
        expect(batch.x).toHaveLength(0);
        stream.recycle(batch);
      }
    }
  });

  it('slices are what the whole batch holds there', async () => {
    const [whole] = (await take({ ...base, images, workers: 0 }, 2)).slice(1);
    const [own] = (await take({ ...base, images, workers: 1, slice: { from: 1, to: 3 } }, 2)).slice(1);
    expect([own.n, own.index, own.paths]).toEqual([2, 1, whole.paths.slice(1, 3)]);
    expect(own.x).toEqual(whole.x.slice(whole.x.length / 4, (3 * whole.x.length) / 4));
    expect(own.counts).toEqual(whole.counts.slice(1, 3));
  });

  it('do not depend on the cache', async () => {
    const options = { ...base, images, workers: 0 };
    expect(await take({ ...options, cacheBytes: 0 }, 6)).toEqual(await take({ ...options, cacheBytes: 60_000 }, 6));
  });

  it('come from memory and from the generator as they come from files', async () => {
    const samples = Array.from({ length: 12 }, (_, i) => shapesSample(3, i, 96));
    const memory = { images: samples.map((s) => s.image), labels: samples.map((s) => s.boxes) };
    const shapes: Source = { kind: 'shapes', seed: 3, size: 96, count: 12 };
    const fromMemory = await take({ ...base, ...memory, workers: 0 }, 3);
    const fromShapes = await take({ ...base, images: shapes, workers: 1 }, 3);
    const fromFiles = await take({ ...base, images, workers: 0 }, 3);
    fromMemory.forEach((batch, i) => {
      expect(batch.x).toEqual(fromShapes[i].x);
      expect(batch.truths).toEqual(fromShapes[i].truths);
      // Label files hold eight decimals, which may move a coordinate; pixels are the same.
      expect(batch.x).toEqual(fromFiles[i].x);
      expect(Math.max(...batch.truths.map((v, j) => Math.abs(v - fromFiles[i].truths[j])))).toBeLessThan(1e-5);
    });
  });

  it('take the other augmentation when asked', async () => {
    const augment = { ...defaultRanges, path: 'builtin' } as const;
    const [first] = await take({ ...base, images, workers: 0, augment }, 1);
    const [second] = await take({ ...base, images, workers: 1, augment }, 1);
    expect(first).toEqual(second);
    expect(first.x).not.toEqual((await take({ ...base, images, workers: 0 }, 1))[0].x);
  });

  it('mix pictures, turn and tone them when asked, the same whatever the number of workers', async () => {
    const modern = { mosaic: true, mixup: true, cutmix: true, angle: 10, perspective: 0.1, blur: 5, grayscale: 0.3 };
    const options = { ...base, images, augment: { ...defaultRanges, modern: { ...modern, cutout: 0.3 } } };
    const expected = await take({ ...options, workers: 0 }, 4);
    expect(await take({ ...options, workers: 2, prefetch: 3 }, 4)).toEqual(expected);
    expect(await take({ ...options, workers: 0, start: 2 }, 2)).toEqual(expected.slice(2));
    const plain = await take({ ...base, images, workers: 0 }, 4);
    expect(expected.map((b) => b.paths)).toEqual(plain.map((b) => b.paths));
    expect(expected[0].x).not.toEqual(plain[0].x);
    expect(() => batches({ ...base, images, augment: { ...defaultRanges, modern: { cutout: 2 } } })).toThrow('cutout');
    // Switched off by their values they leave the original's bytes.
    const off = { ...defaultRanges, modern: { mosaic: false, angle: 0, aspect: 1, blur: 0 } };
    expect(await take({ ...base, images, workers: 0, augment: off }, 4)).toEqual(plain);
  });

  it('name a file that cannot be used once, however often and in whatever words it fails', async () => {
    const bad = join(mkdtempSync(join(tmpdir(), 'broken-')), 'broken.png');
    const whole = readFileSync(images[0]);
    writeFileSync(bad, whole.subarray(0, Math.trunc(whole.length / 2)));
    for (const workers of [0, 3]) {
      const told: string[] = [];
      const list = [images[1], bad];
      const stream = batches({ ...base, images: list, workers, end: 12, onFault: (f) => told.push(showFault(f)) });
      for await (const batch of stream) expect(new Set(batch.paths)).toEqual(new Set([images[1]]));
      const { faults, times, skipped } = stream.report();
      expect([told.length, faults.length]).toEqual([1, 1]);
      expect(told[0]).toContain('broken.png');
      expect(times).toEqual([skipped]);
      expect(skipped).toBeGreaterThan(10);
    }
  });

  it('shrink large pictures when asked, the same with and without the cache', async () => {
    const options = { ...base, images, workers: 0, shrinkTo: 32 };
    const cached = await take(options, 4);
    expect(await take({ ...options, cacheBytes: 0 }, 4)).toEqual(cached);
    const whole = await take({ ...base, images, workers: 0 }, 4);
    expect(cached[0].truths.length).toBe(whole[0].truths.length);
    expect(cached[0].x).not.toEqual(whole[0].x);
    // 96 pixels are kept where the limit is above half of them.
    expect(await take({ ...options, shrinkTo: 49 }, 4)).toEqual(whole);
    const image = shapesSample(3, 0, 96).image;
    expect(shrinkTo({ ...image, height: 64, data: image.data.subarray(0, 96 * 64 * 3) }, 16)).toMatchObject({
      width: 24,
      height: 16,
    });
  });

  it('end before `end` and may change size from batch to batch', async () => {
    const sizeOf = (batch: number) => ({ width: 32 + 32 * (batch % 2), height: 32 });
    const sides: number[][] = [];
    for await (const { index, width, height, x, n } of batches({ ...base, images, workers: 1, end: 3, sizeOf })) {
      expect(x.length).toBe(n * width * height * 3);
      sides.push([index, width]);
    }
    expect(sides).toEqual([
      [0, 32],
      [1, 64],
      [2, 32],
    ]);
  });

  it('show every picture once in an epoch', async () => {
    const seen = (await take({ ...base, images, workers: 0, sampling: 'epochs' }, 6)).flatMap((b) => b.paths);
    expect(new Set(seen.slice(0, 12)).size).toBe(12);
    expect(new Set(seen.slice(12)).size).toBe(12);
    expect(seen.slice(0, 12)).not.toEqual(seen.slice(12));
  });

  it('pass over what cannot be read, count it and tell once; the rest stays as it was', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bad-'));
    mkdirSync(join(folder, 'images'));
    const bad = join(folder, 'images', 'text.jpg');
    writeFileSync(bad, 'not a picture');
    const list = [...images.slice(0, 3), bad, join(folder, 'missing.jpg')];
    const told: string[] = [];
    for (const workers of [0, 2]) {
      told.length = 0;
      const stream = batches({ ...base, images: list, workers, end: 8, onFault: (f) => told.push(showFault(f)) });
      for await (const batch of stream) {
        expect(batch.paths.every((p) => images.includes(p))).toBe(true);
      }
      expect(told.sort()).toEqual([
        expect.stringContaining('text.jpg: is not a picture'),
        expect.stringContaining('missing.jpg: cannot be read'),
      ]);
      expect(stream.report().skipped).toBeGreaterThan(2);
      expect(stream.report().faults).toHaveLength(2);
    }
  });

  it.each([0, 1])('reject when nothing can be read (%i workers)', async (workers) => {
    const stream = batches({ ...base, images: ['/nowhere/a.jpg'], workers });
    await expect(stream.next()).rejects.toThrow(NoUsablePicture);
    expect((await stream.next()).done).toBe(true);
  });

  it('report bad label lines and use the good ones', async () => {
    const stream = batches({ ...base, images, classes: 1, workers: 0, end: 4 });
    for await (const { truths } of stream) {
      for (let i = 4; i < truths.length; i += 5) expect(truths[i]).toBe(0);
    }
    expect(showFault(stream.report().faults[0])).toMatch(
      /labels\/train\/train_0000\d\d.txt:\d: .*below the number of classes/,
    );
  });

  it('let the process end when forgotten, and when left in the middle', async () => {
    const script = join(root, 'forgotten.ts');
    const module = new URL('./batches.ts', import.meta.url).href;
    const options =
      "{ images: { kind: 'shapes', seed: 1, size: 96, count: 9 }, batch: 2, width: 32, height: 32, seed: 1, workers: 2 }";
    writeFileSync(
      script,
      `import { batches } from '${module}';
       const forgotten = batches(${options});
       const first = await forgotten.next();
       for await (const batch of batches(${options})) if (batch.index === 1) break;
       console.log(first.value.index);`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@gdarknet/source', script], {
      timeout: 30_000,
    });
    expect(stdout.trim()).toBe('0');
  });

  it('end quietly when closed while one is awaited', async () => {
    const stream = batches({ ...base, images, workers: 1 });
    const pending = stream.next();
    await stream.close();
    expect((await pending).done).toBe(true);
    expect((await stream.next()).done).toBe(true);
  });

  it('refuse nonsense at once', () => {
    expect(() => batches({ ...base, images: [] })).toThrow(/number of images is 0/);
    expect(() => batches({ ...base, images, batch: 0 })).toThrow(/batch is 0/);
    expect(() => batches({ ...base, images, width: 1.5 })).toThrow(/width is 1.5/);
  });
});

describe('validationBatches', () => {
  it('give every readable picture once, in order, letterboxed', async () => {
    const list = [...images.slice(0, 4), '/nowhere/x.png', ...images.slice(4, 7)];
    for (const workers of [0, 2]) {
      const stream = validationBatches({ images: list, batch: 3, width: 64, height: 32, workers, withLabels: true });
      const paths: string[] = [];
      for await (const batch of stream) {
        expect(batch.x.length).toBe(batch.n * 64 * 32 * 3);
        batch.pictures.forEach(({ path, index, labels }, i) => {
          const sample = shapesSample(3, images.indexOf(path), 96);
          const inner = batch.x.subarray(i * 64 * 32 * 3, (i + 1) * 64 * 32 * 3);
          expect(inner).toEqual(letterbox(sample.image, 64, 32).data);
          expect(list[index]).toBe(path);
          expect(labels).toHaveLength(sample.boxes.length);
          paths.push(path);
        });
      }
      expect(paths).toEqual(images.slice(0, 7));
      expect(stream.report().skipped).toBe(1);
    }
  });
});

describe.skipIf(!shared)('odd images in the middle of training', () => {
  it('end nothing', async () => {
    const folder = sharedPath('data/odd-images');
    const odd = readdirSync(folder)
      .filter((f) => f !== 'manifest.tsv')
      .map((f) => join(folder, f));
    const labels = odd.map(() => [{ classId: 0, x: 0.5, y: 0.5, w: 0.5, h: 0.5 }]);
    const stream = batches({ ...base, images: odd, labels, batch: 16, workers: 1, sampling: 'epochs', end: 6 });
    let n = 0;
    for await (const batch of stream) n += batch.n;
    expect(n).toBe(96);
    expect(stream.report().faults.length).toBeGreaterThan(10);
  });
});
