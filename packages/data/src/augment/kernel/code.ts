/**
 * The augmentation's inner loops as WebAssembly SIMD, bit for bit what `../opencv.ts` computes with tables. Rows lie
 * in planes (all reds, then greens, then blues), eight pixels at a time; `arena.ts` says where.
 */
import { Func, type Local } from '@gdarknet/tensor/emitter';
import { kernelsOnDemand } from '../../vector/arena.ts';
import { channelOf, circle, hueOf, saturationOf, shareOf, sixthsOf } from '../../vector/hsv.ts';
import { splat, storeFloatPixels, vectors } from '../../vector/words.ts';

/** Bytes of a column's entry: the offset of its left pixel, then two weights of 16 bits. */
export const columnBytes = 8;
/** Numbers that `change` takes in memory, float32 each, in this order. */
export const changeNames = ['shift', 'saturation', 'exposure'] as const;
export type Change = Readonly<Record<(typeof changeNames)[number], number>>;

/**
 * stretch(row, columns, out, end, plane): a row of bytes to planes of 16-bit samples, each a byte times 128. `end` is
 * where the columns' table ends, `plane` the bytes of a plane.
 */
const stretch = (): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32']);
  const [row, at, out, end, plane] = [0, 1, 2, 3, 4];
  const pair = f.local('v128');
  const pixel = (k: number): void => {
    f.get(row, at)
      .memory('i32.load', k * columnBytes)
      .do('i32.add')
      .memory('v128.load8x8_u')
      .tee(pair)
      .get(pair);
    // r r', g g', b b' side by side, times their two weights.
    f.shuffle16(0, 3, 1, 4, 2, 5, 6, 7)
      .get(at)
      .memory('v128.load32_splat', k * columnBytes + 4);
    f.do('i32x4.dot_i16x8_s').shift('i32x4.shr_s', 4);
  };
  const quarters = [0, 1, 2, 3].map(() => f.local('v128'));
  const [redGreen, blue] = [0, 1].map(() => [0, 1].map(() => f.local('v128')));
  f.get(at).range(at, end, 8 * columnBytes, () => {
    for (const [k, quarter] of quarters.entries()) {
      pixel(2 * k);
      pixel(2 * k + 1);
      f.do('i16x8.narrow_i32x4_s').set(quarter);
    }
    for (const half of [0, 1]) {
      f.get(quarters[2 * half], quarters[2 * half + 1])
        .shuffle16(0, 4, 8, 12, 1, 5, 9, 13)
        .set(redGreen[half]);
      f.get(quarters[2 * half], quarters[2 * half + 1])
        .shuffle16(2, 6, 10, 14, 2, 6, 10, 14)
        .set(blue[half]);
    }
    f.get(out, redGreen[0], redGreen[1]).shuffle16(0, 1, 2, 3, 8, 9, 10, 11).memory('v128.store');
    f.get(out, plane).do('i32.add').get(redGreen[0], redGreen[1]).shuffle16(4, 5, 6, 7, 12, 13, 14, 15);
    f.memory('v128.store').get(out, plane, plane).do('i32.add', 'i32.add').get(blue[0], blue[1]);
    f.shuffle16(0, 1, 2, 3, 8, 9, 10, 11).memory('v128.store').bump(out, 16);
  });
  return f;
};

/** Bytes of a pixel on its way through the loops below: three floats. */
export const pixelBytes = 12;

/** 1 / 255 in two parts, of which the first times a byte is exact: their products add up to the correctly rounded b / 255. */
export const shareHigh = Math.round(2 ** 23 / 255) / 2 ** 23;
export const shareLow = Math.fround(1 / 255 - shareHigh);

const stepBytes = 4 * pixelBytes;
// What follows is one row's way in three short loops, each in place over the last one's results. In a single long one the
// processor would see a step or two ahead and wait. One statement a line, like the formulas of `../opencv.ts`.

/**
 * blend(upper, lower, weights, out, end, plane): two stretched rows to one of bytes, and of these the value, the chroma and
 * the place on the circle of hue in chromas. `weights` holds the rows' two, `end` ends the upper row.
 */
