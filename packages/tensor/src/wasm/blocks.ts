/**
 * What kernels over blocks of rows share: how many rows a block has, a thread's own scratch, the product of a block with a
 * packed filter, and the way of its results to their place.
 */
import type { Expression } from '../plan/program.ts';
import type { Func, Local } from './emitter.ts';
import { emitExpression } from './expression.ts';
import type { Tile } from './gemm.ts';
import type { Kernel } from './map.ts';

/** Indices of functions to call. */
export type Calls = { readonly gemm: number; readonly patches: number };

export const up = (n: number, to: number): number => Math.ceil(n / to) * to;

/** Windows in a block: a few hundred kilobytes of them, in whole tiles. */
export const blockOf = (depth: number, { rows }: Tile): number =>
  Math.max(12, Math.min(32, Math.floor(49152 / depth / rows))) * rows;

/** A block that gives every thread the same number of them, where there are few. */
export const evenly = (windows: number, block: number, { rows }: Tile, threads: number): number => {
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
export const finish = (
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
  const [r, row, from, to, i] = f.locals(5);
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
export const own = (
  f: Func,
  p: Local,
  word: number,
  thread: Local,
  floats: number,
  offset: number,
  to: Local,
): void => {
  f.get(p)
    .memory('i32.load', 4 * word)
    .times(thread, floats * 4)
    .do('i32.add')
    .i32(offset * 4)
    .do('i32.add')
    .set(to);
};

/** `count` becomes the rows of the block that begins at row `first`: the last one may have fewer. */
export const rowsInBlock = (f: Func, all: number, first: Local, block: number, count: Local): void => {
  f.i32(all).get(first).do('i32.sub').tee(count);
  f.i32(block).get(count).i32(block).do('i32.lt_s', 'select').set(count);
};

/** [count, depth] at `a` by panels at `panels`, `width` columns in all, to [count, width] at `to`; whole tiles of rows. */
export const multiply = (
  f: Func,
  a: Local,
  panels: Local,
  to: Local,
  count: Local,
  depth: number,
  width: number,
  { rows, columns }: Tile,
  gemm: number,
): void => {
  f.get(a)
    .i32(depth * 4)
    .get(panels)
    .i32(depth * columns * 4)
    .get(to)
    .i32(width * 4);
  f.add(count, rows - 1)
    .i32(rows)
    .do('i32.div_u')
    .i32(width / columns)
    .i32(depth)
    .call(gemm);
};
