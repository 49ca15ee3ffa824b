/**
 * One matrix kernel for every contraction: C[row, column] = sum over segments and k of A[row, segment, k] B[segment, k,
 * column]. A segment is a tap of a filter or a line of an image, within which addresses are linear in k; what lies where is
 * told by the loaders. With shared memory for graphics cards, with registers alone for processors that pretend to be one.
 * Every tile adds up each result in the same order, with fused multiply-adds: all give the same bits.
 */
import { type Written, widest } from './kernel.ts';
import { u } from './wgsl.ts';

/** How one operand is read. `i` is a WGSL expression for the row or column; variables of the loader end with its suffix. */
export type Loader = {
  /** Where neighbours in memory are: in the depth of the sum, or from line (row or column) to line. */
  readonly along: 'depth' | 'line';
  /** Declares what depends on the row (or column) and the segment `s`. */
  readonly prepare: (i: string, suffix: string) => string;
  /** The element at `k`; 0 outside the image. */
  readonly load: (k: string, suffix: string) => string;
};

export type Product = {
  readonly rows: number;
  readonly columns: number;
  readonly segments: number;
  readonly depth: number;
  /** Problems side by side, `z` in the code. */
  readonly count: number;
  readonly a: Loader;
  readonly b: Loader;
  /** Puts `value` where (row, column) of problem z belongs. */
  readonly store: (row: string, column: string, value: string) => string;
  /** Variables that follow from `z`, for loaders and `store`. */
  readonly problem?: string;
  /** First segment and the end, in those variables, where problems are parts of a sum. */
  readonly range?: string;
  /** Functions that the loaders call. */
  readonly functions?: string;
};

/** Results of a workgroup, and of each of its threads; `deep` steps of the sum lie in shared memory, 0: none do. */
export type Tile = {
  readonly rows: number;
  readonly columns: number;
  readonly deep: number;
  readonly tall: number;
  readonly wide: number;
};

export const indices = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

const wholeRange = (p: Product): string => p.range ?? `let first = 0u; let end = ${u(p.segments)};`;

/** The end of every kernel: called for each result, also for those past the edge. */
export const put = (p: Product): string => `${p.functions ?? ''}
fn put(z: u32, row: u32, column: u32, value: f32) {
if (row >= ${u(p.rows)} || column >= ${u(p.columns)}) { return; }
${p.problem ?? ''}
${p.store('row', 'column', 'value')}
}`;

/** Tiles across and down, and how workgroups are numbered: along three axes, or one after another where an axis is too long. */
const layoutOf = (p: Product, { rows, columns }: Tile) => {
  const [across, down] = [Math.ceil(p.columns / columns), Math.ceil(p.rows / rows)];
  const folds = Math.ceil(down / widest);
  const total = across * down * p.count;
  return { across, down, folds, total, flat: across > widest || p.count * folds > widest };
};

/** Blocks of rows beyond what may lie along one axis lie along the third, problem by problem. */
export const groupsOf = (p: Product, tile: Tile): Written['groups'] => {
  const { across, down, folds, total, flat } = layoutOf(p, tile);
  return flat
    ? [Math.min(total, widest), Math.ceil(total / widest), 1]
    : [across, Math.min(down, widest), p.count * folds];
};
export const blockOf = (p: Product, tile: Tile): string => {
  const { across, down, total, flat } = layoutOf(p, tile);
  if (flat)
    return `
let block_number = block.x + block.y * ${u(widest)};
if (block_number >= ${u(total)}) { return; }
let z = block_number / ${u(across * down)};
let firstRow = block_number / ${u(across)} % ${u(down)} * ${u(tile.rows)};
let firstColumn = block_number % ${u(across)} * ${u(tile.columns)};`;
  return `
let z = block.z % ${u(p.count)};
let firstRow = (block.y + block.z / ${u(p.count)} * ${u(widest)}) * ${u(tile.rows)};
let firstColumn = block.x * ${u(tile.columns)};`;
};