const blend = (): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [upper, lower, weights, out, end, plane] = [0, 1, 2, 3, 4, 5];
  const [weight0, weight1] = [splat(f, weights, 0), splat(f, weights, 4)];
  const [r, g, b, value, d] = vectors(f, 5);
  const two = 2;
  const sample = (channel: number, to: Local): void => {
    for (const [row, weight] of [
      [upper, weight0],
      [lower, weight1],
    ]) {
      f.get(row);
      for (let k = 0; k < channel; k++) f.get(plane).do('i32.add');
      f.memory('v128.load16x4_u').get(weight).do('i32x4.dot_i16x8_s').shift('i32x4.shr_s', 16);
    }
    f.do('i32x4.add').fixed(two, 'i32').do('i32x4.add').shift('i32x4.shr_s', two);
    f.do('f32x4.convert_i32x4_s').set(to);
  };
  f.get(upper).range(upper, end, 8, () => {
    sample(0, r);
    sample(1, g);
    sample(2, b);
    f.get(out);
    circle(f, [r, g, b], value, d);
    f.memory('v128.store', 32).get(out, value).memory('v128.store').get(out, d).memory('v128.store', 16);
    f.bump(out, stepBytes).bump(lower, 8);
  });
  return f;
};

/** change(out, end, numbers): from there to the changed value and saturation as shares, and the hue on a circle of 6. */
const change = (wrap: boolean): Func => {
  const f = new Func(['i32', 'i32', 'i32']);
  const [out, end, numbers] = [0, 1, 2];
  const [shift, saturation, exposure] = changeNames.map((_, i) => splat(f, numbers, 4 * i));
  const [value, d, h] = vectors(f, 3);
  /** Rounds what is on the stack, 0 or more, to a byte, and makes it a share. */
  const share = (): void => {
    f.do('f32x4.nearest').fixed(255).do('f32x4.pmin');
    shareOf(f);
  };
  f.get(out).range(out, end, stepBytes, () => {
    f.get(out).memory('v128.load').set(value).get(out).memory('v128.load', 16).set(d);
    f.get(out, value, exposure).do('f32x4.mul');
    share();
    f.memory('v128.store').get(out, d);
    saturationOf(f, value);
    f.get(saturation).do('f32x4.mul');
    share();
    f.memory('v128.store', 16).get(out).memory('v128.load', 32);
    hueOf(f, d, h);
    f.get(shift).do('f32x4.add').set(h);
    if (wrap) f.get(h).fixed(180).get(h).fixed(180).do('f32x4.ge', 'v128.and', 'f32x4.sub').set(h);
    else f.get(h).fixed(0).do('f32x4.pmax').fixed(255).do('f32x4.pmin').set(h);
    f.get(h);
    sixthsOf(f, h, !wrap);
    f.set(h);
    f.get(out, h).memory('v128.store', 32);
  });
  return f;
};

/** paint(out, end): from there to red, green and blue. */
const paint = (): Func => {
  const f = new Func(['i32', 'i32']);
  const [out, end] = [0, 1];
  const [v, s, h, r, g, b, x, y] = vectors(f, 8);
  const channel = (which: 0 | 1 | 2, to: Local): void => {
    channelOf(f, which, [v, s, h], x);
    // The byte to byte / 255.
    f.tee(x).fixed(shareHigh).do('f32x4.mul').get(x).fixed(shareLow).do('f32x4.mul', 'f32x4.add').set(to);
  };
  f.get(out).range(out, end, stepBytes, () => {
    for (const [i, l] of [v, s, h].entries())
      f.get(out)
        .memory('v128.load', 16 * i)
        .set(l);
    channel(0, r);
    channel(1, g);
    channel(2, b);
    storeFloatPixels(f, out, [r, g, b], [x, y]);
  });
  return f;
};

/** `wrap` and `saturate`: by what hue does at its end. */
export const kernels = kernelsOnDemand(() => ({
  stretch: stretch(),
  blend: blend(),
  wrap: change(true),
  saturate: change(false),
  paint: paint(),
}));
