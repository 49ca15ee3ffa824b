/** The two ends of a filter gradient: the product of strips that adds to one tile of sums, and the sum of the splits. */
import { Func, type Local } from './emitter.ts';
import type { Layout } from './filter-layout.ts';
import type { Tile } from './gemm.ts';
import { type Kernel, kernel } from './map.ts';
import type { Geometry } from './patches.ts';

/** (a, b, c, images, lines, width): adds the product of a strip of dy and a strip of x to one tile of sums. */
export const tileFunction = (l: Layout, g: Geometry, { rows, columns, fused }: Tile): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [a, b, c, images, lines, width] = [0, 1, 2, 3, 4, 5];
  const vectors = columns / 4;
  const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.local('v128')));
  const fromB = Array.from({ length: vectors }, () => f.local('v128'));
  const fromA = f.local('v128');
  const [line, left, x, at] = f.locals(4);
  const [stepX, stepLine] = l.windows ? [1, l.inputWidth] : [g.sw, g.sh * l.inputWidth];
  const each = (visit: (v: Local, offset: number) => void) =>
    sums.forEach((row, i) => {
      row.forEach((v, j) => visit(v, (i * columns + 4 * j) * 4));
    });
  each((v, offset) => f.get(c).memory('v128.load', offset).set(v));
  f.repeat(() => {
    f.get(b).set(line).get(lines).set(left);
    f.repeat(() => {
      f.get(line).set(at).get(width).set(x);
      f.repeat(() => {
        fromB.forEach((v, j) =>
          f
            .get(at)
            .memory('v128.load', 16 * j)
            .set(v),
        );
        sums.forEach((row, i) => {
          f.get(a)
            .memory('v128.load32_splat', 4 * i)
            .set(fromA);
          row.forEach((v, j) => {
            if (fused) f.get(fromA, fromB[j], v).do('f32x4.relaxed_madd').set(v);
            else f.get(fromA, fromB[j]).do('f32x4.mul').get(v).do('f32x4.add').set(v);
          });
        });
        f.bump(a, rows * 4)
          .bump(at, stepX * columns * 4)
          .add(x, -1)
          .tee(x);
      });
      f.bump(line, stepLine * columns * 4)
        .add(left, -1)
        .tee(left);
    });
    f.bump(b, l.inputLines * l.inputWidth * columns * 4)
      .add(images, -1)
      .tee(images);
  });
  each((v, offset) => f.get(c, v).memory('v128.store', offset));
  return f;
};

/** Adds the splits, and puts the filters in order. Parameters: parts, filter gradient. Item: one filter. */
export const combineKernel = (l: Layout, groups: number, perGroup: number, { rows, columns }: Tile): Kernel => {
  const { f, p, begin, end } = kernel();
  const [item, from, to, tap, panel] = f.locals(5);
  const ofTile = l.taps * l.panels * rows * columns;
  const between = l.tiles * ofTile * 4;
  const sum = f.local('v128');
  const lone = f.local('f32');
  /** One panel's row, `floats` of it. */
  const add = (floats: number) => {
    for (let k = 0; k < Math.floor(floats / 4); k++) {
      f.get(from)
        .memory('v128.load', 16 * k)
        .set(sum);
      for (let s = 1; s < l.splits; s++)
        f.get(sum)
          .get(from)
          .memory('v128.load', 16 * k + s * between)
          .do('f32x4.add')
          .set(sum);
      f.get(to, sum).memory('v128.store', 16 * k);
    }
    for (let k = floats - (floats % 4); k < floats; k++) {
      f.get(from)
        .memory('f32.load', 4 * k)
        .set(lone);
      for (let s = 1; s < l.splits; s++)
        f.get(lone)
          .get(from)
          .memory('f32.load', 4 * k + s * between)
          .do('f32.add')
          .set(lone);
      f.get(to, lone).memory('f32.store', 4 * k);
    }
    f.bump(to, floats * 4).bump(from, rows * columns * 4);
  };
  const whole = Math.floor(l.channels / columns);
  const rest = l.channels % columns;
  f.get(begin).range(item, end, 1, () => {
    f.get(p)
      .memory('i32.load', 4)
      .times(item, l.taps * l.channels * 4)
      .do('i32.add')
      .set(to);
    f.get(item)
      .i32(perGroup)
      .do('i32.div_u')
      .i32(l.splits * between)
      .do('i32.mul')
      .set(from);
    f.get(item).i32(perGroup).do('i32.rem_u').set(panel);
    f.get(panel)
      .i32(rows)
      .do('i32.div_u')
      .i32(ofTile * 4)
      .do('i32.mul')
      .get(from)
      .do('i32.add');
    f.get(panel)
      .i32(rows)
      .do('i32.rem_u')
      .i32(columns * 4)
      .do('i32.mul', 'i32.add');
    f.get(p).memory('i32.load').do('i32.add').set(from);
    f.count(tap, l.taps, () => {
      f.count(panel, whole, () => add(columns));
      if (rest > 0) add(rest);
    });
  });
  return { f, items: groups * perGroup };
};
