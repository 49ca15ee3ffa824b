/**
 * Convolution as matrix products over blocks of windows (implicit GEMM): a block of windows is copied next to one another,
 * multiplied with the packed filter while it is in the cache, and finished into its place.
 */
import type { Expression } from '../plan/program.ts';
import { blockOf, type Calls, type ConvPlan, evenly, multiply, own, rowsInBlock, up } from './blocks.ts';
import { finish } from './finish.ts';
import type { Tile } from './gemm.ts';
import { kernel } from './map.ts';
import { depthOf, type Geometry, isMatrix, rowsOf } from './patches.ts';

/**
 * Parameters: image, panels, scratch, output, epilogue's loads. Item: a block of windows. With `batches`, so many matrices one
 * after another, each with panels of its own.
 */
export const convKernel = (
  g: Geometry,
  groups: number,
  perGroup: number,
  tile: Tile,
  calls: Calls,
  threads: number,
  epilogue?: Expression,
  batches = 1,
): ConvPlan => {
  const { f, p, begin, end, thread } = kernel();
  const rows = rowsOf(g);
  const depth = depthOf(g);
  const block = evenly(rows, blockOf(depth, tile), tile, threads);
  const width = up(perGroup, tile.columns);
  const direct = groups === 1 && isMatrix(g);
  const aFloats = direct ? 0 : up(block * depth + 16, 16);
  const perThread = aFloats + block * width;
  const blocks = Math.ceil(rows / block);
  const [item, row0, count, a, t, group, column, panels] = f.locals(8);
  const batch = batches > 1 ? f.local() : undefined;
  own(f, p, 2, thread, perThread, 0, a);
  own(f, p, 2, thread, perThread, aFloats, t);
  f.get(begin).range(item, end, 1, () => {
    if (batch === undefined) {
      f.times(item, block).set(row0);
      rowsInBlock(f, rows, row0, block, count);
    } else {
      f.get(item).i32(blocks).do('i32.div_u').set(batch);
      f.get(item).i32(blocks).do('i32.rem_u').i32(block).do('i32.mul').set(row0);
      rowsInBlock(f, rows, row0, block, count);
      f.times(batch, rows).get(row0).do('i32.add').set(row0);
    }
    f.count(group, groups, () => {
      if (direct)
        f.get(p)
          .memory('i32.load')
          .times(row0, depth * 4)
          .do('i32.add')
          .set(a);
      else
        f.get(p)
          .memory('i32.load')
          .get(a, row0, count)
          .times(group, g.ci * 4)
          .call(calls.patches);
      f.get(p)
        .memory('i32.load', 4)
        .times(batch ?? group, width * depth * 4)
        .do('i32.add')
        .set(panels);
      multiply(f, a, panels, t, count, depth, width, tile, calls.gemm);
      f.times(group, perGroup).set(column);
      finish(f, p, 3, { epilogue, stride: groups * perGroup, columns: perGroup }, t, width, row0, count, column);
    });
  });
  return { kernel: { f, items: batches * blocks }, perThread };
};
