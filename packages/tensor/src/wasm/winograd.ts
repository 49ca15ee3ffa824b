/**
 * 3 x 3 convolution of stride 1 by Winograd's minimal filtering (Lavin & Gray 2016): tiles of m x m results are computed
 * from (m + 2)² products for every channel and filter in place of 9 m². F(4x4, 3x3) needs a quarter of the arithmetic,
 * F(2x2, 3x3) four ninths with smaller filters.
 */
import type { Expression } from '../plan/program.ts';
import { type Calls, type ConvPlan, finish, own, rowsInBlock, up } from './blocks.ts';
import { Func, type Local } from './emitter.ts';
import type { Tile } from './gemm.ts';
import { type Kernel, kernel } from './map.ts';
import type { FilterOrder, Geometry } from './patches.ts';

/** to = a + factor * b; without `a`, factor * b. Names are registers. */
type Line = readonly [to: string, a: string | undefined, factor: number, b: string];
/** A transform of one dimension: straight code from i0, i1, ... to o0, o1, ... */
type Transform = { readonly from: number; readonly to: number; readonly code: readonly Line[] };

type Variant = { readonly m: 2 | 4; readonly image: Transform; readonly filter: Transform; readonly result: Transform };

const f4: Variant = {
  m: 4,
  image: {
    from: 6,
    to: 6,
    code: [
      ['a', 'i4', -4, 'i2'],
      ['b', 'i3', -4, 'i1'],
      ['c', 'i4', -1, 'i2'],
      ['d', 'i3', -1, 'i1'],
      ['e', 'i4', 4, 'i0'],
      ['f', 'i5', 4, 'i1'],
      ['o0', 'e', -5, 'i2'],
      ['o1', 'a', 1, 'b'],
      ['o2', 'a', -1, 'b'],
      ['o3', 'c', 2, 'd'],
      ['o4', 'c', -2, 'd'],
      ['o5', 'f', -5, 'i3'],
    ],
  },
  filter: {
    from: 3,
    to: 6,
    code: [
      ['s', 'i0', 1, 'i2'],
      ['p', 's', 1, 'i1'],
      ['q', 's', -1, 'i1'],
      ['v', undefined, 1 / 24, 'i0'],
      ['u', 'v', 1 / 6, 'i2'],
      ['o0', undefined, 1 / 4, 'i0'],
      ['o1', undefined, -1 / 6, 'p'],
      ['o2', undefined, -1 / 6, 'q'],
      ['o3', 'u', 1 / 12, 'i1'],
      ['o4', 'u', -1 / 12, 'i1'],
      ['o5', undefined, 1, 'i2'],
    ],
  },
  result: {
    from: 6,
    to: 4,
    code: [
      ['a', 'i1', 1, 'i2'],
      ['b', 'i1', -1, 'i2'],
      ['c', 'i3', 1, 'i4'],
      ['d', 'i3', -1, 'i4'],
      ['e', 'i0', 1, 'a'],
      ['f', 'b', 8, 'd'],
      ['o0', 'e', 1, 'c'],
      ['o1', 'b', 2, 'd'],
      ['o2', 'a', 4, 'c'],
      ['o3', 'f', 1, 'i5'],
    ],
  },
};

const f2: Variant = {
  m: 2,
  image: {
    from: 4,
    to: 4,
    code: [
      ['o0', 'i0', -1, 'i2'],
      ['o1', 'i1', 1, 'i2'],
      ['o2', 'i2', -1, 'i1'],
      ['o3', 'i1', -1, 'i3'],
    ],
  },
  filter: {
    from: 3,
    to: 4,
    code: [
      ['s', 'i0', 1, 'i2'],
      ['p', 's', 1, 'i1'],
      ['q', 's', -1, 'i1'],
      ['o0', undefined, 1, 'i0'],
      ['o1', undefined, 0.5, 'p'],
      ['o2', undefined, 0.5, 'q'],
      ['o3', undefined, 1, 'i2'],
    ],
  },
  result: {
    from: 4,
    to: 2,
    code: [
      ['a', 'i0', 1, 'i1'],
      ['b', 'i1', -1, 'i2'],
      ['o0', 'a', 1, 'i2'],
      ['o1', 'b', -1, 'i3'],
    ],
  },
};

