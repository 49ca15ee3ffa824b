/** The loops that kernels over sliding windows share: which windows lie inside the image, taps, channels. */
import type { Func, Local } from './emitter.ts';
import type { Geometry } from './patches.ts';

/** Windows of at most this many taps are written out tap by tap. */
const unrolled = 25;

/** Taps in order, with the bytes between a window's first pixel and the tap's. */
export const tapsOf = (g: Geometry): readonly { readonly tap: number; readonly offset: number }[] =>
  Array.from({ length: g.kh * g.kw }, (_, tap) => ({
    tap,
    offset: (Math.floor(tap / g.kw) * g.w + (tap % g.kw)) * g.c * 4,
  }));

/** (image * h + y) * w + x in bytes. */
const pixelAt = (f: Func, g: Geometry, image: Local, y: Local, x: Local, to: Local): void => {
  f.times(image, g.h).get(y).do('i32.add').i32(g.w).do('i32.mul').get(x).do('i32.add');
  f.i32(g.c * 4)
    .do('i32.mul')
    .set(to);
};

/**
 * Every window of line `i`: `inside` sees the byte offset of the window's first pixel when the whole window lies in the
 * image and is small enough to be written out; `border` gets the others, and goes through `eachTap`.
 */
export const eachWindow = (
  f: Func,
  g: Geometry,
  image: Local,
  i: Local,
  j: Local,
  inside: (pixel: Local) => void,
  border: () => void,
): void => {
  const [y, x, pixel, stop] = f.locals(4);
  f.times(i, g.sh).i32(-g.pt).do('i32.add').set(y);
  f.i32(g.ow).set(stop);
  f.i32(0).range(j, stop, 1, () => {
    if (g.kh * g.kw > unrolled || g.h < g.kh || g.w < g.kw) {
      border();
      return;
    }
    f.times(j, g.sw).i32(-g.pl).do('i32.add').tee(x);
    f.i32(g.w - g.kw + 1).do('i32.lt_u');
    f.get(y)
      .i32(g.h - g.kh + 1)
      .do('i32.lt_u', 'i32.and');
    f.when(() => {
      pixelAt(f, g, image, y, x, pixel);
      inside(pixel);
    }, border);
  });
};

/** Visits the taps of window (image, i, j) inside the image: `body` sees the byte offset of the pixel, and the tap. */
export const eachTap = (
  f: Func,
  g: Geometry,
  image: Local,
  i: Local,
  j: Local,
  body: (pixel: Local, tap: Local) => void,
): void => {
  const [ky, kx, y, x, pixel, tap] = f.locals(6);
  f.count(ky, g.kh, () => {
    f.times(i, g.sh)
      .i32(-g.pt)
      .do('i32.add')
      .get(ky)
      .do('i32.add')
      .tee(y)
      .i32(g.h)
      .do('i32.lt_u')
      .when(() => {
        f.count(kx, g.kw, () => {
          f.times(j, g.sw)
            .i32(-g.pl)
            .do('i32.add')
            .get(kx)
            .do('i32.add')
            .tee(x)
            .i32(g.w)
            .do('i32.lt_u')
            .when(() => {
              pixelAt(f, g, image, y, x, pixel);
              f.times(ky, g.kw).get(kx).do('i32.add').set(tap);
              body(pixel, tap);
            });
        });
      });
  });
};

/** A vector of channels, or the lane 0 of what is left. */
export type Lanes = {
  readonly load: (from: Local, offset?: number) => void;
  /** The address and the vector are on the stack. */
  readonly store: (offset?: number) => void;
};

/** Goes over `count` channels, four at a time and then one by one; `pointers` advance with them. */
export const eachChannel = (f: Func, count: number, pointers: readonly Local[], body: (lanes: Lanes) => void): void => {
  const i = f.local();
  const run = (times: number, width: number, lanes: Lanes) =>
    f.count(i, times, () => {
      body(lanes);
      for (const q of pointers) f.bump(q, 4 * width);
    });
  run(Math.floor(count / 4), 4, {
    load: (from, offset = 0) => f.get(from).memory('v128.load', offset),
    store: (offset = 0) => f.memory('v128.store', offset),
  });
  run(count % 4, 1, {
    load: (from, offset = 0) => f.get(from).memory('v128.load32_zero', offset),
    store: (offset = 0) => f.storeLane0(offset),
  });
};
