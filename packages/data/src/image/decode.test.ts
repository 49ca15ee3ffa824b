import { readdirSync, readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { goldenPath, readBytes, readJson, shared, sharedPath } from '../../../../test/shared.ts';
import { showFault } from '../fault.ts';
import { decodeBytes, decodeImage } from './decode.ts';
import { encodePng } from './encode.ts';
import type { Image } from './image.ts';

const okOf = (result: E.Either<Parameters<typeof showFault>[0], Image>): Image => {
  if (E.isLeft(result)) throw new Error(showFault(result.left));
  return result.right;
};

const gradient: Image = {
  width: 5,
  height: 3,
  data: Uint8Array.from({ length: 45 }, (_, i) => (i * 37) % 256),
};

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('decodeBytes', () => {
  it('gives back the pixels that PNG stored', async () => {
    expect(okOf(await decodeBytes(await encodePng(gradient))())).toEqual(gradient);
  });

  it.each([
    ['P3 2 1 255  1 2 3  4 5 6', [1, 2, 3, 4, 5, 6]],
    ['P2\n# note\n2 1\n3\n0 3\n', [0, 0, 0, 255, 255, 255]],
    ['P1 2 1 01', [255, 255, 255, 0, 0, 0]],
    ['P6 1 1 255\nabc', [97, 98, 99]],
  ])('reads the anymap %j', async (text, pixels) => {
    expect([...okOf(await decodeBytes(ascii(text))()).data]).toEqual(pixels);
  });

  it.each([
    ['an empty file', new Uint8Array(0), 'is empty'],
    ['text', ascii('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'known format'],
    ['a cut anymap', ascii('P6 9 9 255\nabc'), 'cut short'],
    ['a giant anymap', ascii('P6 60000 60000 255\nabc'), 'more than the limit'],
    ['a cut bitmap', ascii('BM00'), 'cut inside its header'],
  ])('refuses %s with a reason', async (_, bytes, reason) => {
    const result = await decodeBytes(bytes, {}, 'x.jpg')();
    expect(E.isLeft(result) && showFault(result.left)).toMatch(new RegExp(`^x.jpg: .*${reason}`));
  });

  it('refuses a PNG that claims 60000 x 60000 pixels before taking memory', async () => {
    const png = await encodePng(gradient);
    const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
    view.setUint32(16, 60000);
    view.setUint32(20, 60000);
    const before = process.memoryUsage().rss;
    const result = await decodeBytes(png)();
    expect(E.isLeft(result)).toBe(true);
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });

  it('reports a missing file', async () => {
    const result = await decodeImage('/nowhere/x.png')();
    expect(E.isLeft(result) && result.left.tag).toBe('unreadable');
  });
});

/** Where this decoder knowingly differs from the table's OpenCV column. */
const readsMore = new Set(['gif-interlaced.gif', 'webp-big-height.webp']);
/** The table gives the size as stored; `exif_orientation6.jpg` of the goldens shows that OpenCV turns such files. */
const turned = new Set(['exif-orientation-rectangle.jpg', 'exif-orientation-6.jpg', 'exif-orientation-8.jpg']);

describe.skipIf(!shared)('odd images', () => {
  const rows = shared
    ? readFileSync(sharedPath('data', 'odd-images', 'manifest.tsv'), 'utf8')
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split('\t'))
    : [];

  it('the table covers every file', () => {
    const files = readdirSync(sharedPath('data', 'odd-images')).filter((f) => f !== 'manifest.tsv');
    expect(new Set(rows.map((r) => r[0]))).toEqual(new Set(files));
  });

  it.each(rows)('%s (%s bytes, %s)', async (file, _bytes, _what, _pillow, opencv) => {
    const result = await decodeImage(sharedPath('data', 'odd-images', file))();
    if (opencv.startsWith('fails') && !readsMore.has(file)) {
      expect(E.isLeft(result) && showFault(result.left)).toMatch(/: .+; .+/);
    } else {
      const { width, height, data } = okOf(result);
      expect(data.length).toBe(width * height * 3);
      if (readsMore.has(file)) return;
      const shape = turned.has(file) ? [width, height, 3] : [height, width, 3];
      expect(shape.join('x')).toBe(opencv);
    }
  });

  it.each(['jpeg-truncated-half.jpg', 'jpeg-truncated-pillow.jpg'])('%s is refused when asked', async (file) => {
    const result = await decodeImage(sharedPath('data', 'odd-images', file), { damaged: 'refuse' })();
    expect(E.isLeft(result)).toBe(true);
  });

  it('orientation can be left as stored', async () => {
    const image = okOf(
      await decodeImage(sharedPath('data/odd-images/exif-orientation-6.jpg'), { orientation: 'none' })(),
    );
    expect([image.width, image.height]).toEqual([450, 600]);
  });

  it.each([3, 6, 8])('EXIF orientation %i shows the same scene as orientation 1', async (orientation) => {
    const upright = okOf(await decodeImage(sharedPath('data/odd-images/exif-orientation-1.jpg'))());
    const turned = okOf(await decodeImage(sharedPath(`data/odd-images/exif-orientation-${orientation}.jpg`))());
    expect([turned.width, turned.height]).toEqual([upright.width, upright.height]);
    // The scenes carry different captions, so they are not equal; upside down they are far apart.
    const differenceTo = (pixel: (i: number) => number): number =>
      upright.data.reduce((sum, v, i) => sum + Math.abs(v - turned.data[pixel(i)]), 0);
    const last = upright.data.length - 1;
    const upsideDown = differenceTo((i) => last - 2 - (i - (i % 3)) + (i % 3));
    expect(differenceTo((i) => i)).toBeLessThan(upsideDown / 3);
  });

  it('the same picture as bitmap and anymap has the same pixels', async () => {
    const bmp = okOf(await decodeImage(sharedPath('data/odd-images/bmp-24.bmp'))());
    const ppm = okOf(await decodeImage(sharedPath('data/odd-images/pnm-p6.ppm'))());
    expect(bmp).toEqual(ppm);
  });
});

type JpegCase = { jpeg: string; decoded: string; shape: number[]; channel_order: string };

describe.skipIf(!shared)('goldens/opencv/jpeg', () => {
  const cases = shared ? readJson<{ files: JpegCase[] }>(goldenPath('opencv/jpeg/manifest.json')).files : [];
  it.each(cases.filter((c) => c.decoded.endsWith('.bin')))('$jpeg equals OpenCV, bit for bit', async (c) => {
    const image = okOf(await decodeImage(goldenPath('opencv/jpeg', c.jpeg))());
    const bgr = readBytes(goldenPath('opencv/jpeg', c.decoded));
    expect([image.height, image.width, 3]).toEqual(c.shape);
    for (let i = 0; i < bgr.length; i += 3) [bgr[i], bgr[i + 2]] = [bgr[i + 2], bgr[i]];
    expect(Buffer.compare(image.data, bgr)).toBe(0);
  });
});
