/**
 * One matrix kernel for every contraction: C[row, column] = sum over segments and k of A[row, segment, k] B[segment, k,
 * column]. A segment is a tap of a filter or a line of an image, within which addresses are linear in k; what lies where is
 * told by the loaders. With shared memory for graphics cards, with registers alone for processors that pretend to be one.
 */
import { u } from './wgsl.ts';

/** How one operand is read. `i` is a WGSL expression for the row or column; variables of the loader end with its suffix. */
export type Loader = {
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
  /** First segment and end for a `z`, where problems are parts of a sum. */
  readonly range?: string;
};

export type Written = { readonly code: string; readonly groups: readonly [number, number, number] };

const indices = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** Each thread keeps `tall` x `wide` sums and reads what it needs. */
const registers = (p: Product, tall: number, wide: number): Written => {
  const [rows, columns] = [indices(tall), indices(wide)];
  const across = 8;
  const code = `
@compute @workgroup_size(${across}, 8) fn main(@builtin(global_invocation_id) id: vec3u) {
let z = id.z;
let column0 = id.x * ${wide}u;
let row0 = id.y * ${tall}u;
if (row0 >= ${u(p.rows)} || column0 >= ${u(p.columns)}) { return; }
${rows.flatMap((i) => columns.map((j) => `var c${i}_${j} = 0.0;`)).join(' ')}
${rows.map((i) => `let r${i} = min(row0 + ${i}u, ${u(p.rows - 1)});`).join(' ')}
${columns.map((j) => `let q${j} = min(column0 + ${j}u, ${u(p.columns - 1)});`).join(' ')}
${p.range ?? `let first = 0u; let end = ${u(p.segments)};`}
for (var s = first; s < end; s++) {
${rows.map((i) => p.a.prepare(`r${i}`, `_r${i}`)).join('\n')}
${columns.map((j) => p.b.prepare(`q${j}`, `_q${j}`)).join('\n')}
for (var k = 0u; k < ${u(p.depth)}; k++) {
${rows.map((i) => `let left${i} = ${p.a.load('k', `_r${i}`)};`).join('\n')}
${columns.map((j) => `let right${j} = ${p.b.load('k', `_q${j}`)};`).join('\n')}
${rows.flatMap((i) => columns.map((j) => `c${i}_${j} = fma(left${i}, right${j}, c${i}_${j});`)).join('\n')}
}
}
${rows
  .flatMap((i) =>
    columns.map((j) => {
      const [row, column] = [`(row0 + ${i}u)`, `(column0 + ${j}u)`];
      return `if (${row} < ${u(p.rows)} && ${column} < ${u(p.columns)}) { let row = ${row}; let column = ${column}; ${p.store('row', 'column', `c${i}_${j}`)} }`;
    }),
  )
  .join('\n')}
}`;
  return {
    code,
    groups: [Math.ceil(p.columns / wide / across), Math.ceil(p.rows / tall / 8), p.count],
  };
};

/** 64 x 64 results of a workgroup from tiles in shared memory; each of 256 threads keeps 4 x 4 sums. */
const shared = (p: Product): Written => {
  const deep = 16;
  const four = indices(4);
  const code = `
var<workgroup> tileA: array<f32, ${64 * deep}>;
var<workgroup> tileB: array<f32, ${64 * deep}>;
@compute @workgroup_size(16, 16) fn main(@builtin(workgroup_id) block: vec3u, @builtin(local_invocation_id) local: vec3u) {
let z = block.z;
let t = local.y * 16u + local.x;
let firstRow = block.y * 64u;
let firstColumn = block.x * 64u;
${four.flatMap((i) => four.map((j) => `var c${i}_${j} = 0.0;`)).join(' ')}
// A: sixteen threads along k, rows 16 apart. B: 64 threads along the columns, k 4 apart.
let ka = t % ${deep}u;
${four.map((i) => `let ra${i} = t / ${deep}u + ${16 * i}u; let r${i} = min(firstRow + ra${i}, ${u(p.rows - 1)});`).join('\n')}
let cb = t % 64u;
let kb = t / 64u;
let q = min(firstColumn + cb, ${u(p.columns - 1)});
${p.range ?? `let first = 0u; let end = ${u(p.segments)};`}
for (var s = first; s < end; s++) {
${four.map((i) => p.a.prepare(`r${i}`, `_r${i}`)).join('\n')}
${p.b.prepare('q', '_q')}
for (var k0 = 0u; k0 < ${u(p.depth)}; k0 += ${deep}u) {
{
let k = min(k0 + ka, ${u(p.depth - 1)});
let inside = k0 + ka < ${u(p.depth)};
${four.map((i) => `tileA[ra${i} * ${deep}u + ka] = select(0.0, ${p.a.load('k', `_r${i}`)}, inside);`).join('\n')}
}
${four
  .map(
    (i) => `{
let kk = kb + ${4 * i}u;
let k = min(k0 + kk, ${u(p.depth - 1)});
tileB[kk * 64u + cb] = select(0.0, ${p.b.load('k', '_q')}, k0 + kk < ${u(p.depth)});
}`,
  )
  .join('\n')}
workgroupBarrier();
for (var k = 0u; k < ${deep}u; k++) {
${four.map((i) => `let left${i} = tileA[(local.y * 4u + ${i}u) * ${deep}u + k];`).join('\n')}
${four.map((j) => `let right${j} = tileB[k * 64u + local.x * 4u + ${j}u];`).join('\n')}
${four.flatMap((i) => four.map((j) => `c${i}_${j} = fma(left${i}, right${j}, c${i}_${j});`)).join('\n')}
}
workgroupBarrier();
}
}
${four
  .flatMap((i) =>
    four.map(
      (j) =>
        `{ let row = firstRow + local.y * 4u + ${i}u; let column = firstColumn + local.x * 4u + ${j}u; if (row < ${u(p.rows)} && column < ${u(p.columns)}) { ${p.store('row', 'column', `c${i}_${j}`)} } }`,
    ),
  )
  .join('\n')}
}`;
  return { code, groups: [Math.ceil(p.columns / 64), Math.ceil(p.rows / 64), p.count] };
};

/** Small products, and adapters on which barriers cost more than they save, do with registers. */
export const product = (p: Product, barriers: boolean): Written => {
  if (barriers && p.rows >= 32 && p.columns >= 16) return shared(p);
  return registers(p, p.rows >= 4 ? 4 : 1, p.columns >= 4 ? 4 : 1);
};
