/**
 * 3 x 3 convolution of stride 1 by Winograd's minimal filtering (Lavin & Gray 2016): tiles of m x m results are computed
 * from (m + 2)² products for every channel and filter in place of 9 m².
 */
import type { Expression } from '../plan/program.ts';
import { type Calls, type ConvPlan, own, rowsInBlock, up } from './blocks.ts';
import { Func } from './emitter.ts';
import { finish } from './finish.ts';
import type { Tile } from './gemm.ts';
import { type Kernel, kernel } from './map.ts';
import type { FilterOrder, Geometry } from './patches.ts';
import { blocking, seconds, squares } from './winograd-cost.ts';
import { emit2d, f2, f4, type Variant } from './winograd-transform.ts';

/** Bytes between the matrices of a transformed array: an odd number of cache lines, so that they do not evict one another. */
const apart = (floats: number): number => {
  const lines = Math.ceil(floats / 16);
  return (lines % 2 === 0 ? lines + 1 : lines) * 64;
};

/** (from, to): one window of the image for all its channels. */
const imageFunction = ({ image }: Variant, channels: number, line: number, between: number, fused: boolean): Func => {
  const f = new Func(['i32', 'i32']);
  const [from, to, i] = [0, 1, f.local()];
  f.count(i, Math.ceil(channels / 4), () => {
    emit2d(
      f,
      image,
      fused,
      (y, x) => f.get(from).memory('v128.load', y * line + x * channels * 4),
      (y, x, value) => f.get(to, value).memory('v128.store', (y * image.to + x) * between),
    );
    f.bump(from, 16).bump(to, 16);
  });
  return f;
};

/** (from, to): one tile of results, `[m * m, columns]`. */
const resultFunction = ({ result }: Variant, columns: number, between: number, fused: boolean): Func => {
  const f = new Func(['i32', 'i32']);
  const [from, to, i] = [0, 1, f.local()];
  f.count(i, columns / 4, () => {
    emit2d(
      f,
      result,
      fused,
      (y, x) => f.get(from).memory('v128.load', (y * result.from + x) * between),
      (y, x, value) => f.get(to, value).memory('v128.store', (y * result.to + x) * columns * 4),
    );
    f.bump(from, 16).bump(to, 16);
  });
  return f;
};

/** Parameters: filter, transformed filter `[(m + 2)²][panel][channels, width]`. Item: one panel. */
const filterKernel = ({ filter }: Variant, o: FilterOrder, width: number, between: number, fused: boolean): Kernel => {
  const { f, p, begin, end } = kernel();
  const [item, channel, column, from, to, first, stop] = f.locals(7);
  f.i32(width).set(stop);
  f.get(begin).range(item, end, 1, () => {
    f.count(channel, o.channels, () => {
      f.get(p)
        .memory('i32.load', 4)
        .times(item, o.channels)
        .get(channel)
        .do('i32.add')
        .i32(width * 4);
      f.do('i32.mul', 'i32.add').set(to);
      f.i32(0).range(column, stop, 4, () => {
        // Columns beyond the last repeat it: nobody reads their results.
        f.times(item, width)
          .get(column)
          .do('i32.add')
          .tee(first)
          .i32(o.columns - 4);
        f.get(first)
          .i32(o.columns - 4)
          .do('i32.lt_s', 'select')
          .set(first);
        f.get(p)
          .memory('i32.load')
          .i32(o.offset * 4)
          .do('i32.add');
        f.times(first, o.columnStride * 4)
          .do('i32.add')
          .times(channel, o.channelStride * 4)
          .do('i32.add')
          .set(from);
        emit2d(
          f,
          filter,
          fused,
          (y, x) => {
            const tap = (y * filter.from + x) * o.tapStride * 4;
            const at = f.local();
            f.add(from, tap).set(at);
            if (o.columnStride === 1) f.get(at).memory('v128.load');
            else {
              f.get(at).memory('v128.load32_zero');
              for (let lane = 1; lane < 4; lane++)
                f.get(at)
                  .memory('f32.load', lane * o.columnStride * 4)
                  .replace('f32', lane);
            }
          },
          (y, x, value) => f.get(to, value).memory('v128.store', (y * filter.to + x) * between),
        );
        f.bump(to, 16);
      });
    });
  });
  return { f, items: Math.ceil(o.columns / width) };
};