/** Each thread keeps its sums and reads what it needs. */
const registers = (p: Product, tile: Tile): Written => {
  const { tall, wide } = tile;
  const [rows, columns] = [indices(tall), indices(wide)];
  const code = `${put(p)}
@compute @workgroup_size(${tile.columns / wide}, ${tile.rows / tall}) fn main(@builtin(workgroup_id) block: vec3u, @builtin(local_invocation_id) local: vec3u) {
${blockOf(p, tile)}
let column0 = firstColumn + local.x * ${u(wide)};
let row0 = firstRow + local.y * ${u(tall)};
if (row0 >= ${u(p.rows)} || column0 >= ${u(p.columns)}) { return; }
${rows.flatMap((i) => columns.map((j) => `var c${i}_${j} = 0.0;`)).join(' ')}
${rows.map((i) => `let r${i} = min(row0 + ${i}u, ${u(p.rows - 1)});`).join(' ')}
${columns.map((j) => `let q${j} = min(column0 + ${j}u, ${u(p.columns - 1)});`).join(' ')}
${p.problem ?? ''}
${wholeRange(p)}
for (var s = first; s < end; s++) {
${rows.map((i) => p.a.prepare(`r${i}`, `_r${i}`)).join('\n')}
${columns.map((j) => p.b.prepare(`q${j}`, `_q${j}`)).join('\n')}
for (var k = 0u; k < ${u(p.depth)}; k++) {
${rows.map((i) => `let left${i} = ${p.a.load('k', `_r${i}`)};`).join('\n')}
${columns.map((j) => `let right${j} = ${p.b.load('k', `_q${j}`)};`).join('\n')}
${rows.flatMap((i) => columns.map((j) => `c${i}_${j} = fma(left${i}, right${j}, c${i}_${j});`)).join('\n')}
}
}
${rows.flatMap((i) => columns.map((j) => `put(z, row0 + ${i}u, column0 + ${j}u, c${i}_${j});`)).join('\n')}
}`;
  return { code, groups: groupsOf(p, tile) };
};

/**
 * How the threads fill one operand's tile: its elements as vectors of four lines, [depth][lines / 4 + 1] (the one more
 * keeps threads out of each other's memory banks). Neighbouring threads read neighbours in memory.
 */
const filling = (name: string, loader: Loader, extent: number, most: number, first: string, p: Product, tile: Tile) => {
  const { deep } = tile;
  const threads = (tile.rows / tile.tall) * (tile.columns / tile.wide);
  const quads = extent / 4;
  const inDepth = loader.along === 'depth';
  const turns = indices(Math.ceil((quads * deep) / threads));
  const spare = turns.length * threads > quads * deep;
  const at = (n: number) => {
    const item = `(t + ${u(n * threads)})`;
    return inDepth
      ? { quad: `${item} / ${u(deep)}`, k: `${item} % ${u(deep)}` }
      : { quad: `${item} % ${u(quads)}`, k: `${item} / ${u(quads)}` };
  };
  // Turns differ in their lines only where the depth is what neighbours share.
  const sets = inDepth ? turns : [0];
  const four = indices(4);
  const suffix = (n: number, i: number): string => `_${name}${inDepth ? n : 0}_${i}`;
  return {
    lines: sets
      .flatMap((n) =>
        four.map((i) => `let ${name}${n}_${i} = min(${first} + ${at(n).quad} * 4u + ${i}u, ${u(most - 1)});`),
      )
      .join('\n'),
    prepare: sets.flatMap((n) => four.map((i) => loader.prepare(`${name}${n}_${i}`, suffix(n, i)))).join('\n'),
    fill: turns
      .map(
        (n) => `${spare ? `if (t + ${u(n * threads)} < ${u(quads * deep)}) ` : ''}{
let kk = ${at(n).k};
let k = min(k0 + kk, ${u(p.depth - 1)});
let four = vec4f(${four.map((i) => loader.load('k', suffix(n, i))).join(', ')});
tile_${name}[kk * ${u(quads + 1)} + ${at(n).quad}] = select(vec4f(), four, k0 + kk < ${u(p.depth)});
}`,
      )
      .join('\n'),
    declaration: `var<workgroup> tile_${name}: array<vec4f, ${(quads + 1) * deep}>;`,
  };
};

/** One operand's part of a kernel: what is made once, in each segment, and before each tile. */
export type Filling = { readonly lines: string; readonly prepare: string; readonly fill: string };

/** The whole sum, so many steps of the depth at a time: `work` finds the tiles of both operands in shared memory. */
export const overTiles = (p: Product, deep: number, [a, b]: readonly [Filling, Filling], work: string): string =>
  `${a.lines}
${b.lines}
${p.problem ?? ''}
${wholeRange(p)}
for (var s = first; s < end; s++) {
${a.prepare}
${b.prepare}
for (var k0 = 0u; k0 < ${u(p.depth)}; k0 += ${u(deep)}) {
${a.fill}
${b.fill}
workgroupBarrier();
${work}
workgroupBarrier();
}
}`;

