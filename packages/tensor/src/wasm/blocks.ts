/**
 * What kernels over blocks of rows share: how many rows a block has, a thread's own scratch, and the product of a block with a
 * packed filter.
 */
import type { Func, Local } from './emitter.ts';
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
