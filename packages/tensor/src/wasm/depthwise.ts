/** Convolution with one filter for each channel, and its gradients; weights come as `[taps, channels]`. */
import { type ConvPlan, type Finish, finish, locals, own } from './convolution.ts';
import type { Func, Local } from './emitter.ts';
import { kernel } from './map.ts';
import { type Geometry, zeroRun } from './patches.ts';
import { eachTap } from './windows.ts';

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
