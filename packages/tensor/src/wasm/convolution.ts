/**
 * Convolution and its gradients as matrix products over blocks of windows (implicit GEMM): a block of windows is copied
 * next to one another, multiplied with the packed filter while it is in the cache, and finished into its place.
 */
import type { Expression } from '../plan/program.ts';
import type { Func, Local } from './emitter.ts';
import { emitExpression } from './expression.ts';
import type { Tile } from './gemm.ts';
import { type Kernel, kernel } from './map.ts';
import { addRun, depthOf, type Geometry, isMatrix, rowsOf, zeroRun } from './patches.ts';

/** Indices of functions to call. */
export type Calls = { readonly gemm: number; readonly patches: number };

const up = (n: number, to: number): number => Math.ceil(n / to) * to;
const locals = (f: Func, count: number): Local[] => Array.from({ length: count }, () => f.local());

/** Windows in a block: a few hundred kilobytes of them, in whole tiles. */
export const blockOf = (depth: number, { rows }: Tile): number =>
  Math.max(12, Math.min(32, Math.floor(49152 / depth / rows))) * rows;

/** A block that gives every thread the same number of them, where there are few. */
const evenly = (windows: number, block: number, { rows }: Tile, threads: number): number => {
  const blocks = Math.ceil(windows / block);
  return blocks < 8 * threads ? Math.max(rows, up(Math.ceil(windows / up(blocks, threads)), rows)) : block;
};

/** Copies rows of results `[rows, columns]` with row stride `from` into place, through the epilogue. */
export type Finish = {
  /** Loads are over (row, column). */
  readonly epilogue?: Expression;
  /** Floats between rows of the output. */
  readonly stride: number;
  readonly columns: number;
};

/** Parameters from word `word` on: the output, then the epilogue's loads. `column` is the first column's index. */
const finish = (
  f: Func,
  p: Local,
  word: number,
  { epilogue, stride, columns }: Finish,
  tile: Local,
  tileStride: number,
  row0: Local,
  rows: Local,
  column: Local,
): void => {
  const loads = epilogue?.loads ?? [];
  const [r, row, from, to, i] = locals(f, 5);
  const pointers = loads.map(() => f.local());
  const rowStride = loads.map(({ strides }) => strides[0]);
  const inner = loads.map(({ strides }) => strides[1]);
  const vector = inner.every((s) => s === 0 || s === 1);
  const body = (lanes: 4 | 1) => {
    const accumulator = () => f.get(from).memory(lanes === 4 ? 'v128.load' : 'v128.load32_zero');
    let value: Local;
    if (epilogue) {
      value = emitExpression(f, epilogue.code, {
        load: (k) =>
          f
            .get(pointers[k])
            .memory(inner[k] === 0 ? 'v128.load32_splat' : lanes === 4 ? 'v128.load' : 'v128.load32_zero'),
        accumulator,
      });
    } else {
      value = f.local('v128');
      accumulator();
      f.set(value);
    }
    f.get(to, value);
    if (lanes === 4) f.memory('v128.store');
    else f.storeLane0();
    f.bump(from, 4 * lanes).bump(to, 4 * lanes);
    inner.forEach((s, k) => {
      if (s !== 0) f.bump(pointers[k], 4 * s * lanes);
    });
  };
  f.i32(0).range(r, rows, 1, () => {
    f.get(row0, r).do('i32.add').set(row);
    f.times(r, tileStride * 4)
      .get(tile)
      .do('i32.add')
      .set(from);
    f.get(p)
      .memory('i32.load', 4 * word)
      .times(row, stride * 4)
      .do('i32.add')
      .times(column, 4)
      .do('i32.add')
      .set(to);
    pointers.forEach((q, k) => {
      f.get(p)
        .memory('i32.load', 4 * (word + 1 + k))
        .times(row, rowStride[k] * 4)
        .do('i32.add');
      f.times(column, inner[k] * 4)
        .do('i32.add')
        .set(q);
    });
    const whole = vector ? Math.floor(columns / 4) : 0;
    if (whole > 0) f.count(i, whole, () => body(4));
    if (columns - 4 * whole > 0) f.count(i, columns - 4 * whole, () => body(1));
  });
};

export type ConvPlan = {
  readonly kernel: Kernel;
  /** Floats of scratch for each thread. */
  readonly perThread: number;
};

/** (p, word) + thread * floats: the thread's own scratch. */
const own = (f: Func, p: Local, word: number, thread: Local, floats: number, offset: number, to: Local): void => {
  f.get(p)
    .memory('i32.load', 4 * word)
    .times(thread, floats * 4)
    .do('i32.add')
    .i32(offset * 4)
    .do('i32.add')
    .set(to);
};

