import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { expect, it } from 'vitest';
import { decodeBytes } from './decode.ts';
import { encodeJpeg, encodePng } from './encode.ts';
import type { Image } from './image.ts';

const source: Image = {
  width: 24,
  height: 16,
  data: Uint8Array.from({ length: 24 * 16 * 3 }, (_, i) => (i * 7) % 251),
};

/** A small bitmap by hand: 24 bits, 4 x 2, rows padded to 12 bytes. */
const bmp = (): Uint8Array => {
  const bytes = new Uint8Array(54 + 24);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(10, 54, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, 4, true);
  view.setInt32(22, 2, true);
  view.setUint16(28, 24, true);
  return bytes.map((v, i) => (i < 54 ? v : i));
};

const maxPixels = 1_000_000;

/** Decodes whole pictures of at most `maxPixels`, or says why not; anything else is a failure of the test. */
const isDefined = async (bytes: Uint8Array): Promise<void> => {
  const result = await decodeBytes(bytes, { maxPixels })();
  if (E.isLeft(result)) {
    expect(result.left.tag).toBe('image');
    return;
  }
  const { width, height, data } = result.right;
  expect(width * height).toBeLessThanOrEqual(maxPixels);
  expect(data.length).toBe(width * height * 3);
};

const damage = fc.array(fc.tuple(fc.nat(10_000), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 });

it.each([
  ['BMP', async () => bmp(), 3000],
  ['PNM', async () => new TextEncoder().encode('P6 4 2 255\n012345678901234567890123'), 3000],
  ['plain PNM', async () => new TextEncoder().encode('P3 2 2 255\n1 2 3 4 5 6 7 8 9 10 11 12'), 3000],
  ['PNG', () => encodePng(source), 400],
  ['JPEG', () => encodeJpeg(source), 400],
])('%s with bytes changed or cut off decodes or is refused', async (_, make, numRuns) => {
  const whole = await make();
  await isDefined(whole);
  await fc.assert(
    fc.asyncProperty(damage, fc.nat(whole.length), fc.boolean(), async (changes, length, cut) => {
      const bytes = whole.slice(0, cut ? length : whole.length);
      // Half of the changes go to the header, where the sizes are.
      for (const [at, value] of changes) bytes[at % (at % 2 ? Math.min(40, bytes.length) : bytes.length)] = value;
      await isDefined(bytes);
    }),
    { numRuns },
  );
});

it('random bytes behind a signature decode or are refused', async () => {
  const signatures = ['BM', 'P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'GIF89a', '\x89PNG\r\n\x1a\n', '\xff\xd8\xff'];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...signatures), fc.uint8Array({ maxLength: 120 }), (signature, tail) =>
      isDefined(Uint8Array.from([...Array.from(signature, (c) => c.charCodeAt(0)), ...tail])),
    ),
    { numRuns: 2000 },
  );
});
