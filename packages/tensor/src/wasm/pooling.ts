/** Max pooling and its gradient. */
import type { ConvPlan } from './blocks.ts';
import type { Func, Local } from './emitter.ts';
import { kernel } from './map.ts';
import { type Geometry, zeroRun } from './patches.ts';
import { eachChannel, eachTap, eachWindow, tapsOf } from './windows.ts';

/** Parameter `word` plus `offset`. */
const address = (f: Func, p: Local, word: number, offset: Local, to: Local): void => {
  f.get(p)
    .memory('i32.load', 4 * word)
    .get(offset)
    .do('i32.add')
    .set(to);
};

/** Parameters: image, output. Item: one line of one image's output. */
export const maxPoolKernel = (g: Geometry): ConvPlan => {
  const { f, p, begin, end } = kernel();
  const [item, image, i, j, at, to, from] = f.locals(7);
  const value = f.local('v128');
  const place = () => {
    f.times(item, g.ow)
      .get(j)
      .do('i32.add')
      .i32(g.c * 4)
      .do('i32.mul')
      .set(at);
    address(f, p, 1, at, to);
  };
  f.get(begin).range(item, end, 1, () => {
    f.get(item).i32(g.oh).do('i32.div_u').set(image);
    f.get(item).i32(g.oh).do('i32.rem_u').set(i);
    eachWindow(
      f,
      g,
      image,
      i,
      j,
      (pixel) => {
        place();
        address(f, p, 0, pixel, from);
        eachChannel(f, g.c, [to, from], ({ load, store }) => {
          f.get(to);
          for (const { tap, offset } of tapsOf(g)) {
            load(from, offset);
            if (tap > 0) f.do('f32x4.max');
          }
          store();
        });
      },
      () => {
        place();
        eachChannel(f, g.c, [to], ({ store }) => {
          f.get(to).constant(Number.NEGATIVE_INFINITY);
          store();
        });
        eachTap(f, g, image, i, j, (pixel) => {
          place();
          address(f, p, 0, pixel, from);
          eachChannel(f, g.c, [to, from], ({ load, store }) => {
            load(to);
            load(from);
            f.do('f32x4.max').set(value).get(to, value);
            store();
          });
        });
      },
    );
  });
  return { kernel: { f, items: g.n * g.oh }, perThread: 0 };
};

/** Parameters: image, dy, image gradient. Item: one image. The first largest element of a window takes its gradient. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: it writes one kernel, in the order in which it runs
export const maxPoolGradKernel = (g: Geometry): ConvPlan => {
  const { f, p, begin, end } = kernel();
  const [item, i, j, at, dy, dx, x, lines, channel] = f.locals(9);
  const [most, free, mine, gradient, value] = Array.from({ length: 5 }, () => f.local('v128'));
  const pixels = g.kh * g.kw;
  const values = Array.from({ length: pixels <= 9 ? pixels : 0 }, () => f.local('v128'));
  const placeDy = () => {
    f.times(item, g.oh)
      .get(i)
      .do('i32.add')
      .i32(g.ow)
      .do('i32.mul')
      .get(j)
      .do('i32.add')
      .i32(g.c * 4);
    f.do('i32.mul').set(at);
    address(f, p, 1, at, dy);
  };
  /** dx += gradient where `mine`; no later tap gets it again. */
  const give = (load: (from: Local, offset?: number) => void, store: (offset?: number) => void, offset: number) => {
    f.get(dx);
    load(dx, offset);
    f.get(gradient, mine).do('v128.and', 'f32x4.add');
    store(offset);
  };
  /** Equal to the largest, or NaN: then the largest is NaN, too. */
  const isLargest = (v: Local) => f.get(v, most).do('f32x4.eq').get(v, v).do('f32x4.ne', 'v128.or');
  const take = () => f.get(free).do('v128.and').set(mine).get(free, mine).do('v128.not', 'v128.and').set(free);
  const border = () => {
    // One vector of channels after another, twice over the taps: the largest, then its first place.
    f.i32(0).set(channel);
    placeDy();
    eachChannel(f, g.c, [dy, channel], ({ load, store }) => {
      const visit = (body: () => void) =>
        eachTap(f, g, item, i, j, (pixel) => {
          f.get(pixel, channel).do('i32.add').set(at);
          address(f, p, 0, at, x);
          body();
        });
      f.constant(Number.NEGATIVE_INFINITY).set(most).constant(-1, 'i32').set(free);
      load(dy);
      f.set(gradient);
      visit(() => {
        f.get(most);
        load(x);
        f.do('f32x4.max').set(most);
      });
      visit(() => {
        load(x);
        f.set(value);
        isLargest(value);
        take();
        address(f, p, 2, at, dx);
        give(load, store, 0);
      });
    });
  };
  f.i32(g.oh).set(lines);
  f.get(begin).range(item, end, 1, () => {
    f.get(p)
      .memory('i32.load', 8)
      .times(item, g.h * g.w * g.c * 4)
      .do('i32.add')
      .set(dx);
    zeroRun(f, dx, g.h * g.w * g.c);
    f.i32(0).range(i, lines, 1, () => {
      eachWindow(
        f,
        g,
        item,
        i,
        j,
        (pixel) => {
          if (values.length === 0) {
            border();
            return;
          }
          placeDy();
          address(f, p, 0, pixel, x);
          address(f, p, 2, pixel, dx);
          eachChannel(f, g.c, [dy, dx, x], ({ load, store }) => {
            load(dy);
            f.set(gradient);
            for (const { tap, offset } of tapsOf(g)) {
              load(x, offset);
              f.tee(values[tap]);
              if (tap > 0) f.get(most).do('f32x4.max');
              f.set(most);
            }
            f.constant(-1, 'i32').set(free);
            for (const { tap, offset } of tapsOf(g)) {
              isLargest(values[tap]);
              take();
              give(load, store, offset);
            }
          });
        },
        border,
      );
    });
  });
  return { kernel: { f, items: g.n }, perThread: 0 };
};
