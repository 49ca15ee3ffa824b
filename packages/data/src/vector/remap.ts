/**
 * The warps' sampling of RGB bytes (`../opencv/remap.ts`) in vectors, four pixels at a time, bit for bit. It does the
 * pixels whose four neighbours are inside the picture; the others become black.
 */
import { Func } from '@gdarknet/tensor/emitter';
import type { Raster } from '../raster/raster.ts';
import { kernelsOnDemand, layOut } from './arena.ts';
import { evenSamples, oddSamples, splat, vectors } from './words.ts';

const stepBits = 5;
const steps = 1 << stepBits;
const channels = 3;
/** What `remap` takes in memory, 32 bits each: how many left and upper neighbours there are, bytes of a row, the picture. */
const numberNames = ['width', 'height', 'stride', 'image'] as const;

/** remap(xs, ys, numbers, stride, out, end): positions in 1/32 pixel to pixels; `end` ends the xs. */
const remap = (): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [xs, ys, numbers, stride, out, end] = [0, 1, 2, 3, 4, 5];
  const [width, height, strides, image] = numberNames.map((_, i) => splat(f, numbers, 4 * i));
  const [left, top, right, bottom, inside, addresses, upper, lower, low, high] = vectors(f, 10);
  const pixels = vectors(f, 4);
  const from = f.local();
  /** A position's whole part, and how far it is towards the next. */
  const split = (at: number, whole: number, part: number): void => {
    f.get(at).memory('v128.load').tee(part).shift('i32x4.shr_s', stepBits).set(whole);
    f.get(part)
      .fixed(steps - 1, 'i32')
      .do('v128.and')
      .set(part);
  };
  /** Both weights of a row of neighbours: `share` (on the stack) in parts by how far it is to the right. */
  const pair = (share: () => void, to: number): void => {
    share();
    f.fixed(steps, 'i32').get(right).do('i32x4.sub', 'i32x4.mul');
    share();
    f.get(right).do('i32x4.mul').shift('i32x4.shl', 16).do('v128.or').get(inside).do('v128.and').set(to);
  };
  const row = (weights: number, lane: number): void => {
    f.memory('v128.load8x8_u').tee(low).get(low).shuffle16(0, 3, 1, 4, 2, 5, 6, 7);
    f.get(weights, weights).shuffle(lane, lane, lane, lane).do('i32x4.dot_i16x8_s');
  };
  f.get(xs).range(xs, end, 16, () => {
    split(xs, left, right);
    split(ys, top, bottom);
    f.get(left, width).do('i32x4.lt_u').get(top, height).do('i32x4.lt_u', 'v128.and').set(inside);
    pair(() => f.fixed(steps, 'i32').get(bottom).do('i32x4.sub'), upper);
    pair(() => f.get(bottom), lower);
    // Others are read at the picture's first pixel, and weigh nothing.
    f.get(top, strides).do('i32x4.mul').get(left).fixed(channels, 'i32').do('i32x4.mul', 'i32x4.add');
    f.get(inside).do('v128.and').get(image).do('i32x4.add').set(addresses);
    for (const [lane, pixel] of pixels.entries()) {
      f.get(addresses).extract('i32', lane).tee(from);
      row(upper, lane);
      f.get(from, stride).do('i32.add');
      row(lower, lane);
      f.do('i32x4.add')
        .fixed((steps * steps) >> 1, 'i32')
        .do('i32x4.add')
        .shift('i32x4.shr_s', 2 * stepBits);
      f.set(pixel);
    }
    f.get(pixels[0], pixels[1]).do('i16x8.narrow_i32x4_s').set(low);
    f.get(pixels[2], pixels[3]).do('i16x8.narrow_i32x4_s').set(high);
    f.get(low, high).shuffle16(0, 1, 2, 4, 5, 6, 8, 9).set(pixels[0]);
    f.get(low, high).shuffle16(10, 12, 13, 14, 10, 12, 13, 14).set(pixels[1]);
    f.get(out);
    f.get(pixels[0], pixels[1]).shuffle16(...evenSamples);
    f.get(pixels[0], pixels[1])
      .shuffle16(...oddSamples)
      .shift('i32x4.shl', 8)
      .do('v128.or');
    f.memory('v128.store')
      .bump(out, 4 * channels)
      .bump(ys, 16);
  });
  return f;
};

const kernels = kernelsOnDemand(() => ({ remap: remap() }));

export type VectorRemap = {
  /** Positions of a row's pixels in 1/32 pixel, to be written before it is sampled. */
  readonly xs: Int32Array;
  readonly ys: Int32Array;
  readonly sampleRow: (y: number) => void;
  /** The target picture, to be copied out. */
  readonly pixels: Uint8Array;
};

/** Undefined where there is no SIMD, or the pictures are no RGB bytes, or too large for the memory. */
export const vectorRemap = (source: Raster<Uint8Array>, out: Raster<Uint8Array>): VectorRemap | undefined => {
  if (source.channels !== channels) return undefined;
  const compiled = kernels();
  const layout = layOut([4 * numberNames.length, 4 * out.width, 4 * out.width, source.data.length, out.data.length]);
  if (compiled === undefined || layout === undefined) return undefined;
  const { heap, at } = layout;
  const [numbersAt, xsAt, ysAt, imageAt, outAt] = at;
  const stride = source.width * channels;
  const numbers = { width: source.width - 1, height: source.height - 1, stride, image: imageAt };
  new Int32Array(heap, numbersAt, numberNames.length).set(numberNames.map((name) => numbers[name]));
  new Uint8Array(heap, imageAt).set(source.data);
  return {
    xs: new Int32Array(heap, xsAt, out.width),
    ys: new Int32Array(heap, ysAt, out.width),
    // The last vector may reach into the next row, which comes later.
    sampleRow: (y) =>
      compiled.remap(xsAt, ysAt, numbersAt, stride, outAt + y * out.width * channels, xsAt + 4 * out.width),
    pixels: new Uint8Array(heap, outAt, out.data.length),
  };
};