/** Results of a workgroup from tiles in shared memory; a thread's are in blocks of 4 x 4, far apart. */
const shared = (p: Product, tile: Tile): Written => {
  const { rows, columns, deep, tall, wide } = tile;
  const [down, across] = [indices(tall / 4), indices(wide / 4)];
  const [threadsDown, threadsAcross] = [rows / tall, columns / wide];
  const a = filling('a', p.a, rows, p.rows, 'firstRow', p, tile);
  const b = filling('b', p.b, columns, p.columns, 'firstColumn', p, tile);
  const each = down.flatMap((g) => indices(4).flatMap((i) => across.map((h) => [g, i, h] as const)));
  const code = `${a.declaration}
${b.declaration}
${put(p)}
@compute @workgroup_size(${threadsAcross}, ${threadsDown}) fn main(@builtin(workgroup_id) block: vec3u, @builtin(local_invocation_id) local: vec3u) {
${blockOf(p, tile)}
let t = local.y * ${u(threadsAcross)} + local.x;
${each.map(([g, i, h]) => `var c${g}_${i}_${h} = vec4f();`).join(' ')}
${overTiles(
  p,
  deep,
  [a, b],
  `for (var k = 0u; k < ${u(deep)}; k++) {
${down.map((g) => `let left${g} = tile_a[k * ${u(rows / 4 + 1)} + ${u(g * threadsDown)} + local.y];`).join('\n')}
${across.map((h) => `let right${h} = tile_b[k * ${u(columns / 4 + 1)} + ${u(h * threadsAcross)} + local.x];`).join('\n')}
${each.map(([g, i, h]) => `c${g}_${i}_${h} = fma(vec4f(left${g}.${'xyzw'[i]}), right${h}, c${g}_${i}_${h});`).join('\n')}
}`,
)}
${each
  .flatMap(([g, i, h]) =>
    indices(4).map(
      (j) =>
        `put(z, firstRow + ${u(4 * g * threadsDown + i)} + 4u * local.y, firstColumn + ${u(4 * h * threadsAcross + j)} + 4u * local.x, c${g}_${i}_${h}.${'xyzw'[j]});`,
    ),
  )
  .join('\n')}
}`;
  return { code, groups: groupsOf(p, tile) };
};

const tileOf = (rows: number, columns: number, deep: number, tall: number, wide: number): Tile => ({
  rows,
  columns,
  deep,
  tall,
  wide,
});

/** Of graphics cards. */
const tiles = [
  tileOf(128, 128, 8, 8, 8),
  tileOf(128, 64, 16, 8, 4),
  tileOf(64, 128, 16, 4, 8),
  tileOf(64, 64, 16, 4, 4),
  tileOf(64, 64, 8, 8, 8),
  tileOf(128, 32, 16, 4, 4),
  tileOf(32, 64, 16, 4, 4),
  tileOf(32, 32, 16, 4, 4),
  tileOf(128, 16, 16, 4, 4),
] as const;

/** Workgroups that keep a large card busy. */
const plenty = 256;

/** What a tile is worth: the share of its work that counts, how many processors it reaches, how often it uses what it reads. */
export const worth = (p: Product, tile: Tile): number => {
  const [x, y, z] = [Math.ceil(p.columns / tile.columns), Math.ceil(p.rows / tile.rows), p.count];
  const useful = (p.rows * p.columns) / (x * y * tile.rows * tile.columns);
  const steps = Math.ceil(p.depth / tile.deep) * tile.deep;
  const reuse = (down: number, across: number): number => (down * across) / (down + across);
  const cheap = reuse(tile.tall, tile.wide) ** 0.5 * reuse(tile.rows, tile.columns) ** 0.25;
  return useful * (p.depth / steps) * Math.min(1, (x * y * z) / plenty) * cheap;
};

/**
 * The tiles to choose from, the likeliest first. Small products, and adapters on which barriers cost more than they save,
 * do with registers.
 */
export const tilesFor = (p: Product, barriers: boolean): readonly Tile[] => {
  const [tall, wide] = [p.rows >= 4 ? 4 : 1, p.columns >= 4 ? 4 : 1];
  const simple = tileOf(8 * tall, 8 * wide, 0, tall, wide);
  if (!barriers || p.rows < 32 || p.columns < 16) return [simple];
  return [...[...tiles].sort((a, b) => worth(p, b) - worth(p, a)), simple];
};

export const tileName = ({ rows, columns, deep, tall, wide }: Tile): string =>
  `${rows}x${columns}x${deep} by ${tall}x${wide}`;

/** Products of one name are fastest with the same tile, or nearly: rows are told to the nearest power of two. */
export const problemName = ({ rows, columns, segments, depth, count, a, b }: Product): string =>
  `${2 ** Math.round(Math.log2(rows))}x${columns} of ${segments}x${depth} times ${count}, ${a.along} ${b.along}`;

export const product = (p: Product, tile: Tile): Written => (tile.deep === 0 ? registers(p, tile) : shared(p, tile));