/** A variant fitted to a shape. */
export type Winograd = {
  readonly filter: (order: FilterOrder) => { readonly kernel: Kernel; readonly floats: number };
  readonly convolution: (
    calls: Calls,
    addFunction: (f: Func) => number,
    threads: number,
    epilogue?: Expression,
  ) => ConvPlan;
};

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: it writes one kernel, in the order in which it runs
const winograd = (v: Variant, g: Geometry, filters: number, tile: Tile): Winograd => {
  const { rows, columns, fused } = tile;
  const { m } = v;
  const [across, count] = [m + 2, squares(v)];
  const betweenFilters = apart(Math.ceil(filters / columns) * columns * g.c);
  return {
    filter: (order) => ({
      kernel: filterKernel(v, order, columns, betweenFilters, fused),
      floats: (count * betweenFilters) / 4,
    }),
    // biome-ignore lint/complexity/noExcessiveLinesPerFunction: it writes one kernel, in the order in which it runs
    convolution: (calls, addFunction, threads, epilogue) => {
      const { total, block, blocks, chunks, panels } = blocking(v, g, filters, tile, threads);
      const width = panels * columns;
      const [betweenImages, betweenResults] = [apart(block * g.c), apart(block * width)];
      const imageFloats = (count * betweenImages) / 4 + 16;
      const resultFloats = (count * betweenResults) / 4 + 16;
      const patchFloats = up(count * g.c + 16, 16);
      const perThread = imageFloats + resultFloats + patchFloats + m * m * width + 16;
      const inside = addFunction(imageFunction(v, g.c, g.w * g.c * 4, betweenImages, fused));
      const border = addFunction(imageFunction(v, g.c, across * g.c * 4, betweenImages, fused));
      const result = addFunction(resultFunction(v, width, betweenResults, fused));
      const [down, wide] = [Math.ceil(g.oh / m), Math.ceil(g.ow / m)];

      const { f, p, begin, end, thread } = kernel();
      const [item, first, tiles, t, index, image, ty, tx, y, x, to, chunk] = f.locals(12);
      const [images, results, patch, done, xi, row0, have, line, column, place] = f.locals(10);
      own(f, p, 2, thread, perThread, 0, images);
      own(f, p, 2, thread, perThread, imageFloats, results);
      own(f, p, 2, thread, perThread, imageFloats + resultFloats, patch);
      own(f, p, 2, thread, perThread, imageFloats + resultFloats + patchFloats, done);
      const locate = () => {
        f.get(first, t).do('i32.add').tee(index).i32(wide).do('i32.rem_u').set(tx);
        f.get(index).i32(wide).do('i32.div_u').i32(down).do('i32.rem_u').set(ty);
        f.get(index)
          .i32(wide * down)
          .do('i32.div_u')
          .set(image);
      };
      f.get(begin).range(item, end, 1, () => {
        f.get(item).i32(chunks).do('i32.rem_u').set(chunk);
        f.get(item).i32(chunks).do('i32.div_u').i32(block).do('i32.mul').set(first);
        rowsInBlock(f, total, first, block, tiles);
        f.i32(0).range(t, tiles, 1, () => {
          locate();
          f.times(t, g.c * 4)
            .get(images)
            .do('i32.add')
            .set(to);
          f.times(ty, m).i32(-g.pt).do('i32.add').set(y);
          f.times(tx, m).i32(-g.pl).do('i32.add').set(x);
          f.get(y)
            .i32(Math.max(0, g.h - across + 1))
            .do('i32.lt_u');
          f.get(x)
            .i32(Math.max(0, g.w - across + 1))
            .do('i32.lt_u', 'i32.and');
          f.when(
            () => {
              f.times(image, g.h)
                .get(y)
                .do('i32.add')
                .i32(g.w)
                .do('i32.mul')
                .get(x)
                .do('i32.add')
                .i32(g.c * 4);
              f.do('i32.mul').get(p).memory('i32.load').do('i32.add').get(to).call(inside);
            },
            () => {
              f.get(p).memory('i32.load').get(patch, index).i32(1).i32(0).call(calls.patches);
              f.get(patch, to).call(border);
            },
          );
        });
        f.count(xi, count, () => {
          f.times(xi, betweenImages)
            .get(images)
            .do('i32.add')
            .i32(g.c * 4);
          f.get(p).memory('i32.load', 4).times(xi, betweenFilters).do('i32.add');
          f.times(chunk, width * g.c * 4)
            .do('i32.add')
            .i32(columns * g.c * 4);
          f.times(xi, betweenResults)
            .get(results)
            .do('i32.add')
            .i32(width * 4);
          f.add(tiles, rows - 1)
            .i32(rows)
            .do('i32.div_u')
            .i32(panels)
            .i32(g.c)
            .call(calls.gemm);
        });
        f.times(chunk, width).set(column);
        f.i32(0).range(t, tiles, 1, () => {
          locate();
          f.times(t, width * 4)
            .get(results)
            .do('i32.add')
            .get(done)
            .call(result);
          f.i32(g.ow).times(tx, m).do('i32.sub').set(have);
          f.atMost(have, m);
          f.count(line, m, () => {
            f.times(ty, m).get(line).do('i32.add').tee(y).i32(g.oh).do('i32.lt_s');
            f.when(() => {
              f.times(image, g.oh).get(y).do('i32.add').i32(g.ow).do('i32.mul').times(tx, m).do('i32.add').set(row0);
              f.times(line, m * width * 4)
                .get(done)
                .do('i32.add')
                .set(place);
              const columnsHere = Math.min(width, filters);
              finish(f, p, 3, { epilogue, stride: filters, columns: columnsHere }, place, width, row0, have, column);
            });
          });
        });
      });
      return { kernel: { f, items: blocks * chunks }, perThread };
    },
  };
};

