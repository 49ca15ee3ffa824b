/** OpenCV's 8-bit HSV conversions (`../opencv/hsv.ts`) in vectors, four pixels at a time, bit for bit. */
import { Func } from '@gdarknet/tensor/emitter';
import { kernelsOnDemand, layOut } from './arena.ts';
import { channelOf, circle, hueOf, saturationOf, shareOf, sixthsOf } from './hsv.ts';
import { loadPixels, storePixels, vectors } from './words.ts';

const pixelsBytes = 4 * 3;

/** toHsv(from, out, end): `end` ends the source. */
const toHsv = (order: 'rgb' | 'bgr'): Func => {
  const f = new Func(['i32', 'i32', 'i32']);
  const [from, out, end] = [0, 1, 2];
  const [r, g, b, value, chroma, h, s, low, high] = vectors(f, 9);
  const channels = order === 'rgb' ? [r, g, b] : [b, g, r];
  f.get(from).range(from, end, pixelsBytes, () => {
    loadPixels(f, from, channels, [low, high]);
    circle(f, [r, g, b], value, chroma);
    hueOf(f, chroma, h);
    f.set(h).get(chroma);
    saturationOf(f, value);
    f.set(s);
    storePixels(f, out, [h, s, value], low);
    f.bump(out, pixelsBytes);
  });
  return f;
};

/** fromHsv(from, out, end). */
const fromHsv = (order: 'rgb' | 'bgr'): Func => {
  const f = new Func(['i32', 'i32', 'i32']);
  const [from, out, end] = [0, 1, 2];
  const [h, s, v, r, g, b, low, high] = vectors(f, 8);
  const channels = [r, g, b] as const;
  f.get(from).range(from, end, pixelsBytes, () => {
    loadPixels(f, from, [h, s, v], [low, high]);
    for (const share of [s, v]) {
      f.get(share);
      shareOf(f);
      f.set(share);
    }
    f.get(h);
    sixthsOf(f, h, true);
    f.set(h);
    for (const which of [0, 1, 2] as const) {
      channelOf(f, which, [v, s, h], low);
      f.set(channels[which]);
    }
    storePixels(f, out, order === 'rgb' ? [r, g, b] : [b, g, r], low);
    f.bump(out, pixelsBytes);
  });
  return f;
};

const kernels = kernelsOnDemand(() => ({
  'rgb to hsv': toHsv('rgb'),
  'bgr to hsv': toHsv('bgr'),
  'hsv to rgb': fromHsv('rgb'),
  'hsv to bgr': fromHsv('bgr'),
}));

export type Conversion = `${'rgb' | 'bgr'} to hsv` | `hsv to ${'rgb' | 'bgr'}`;

/** Pixels of three bytes converted. False where nothing was done: no SIMD, or too large for the memory. */
export const convertVectors = (data: Uint8Array, out: Uint8Array, conversion: Conversion): boolean => {
  const compiled = kernels();
  const layout = layOut([data.length, data.length]);
  if (compiled === undefined || layout === undefined) return false;
  const [from, to] = layout.at;
  new Uint8Array(layout.heap, from).set(data);
  compiled[conversion](from, to, from + data.length);
  out.set(new Uint8Array(layout.heap, to, data.length));
  return true;
};
