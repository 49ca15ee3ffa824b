/** Convolution's gradient to the image where the stride is not 1: dy x filter gives the windows' gradients, which are added back. */
import { blockOf, type Calls, type ConvPlan, multiply, own, rowsInBlock, up } from './blocks.ts';
import type { Tile } from './gemm.ts';
import { kernel } from './map.ts';
import { addRun, depthOf, type Geometry, zeroRun } from './patches.ts';
import { eachTap } from './windows.ts';

/** `g` is the forward geometry. Parameters: dy, panels, scratch, image gradient. Item: one image. */
export const scatterKernel = (g: Geometry, groups: number, perGroup: number, tile: Tile, calls: Calls): ConvPlan => {
  const { f, p, begin, end, thread } = kernel();
  const depth = depthOf(g);
  const rows = g.oh * g.ow;
  const block = blockOf(depth + perGroup, tile);
  const width = up(depth, tile.columns);
  const aFloats = up(block * perGroup + 16, 16);
  const perThread = aFloats + block * width;
  const [item, row0, count, a, mine, t, group, panels] = f.locals(8);
  const [r, i, j, to, from, all] = f.locals(6);
  own(f, p, 2, thread, perThread, 0, mine);
  own(f, p, 2, thread, perThread, aFloats, t);
  f.i32(rows).set(all);
  f.get(begin).range(item, end, 1, () => {
    f.get(p)
      .memory('i32.load', 12)
      .times(item, g.h * g.w * g.c * 4)
      .do('i32.add')
      .set(to);
    zeroRun(f, to, g.h * g.w * g.c);
    f.i32(0).range(row0, all, block, () => {
      rowsInBlock(f, rows, row0, block, count);
      f.count(group, groups, () => {
        if (groups === 1) {
          f.get(p)
            .memory('i32.load')
            .times(item, rows)
            .get(row0)
            .do('i32.add')
            .i32(perGroup * 4)
            .do('i32.mul', 'i32.add')
            .set(a);
        } else {
          f.get(mine).set(a);
          f.get(p)
            .memory('i32.load')
            .get(a)
            .times(item, rows)
            .get(row0)
            .do('i32.add')
            .get(count)
            .times(group, perGroup * 4)
            .call(calls.patches);
        }
        f.get(p)
          .memory('i32.load', 4)
          .times(group, width * perGroup * 4)
          .do('i32.add')
          .set(panels);
        multiply(f, a, panels, t, count, perGroup, width, tile, calls.gemm);
        f.i32(0).range(r, count, 1, () => {
          f.get(row0, r).do('i32.add').i32(g.ow).do('i32.rem_u').set(j);
          f.get(row0, r).do('i32.add').i32(g.ow).do('i32.div_u').set(i);
          eachTap(f, g, item, i, j, (pixel, tap) => {
            f.get(p)
              .memory('i32.load', 12)
              .get(pixel)
              .do('i32.add')
              .times(group, g.ci * 4)
              .do('i32.add')
              .set(to);
            f.times(r, width * 4)
              .get(t)
              .do('i32.add')
              .times(tap, g.ci * 4)
              .do('i32.add')
              .set(from);
            addRun(f, to, from, g.ci);
          });
        });
      });
    });
  });
  return { kernel: { f, items: g.n }, perThread };
};