/** Patches of the whole windows, for `Calls.patches`: one for each tile. */
export const tilePatches = (m: number, g: Geometry): Geometry => ({
  ...g,
  kh: m + 2,
  kw: m + 2,
  sh: m,
  sw: m,
  oh: Math.ceil(g.oh / m),
  ow: Math.ceil(g.ow / m),
});

/** Transformed filters that are kept take at most so many floats a layer. */
const budget = 12 << 20;

/** The variant that is worth it, or undefined where windows are as good. `once`: the filter never changes. */
export const chooseWinograd = (
  g: Geometry,
  groups: number,
  filters: number,
  tile: Tile,
  once: boolean,
): (Winograd & { readonly m: number }) | undefined => {
  const fits =
    g.kh === 3 && g.kw === 3 && g.sh === 1 && g.sw === 1 && groups === 1 && filters % 4 === 0 && g.c % 4 === 0;
  if (!fits || g.c < 8 || filters < 8) return undefined;
  const direct =
    (9 * g.n * g.oh * g.ow * g.c * filters) / 48e9 + (9 * g.n * g.oh * g.ow * g.c) / 5e9 + (36 * g.c * filters) / 15e9;
  const [best] = [f4, f2]
    .filter((v) => !once || squares(v) * g.c * filters <= budget)
    .map((v) => ({ v, time: seconds(v, g, filters, once) }))
    .sort((a, b) => a.time - b.time);
  if (!best || best.time > 0.9 * direct) return undefined;
  return { m: best.v.m, ...winograd(best.v, g, filters, tile) };
};
