/** Convolution with one filter for each channel, and its gradients; weights come as `[taps, channels]`. */
import { type ConvPlan, type Finish, finish, locals, own } from './convolution.ts';
import type { Func, Local } from './emitter.ts';
import { kernel } from './map.ts';
import { type Geometry, zeroRun } from './patches.ts';

/** to += x * y over `count` floats; all three are lost. */
const multiplyAdd = (f: Func, to: Local, x: Local, y: Local, count: number): void => {
  const i = f.local();
  f.count(i, Math.floor(count / 4), () => {
    f.get(to, x).memory('v128.load').get(y).memory('v128.load').do('f32x4.mul').get(to).memory('v128.load');
    f.do('f32x4.add').memory('v128.store').bump(to, 16).bump(x, 16).bump(y, 16);
  });
  for (let k = 0; k < count % 4; k++) {
    f.get(to, x)
      .memory('f32.load', 4 * k)
      .get(y)
      .memory('f32.load', 4 * k)
      .do('f32.mul');
    f.get(to)
      .memory('f32.load', 4 * k)
      .do('f32.add')
      .memory('f32.store', 4 * k);
  }
};

/** Visits the taps of window (image, i, j) inside the image: `body` sees byte offsets of the pixel and of the tap's weights. */
const eachTap = (
  f: Func,
  g: Geometry,
  image: Local,
  i: Local,
  j: Local,
  body: (pixel: Local, tap: Local) => void,
): void => {
  const [ky, kx, y, x, pixel, tap] = locals(f, 6);
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
              f.times(image, g.h)
                .get(y)
                .do('i32.add')
                .i32(g.w)
                .do('i32.mul')
                .get(x)
                .do('i32.add')
                .i32(g.c * 4)
                .do('i32.mul')
                .set(pixel);
              f.times(ky, g.kw)
                .get(kx)
                .do('i32.add')
                .i32(g.c * 4)
                .do('i32.mul')
                .set(tap);
              body(pixel, tap);
            });
        });
      });
  });
};

/** Parameters: image, weights, scratch, output, epilogue's loads. Item: one line of one image's output. */
export const depthwiseKernel = (g: Geometry, epilogue: Finish['epilogue']): ConvPlan => {
  const { f, p, begin, end, thread } = kernel();
  const perThread = g.ow * g.c + 16;
  const [item, image, i, j, line, to, x, y, row0, count, column, stop] = locals(f, 12);
  own(f, p, 2, thread, perThread, 0, line);
  f.i32(g.ow).set(stop);
  f.get(begin).range(item, end, 1, () => {
    f.get(item).i32(g.oh).do('i32.div_u').set(image);
    f.get(item).i32(g.oh).do('i32.rem_u').set(i);
    f.get(line).set(to);
    zeroRun(f, to, g.ow * g.c);
    f.i32(0).range(j, stop, 1, () => {
      eachTap(f, g, image, i, j, (pixel, tap) => {
        f.times(j, g.c * 4)
          .get(line)
          .do('i32.add')
          .set(to);
        f.get(p).memory('i32.load').get(pixel).do('i32.add').set(x);
        f.get(p).memory('i32.load', 4).get(tap).do('i32.add').set(y);
        multiplyAdd(f, to, x, y, g.c);
      });
    });
    f.times(item, g.ow).set(row0).i32(g.ow).set(count).i32(0).set(column);
    finish(f, p, 3, { epilogue, stride: g.c, columns: g.c }, line, g.c, row0, count, column);
  });
  return { kernel: { f, items: g.n * g.oh }, perThread };
};

/** Parameters: dy, weights, image gradient. Item: one image. */
export const depthwiseInputKernel = (g: Geometry): ConvPlan => {
  const { f, p, begin, end } = kernel();
  const [item, at, i, j, to, x, y, rows, columns] = locals(f, 9);
  f.i32(g.oh).set(rows).i32(g.ow).set(columns);
  f.get(begin).range(item, end, 1, () => {
    f.get(p)
      .memory('i32.load', 8)
      .times(item, g.h * g.w * g.c * 4)
      .do('i32.add')
      .set(to);
    zeroRun(f, to, g.h * g.w * g.c);
    f.i32(0).range(i, rows, 1, () => {
      f.i32(0).range(j, columns, 1, () => {
        f.times(item, g.oh)
          .get(i)
          .do('i32.add')
          .i32(g.ow)
          .do('i32.mul')
          .get(j)
          .do('i32.add')
          .i32(g.c * 4)
          .do('i32.mul')
          .set(at);
        eachTap(f, g, item, i, j, (pixel, tap) => {
          f.get(p).memory('i32.load', 8).get(pixel).do('i32.add').set(to);
          f.get(p).memory('i32.load').get(at).do('i32.add').set(x);
          f.get(p).memory('i32.load', 4).get(tap).do('i32.add').set(y);
          multiplyAdd(f, to, x, y, g.c);
        });
      });
    });
  });
  return { kernel: { f, items: g.n }, perThread: 0 };
};