const emit1d = (f: Func, { code, to }: Transform, inputs: readonly Local[], fused: boolean): Local[] => {
  const registers = new Map(inputs.map((local, i) => [`i${i}`, local]));
  for (const [name, a, factor, b] of code) {
    const result = f.local('v128');
    const [x, y] = [a === undefined ? undefined : registers.get(a)!, registers.get(b)!];
    if (x === undefined) {
      f.get(y);
      if (factor !== 1) f.fixed(factor).do('f32x4.mul');
    } else if (factor === 1) f.get(x, y).do('f32x4.add');
    else if (factor === -1) f.get(x, y).do('f32x4.sub');
    else if (fused) f.get(y).fixed(factor).get(x).do('f32x4.relaxed_madd');
    else f.get(y).fixed(factor).do('f32x4.mul').get(x).do('f32x4.add');
    f.set(result);
    registers.set(name, result);
  }
  return Array.from({ length: to }, (_, i) => registers.get(`o${i}`)!);
};

/** T X Tᵀ of a square of vectors: columns first, then row by row as they are stored. */
const emit2d = (
  f: Func,
  t: Transform,
  fused: boolean,
  load: (row: number, column: number) => void,
  store: (row: number, column: number, value: Local) => void,
): void => {
  const columns = Array.from({ length: t.from }, (_, x) => {
    const inputs = Array.from({ length: t.from }, (_, y) => {
      const value = f.local('v128');
      load(y, x);
      f.set(value);
      return value;
    });
    return emit1d(f, t, inputs, fused);
  });
  for (let y = 0; y < t.to; y++) {
    const row = columns.map((column) => column[y]);
    emit1d(f, t, row, fused).forEach((value, x) => store(y, x, value));
  }
};

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

const squares = (v: Variant): number => (v.m + 2) ** 2;
const tilesOf = (v: Variant, g: Geometry): number => g.n * Math.ceil(g.oh / v.m) * Math.ceil(g.ow / v.m);

/** What an item's arrays may take of a core's cache, and what comes from beyond it, in bytes and bytes a second. */
const cache = { bytes: 7 << 18, rate: 15e9 } as const;

/** Seconds of the parts of a convolution on one thread; for choosing, not for telling. */
const timeOf = (v: Variant, channels: number, filters: number, tiles: number) => {
  const size = 4 * squares(v) * channels * filters;
  return {
    products: (squares(v) * tiles * channels * filters) / 48e9,
    images: (squares(v) * tiles * channels) / 3e9,
    results: (1.5 * squares(v) * tiles * filters) / 3e9,
    weights: size > cache.bytes / 2 ? size / cache.rate : 0,
    size,
  };
};

/**
 * Tiles worked on together, and the strips of filters that one item takes of all of them: every block reads the filters
 * again, every strip transforms the image again, and the threads should end together.
 */
const blocking = (v: Variant, g: Geometry, filters: number, { rows, columns }: Tile, threads: number) => {
  const total = tilesOf(v, g);
  const panels = Math.ceil(filters / columns);
  const strips =
    filters % columns === 0 ? Array.from({ length: panels }, (_, i) => i + 1).filter((d) => panels % d === 0) : [1];
  let best = { time: Number.POSITIVE_INFINITY, block: 0, chunks: 1 };
  const most = Math.min(Math.ceil(total / rows), Math.ceil(256 / rows));
  for (let tall = Math.min(most, Math.ceil(12 / rows)); tall <= most; tall++) {
    const block = tall * rows;
    const blocks = Math.ceil(total / block);
    for (const chunks of strips) {
      const width = (panels / chunks) * columns;
      const { products, images, results, weights } = timeOf(v, g.c, width, block);
      const beyond = Math.max(0, 4 * squares(v) * block * (g.c + width) - cache.bytes);
      const item = products + images + results + weights + (2 * beyond) / cache.rate;
      const time = item * Math.ceil((blocks * chunks) / threads);
      if (time < best.time) best = { time, block, chunks };
    }
  }
  const { block, chunks } = best;
  return { block, blocks: Math.ceil(total / block), chunks, panels: panels / chunks, total };
};

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
  ...{ kh: m + 2, kw: m + 2, sh: m, sw: m, oh: Math.ceil(g.oh / m), ow: Math.ceil(g.ow / m) },
});

const seconds = (v: Variant, g: Geometry, filters: number, once: boolean): number => {
  const { products, images, results, size } = timeOf(v, g.c, filters, tilesOf(v, g));
  return products + images + results + size / cache.rate + (once ? 0 : size / 4.8e9);
};

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