/** Parameters: image, panels, scratch, output, epilogue's loads. Item: a block of windows. */
export const convKernel = (
  g: Geometry,
  groups: number,
  perGroup: number,
  tile: Tile,
  calls: Calls,
  threads: number,
  epilogue?: Expression,
): ConvPlan => {
  const { f, p, begin, end, thread } = kernel();
  const rows = rowsOf(g);
  const depth = depthOf(g);
  const block = evenly(rows, blockOf(depth, tile), tile, threads);
  const width = up(perGroup, tile.columns);
  const direct = groups === 1 && isMatrix(g);
  const aFloats = direct ? 0 : up(block * depth + 16, 16);
  const perThread = aFloats + block * width;
  const [item, row0, count, a, t, group, column, panels] = locals(f, 8);
  own(f, p, 2, thread, perThread, 0, a);
  own(f, p, 2, thread, perThread, aFloats, t);
  f.get(begin).range(item, end, 1, () => {
    f.times(item, block).set(row0);
    f.i32(rows).get(row0).do('i32.sub').set(count);
    f.get(count).i32(block).get(count).i32(block).do('i32.lt_s', 'select').set(count);
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
        .times(group, width * depth * 4)
        .do('i32.add')
        .set(panels);
      f.get(a)
        .i32(depth * 4)
        .get(panels)
        .i32(depth * tile.columns * 4)
        .get(t)
        .i32(width * 4);
      f.add(count, tile.rows - 1)
        .i32(tile.rows)
        .do('i32.div_u')
        .i32(width / tile.columns)
        .i32(depth)
        .call(calls.gemm);
      f.times(group, perGroup).set(column);
      finish(f, p, 3, { epilogue, stride: groups * perGroup, columns: perGroup }, t, width, row0, count, column);
    });
  });
  return { kernel: { f, items: Math.ceil(rows / block) }, perThread };
};

/**
 * Gradient to the image where the stride is not 1: dy x filter gives the windows' gradients, which are added back.
 * `g` is the forward geometry. Parameters: dy, panels, scratch, image gradient. Item: one image.
 */
export const scatterKernel = (g: Geometry, groups: number, perGroup: number, tile: Tile, calls: Calls): ConvPlan => {
  const { f, p, begin, end, thread } = kernel();
  const depth = depthOf(g);
  const rows = g.oh * g.ow;
  const block = blockOf(depth + perGroup, tile);
  const width = up(depth, tile.columns);
  const aFloats = up(block * perGroup + 16, 16);
  const perThread = aFloats + block * width;
  const [item, row0, count, a, mine, t, group, panels] = locals(f, 8);
  const [r, i, j, y, x, ky, kx, to, from, all] = locals(f, 10);
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
      f.get(all, row0).do('i32.sub').set(count);
      f.get(count).i32(block).get(count).i32(block).do('i32.lt_s', 'select').set(count);
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
        f.get(a)
          .i32(perGroup * 4)
          .get(panels)
          .i32(perGroup * tile.columns * 4)
          .get(t)
          .i32(width * 4);
        f.add(count, tile.rows - 1)
          .i32(tile.rows)
          .do('i32.div_u')
          .i32(width / tile.columns)
          .i32(perGroup)
          .call(calls.gemm);
        f.i32(0).range(r, count, 1, () => {
          f.get(row0, r).do('i32.add').i32(g.ow).do('i32.rem_u').set(j);
          f.get(row0, r).do('i32.add').i32(g.ow).do('i32.div_u').set(i);
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
                      f.times(item, g.h)
                        .get(y)
                        .do('i32.add')
                        .i32(g.w)
                        .do('i32.mul')
                        .get(x)
                        .do('i32.add')
                        .i32(g.c * 4)
                        .do('i32.mul');
                      f.get(p)
                        .memory('i32.load', 12)
                        .do('i32.add')
                        .times(group, g.ci * 4)
                        .do('i32.add')
                        .set(to);
                      f.times(ky, g.kw)
                        .get(kx)
                        .do('i32.add')
                        .i32(g.ci * 4)
                        .do('i32.mul');
                      f.times(r, width * 4)
                        .do('i32.add')
                        .get(t)
                        .do('i32.add')
                        .set(from);
                      addRun(f, to, from, g.ci);
                    });
                });
              });
          });
        });
      });
    });
  });
  return { kernel: { f, items: g.n }, perThread };
};

export { finish, locals, own, up };