/** Parameters: image, dy, parts `[n, taps, c]`. Item: one image. */
export const depthwiseFilterKernel = (g: Geometry): ConvPlan => {
  const { f, p, begin, end } = kernel();
  const size = g.kh * g.kw * g.c;
  const [item, at, part, i, j, to, x, y, rows, columns] = locals(f, 10);
  f.i32(g.oh).set(rows).i32(g.ow).set(columns);
  f.get(begin).range(item, end, 1, () => {
    f.get(p)
      .memory('i32.load', 8)
      .times(item, size * 4)
      .do('i32.add')
      .tee(part)
      .set(to);
    zeroRun(f, to, size);
    f.i32(0).range(i, rows, 1, () => {
      f.i32(0).range(j, columns, 1, () => {
        f.times(item, g.oh)
          .get(i)
          .do('i32.add')
          .i32(g.ow)
          .do('i32.mul')
          .get(j)
          .do('i32.add')
          .i32(g.c * 4)
          .do('i32.mul')
          .set(at);
        eachTap(f, g, item, i, j, (pixel, tap) => {
          f.get(part, tap).do('i32.add').set(to);
          f.get(p).memory('i32.load').get(pixel).do('i32.add').set(x);
          f.get(p).memory('i32.load', 4).get(at).do('i32.add').set(y);
          multiplyAdd(f, to, x, y, g.c);
        });
      });
    });
  });
  return { kernel: { f, items: g.n }, perThread: 0 };
};

/** Parameters: image, output. Item: one line of one image's output. */
export const maxPoolKernel = (g: Geometry): ConvPlan => {
  const { f, p, begin, end } = kernel();
  const [item, image, i, j, to, from, k, stop] = locals(f, 8);
  const start = (at: Local, vector: boolean) => {
    f.get(at).constant(Number.NEGATIVE_INFINITY);
    if (vector) f.memory('v128.store');
    else f.storeLane0();
  };
  f.i32(g.ow).set(stop);
  f.get(begin).range(item, end, 1, () => {
    f.get(item).i32(g.oh).do('i32.div_u').set(image);
    f.get(item).i32(g.oh).do('i32.rem_u').set(i);
    f.i32(0).range(j, stop, 1, () => {
      const place = () => {
        f.get(p)
          .memory('i32.load', 4)
          .times(item, g.ow * g.c * 4)
          .do('i32.add')
          .times(j, g.c * 4)
          .do('i32.add')
          .set(to);
      };
      place();
      f.count(k, Math.floor(g.c / 4), () => {
        start(to, true);
        f.bump(to, 16);
      });
      f.count(k, g.c % 4, () => {
        start(to, false);
        f.bump(to, 4);
      });
      eachTap(f, g, image, i, j, (pixel) => {
        place();
        f.get(p).memory('i32.load').get(pixel).do('i32.add').set(from);
        f.count(k, Math.floor(g.c / 4), () => {
          f.get(to).get(to).memory('v128.load').get(from).memory('v128.load').do('f32x4.max').memory('v128.store');
          f.bump(to, 16).bump(from, 16);
        });
        f.count(k, g.c % 4, () => {
          f.get(to)
            .get(to)
            .memory('v128.load32_zero')
            .get(from)
            .memory('v128.load32_zero')
            .do('f32x4.max')
            .storeLane0();
          f.bump(to, 4).bump(from, 4);
        });
      });
    });
  });
  return { kernel: { f, items: g.n * g.oh }, perThread: 0 };
};

/** Parameters: image, dy, image gradient. Item: one image. The first largest element of a window takes its gradient. */
export const maxPoolGradKernel = (g: Geometry): ConvPlan => {
  const { f, p, begin, end } = kernel();
  const [item, i, j, k, dy, to, best, at, rows, columns, channels] = locals(f, 11);
  const [most, value] = [f.local('f32'), f.local('f32')];
  f.i32(g.oh)
    .set(rows)
    .i32(g.ow)
    .set(columns)
    .i32(g.c * 4)
    .set(channels);
  f.get(begin).range(item, end, 1, () => {
    f.get(p)
      .memory('i32.load', 8)
      .times(item, g.h * g.w * g.c * 4)
      .do('i32.add')
      .set(to);
    zeroRun(f, to, g.h * g.w * g.c);
    f.get(p)
      .memory('i32.load', 4)
      .times(item, g.oh * g.ow * g.c * 4)
      .do('i32.add')
      .set(dy);
    f.i32(0).range(i, rows, 1, () => {
      f.i32(0).range(j, columns, 1, () => {
        f.i32(0).range(k, channels, 4, () => {
          f.i32(-1).set(best).f32(Number.NEGATIVE_INFINITY).set(most);
          eachTap(f, g, item, i, j, (pixel) => {
            f.get(pixel, k).do('i32.add').set(at);
            f.get(p).memory('i32.load').get(at).do('i32.add').memory('f32.load').set(value);
            f.get(value, most)
              .do('f32.gt')
              .get(best)
              .i32(0)
              .do('i32.lt_s', 'i32.or')
              .when(() => {
                f.get(value).set(most).get(at).set(best);
              });
          });
          f.get(best)
            .i32(0)
            .do('i32.ge_s')
            .when(() => {
              f.get(p).memory('i32.load', 8).get(best).do('i32.add').tee(to);
              f.get(to).memory('f32.load').get(dy).memory('f32.load').do('f32.add').memory('f32.store');
            });
          f.bump(dy, 4);
        });
      });
    });
  });
  return { kernel: { f, items: g.n }, perThread: 0 };
};
