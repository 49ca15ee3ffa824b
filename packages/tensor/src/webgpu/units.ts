/**
 * Matrix units: fragments of a product that a subgroup of threads computes with one instruction, from factors of 16 bits,
 * with sums of 32 (WGSL's `chromium_experimental_subgroup_matrix`, Vulkan's VK_KHR_cooperative_matrix). Every tile adds up
 * each result in the same order: all give the same bits.
 */
import { blockOf, groupsOf, indices, type Loader, overTiles, type Product, put, type Tile, worth } from './gemm.ts';
import type { Written } from './kernel.ts';
import { u } from './wgsl.ts';

/** Fragments of m x n results, k steps of the sum at a time, and how many threads compute one together. */
export type Units = {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly subgroup: number;
  /** Whether a kernel may say how large its subgroups are to be. */
  readonly sized: boolean;
  /** In shared memory, and threads of a workgroup: what the adapter allows. */
  readonly maxBytes: number;
  readonly maxThreads: number;
};

const needed = ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'];
const sizing = 'subgroup-size-control';

/** Features that a device needs for them, */
export const unitFeatures = ({ sized }: Units): readonly string[] => [...needed, ...(sized ? [sizing] : [])];

/** and what is to be written before a program that uses them. */
const directivesFor = ({ sized }: Units): string =>
  [
    'enable f16;',
    'enable subgroups;',
    ...(sized ? ['enable subgroup_size_control;'] : []),
    'enable chromium_experimental_subgroup_matrix;',
    'diagnostic(off, chromium.subgroup_matrix_uniformity);\n',
  ].join('\n');

type Configuration = {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
};

/** Of graphics cards whose subgroups may be of several sizes; the units of all of them do with this one. */
const usual = 32;

/** The largest that an adapter tells of; undefined where it has none, or nobody knows how large its subgroups are. */
export const unitsOf = ({ features, info, limits }: GPUAdapter): Units | undefined => {
  const { subgroupMinSize: least = 0, subgroupMaxSize: most = 0 } = info;
  const sized = features.has(sizing);
  if (!needed.every((name) => features.has(name)) || !(sized || least === most)) return undefined;
  const told = (info as { subgroupMatrixConfigs?: Iterable<Configuration> }).subgroupMatrixConfigs ?? [];
  const [largest] = [...told]
    .filter(({ componentType, resultComponentType }) => componentType === 'f16' && resultComponentType === 'f32')
    .sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K);
  return (
    largest && {
      m: largest.M,
      n: largest.N,
      k: largest.K,
      subgroup: Math.min(most, Math.max(least, usual)),
      sized,
      maxBytes: limits.maxComputeWorkgroupStorageSize,
      maxThreads: limits.maxComputeInvocationsPerWorkgroup,
    }
  );
};

export const unitsName = ({ m, n, k }: Units): string => `matrix units ${m}x${n}x${k}`;

/** Lines of a tile lie so many elements further apart than they are long: out of each other's memory banks, aligned to 16 bytes. */
const apart = 8;
/** Elements that a thread reads next to one another. */
const run = 4;

const threadsOf = (tile: Tile, { subgroup }: Units): number =>
  (tile.rows / tile.tall) * (tile.columns / tile.wide) * subgroup;

const bytesOf = (tile: Tile, units: Units): number => {
  const { rows, columns, deep } = tile;
  const factors = (rows + columns) * deep + apart * (Math.max(rows, deep) + Math.max(columns, deep));
  const subgroups = threadsOf(tile, units) / units.subgroup;
  return 2 * factors + 4 * subgroups * units.m * units.n;
};

/** Subgroups down and across, and the fragments of each: for large products and for small ones. */
const shapes = [
  { down: 4, across: 2, tall: 2, wide: 4 },
  { down: 2, across: 2, tall: 2, wide: 2 },
  { down: 2, across: 2, tall: 1, wide: 2 },
  { down: 4, across: 1, tall: 1, wide: 1 },
] as const;

/** Tiles to choose from, the likeliest first; `tall` and `wide` tell what a subgroup computes. None for what is too small. */
export const unitTilesFor = (p: Product, units: Units): readonly Tile[] => {
  const { m, n, k, maxBytes, maxThreads } = units;
  if (p.rows < m || p.columns < n || p.depth < k / 2) return [];
  const tiles = shapes.map(({ down, across, tall, wide }): Tile => {
    const [height, width] = [m * tall, n * wide];
    return { rows: height * down, columns: width * across, deep: 2 * k, tall: height, wide: width };
  });
  return tiles
    .filter((tile) => {
      const threads = threadsOf(tile, units);
      const even = [tile.rows, tile.columns].every((extent) => threads % (extent / run) === 0);
      return even && threads <= maxThreads && bytesOf(tile, units) <= maxBytes;
    })
    .sort((a, b) => worth(p, b) - worth(p, a));
};

/**
 * One operand's tile, as its neighbours lie in memory: lines of the depth, or depths of the lines. Threads read runs of
 * neighbours, some of them one after the other; what does not change from turn to turn, or along the depth, is made once.
 */
const operand = (
  name: string,
  loader: Loader,
  extent: number,
  most: number,
  first: string,
  p: Product,
  tile: Tile,
  threads: number,
) => {
  const inDepth = loader.along === 'depth';
  const [long, short] = inDepth ? [tile.deep, extent] : [extent, tile.deep];
  const pitch = long + apart;
  const [runs, runsLong] = [(long / run) * short, long / run];
  const turns = indices(Math.ceil(runs / threads));
  const item = (turn: number): string => `(t + ${u(turn * threads)})`;
  const start = (turn: number): string => `${item(turn)} % ${u(runsLong)} * ${u(run)}`;
  const other = (turn: number): string => `${item(turn)} / ${u(runsLong)}`;
  const lines = inDepth
    ? turns.map((turn) => ({ suffix: `_${name}${turn}`, line: other(turn) }))
    : indices(run).map((i) => ({ suffix: `_${name}${i}`, line: `${start(0)} + ${u(i)}` }));
  const fill = (turn: number): string =>
    indices(run)
      .map((i) => {
        const value = loader.load(`min(k + ${u(inDepth ? i : 0)}, ${u(p.depth - 1)})`, `_${name}${inDepth ? turn : i}`);
        const inside = `k + ${u(inDepth ? i : 0)} < ${u(p.depth)}`;
        return `tile_${name}[at + ${u(i)}] = half_of(select(0.0, ${value}, ${inside}));`;
      })
      .join('\n');
  return {
    declaration: `var<workgroup> tile_${name}: array<f16, ${pitch * short}>;`,
    lines: lines.map(({ suffix, line }) => `let i${suffix} = min(${first} + ${line}, ${u(most - 1)});`).join('\n'),
    prepare: lines.map(({ suffix }) => loader.prepare(`i${suffix}`, suffix)).join('\n'),
    fill: turns
      .map(
        (turn) => `${(turn + 1) * threads > runs ? `if (t + ${u(turn * threads)} < ${u(runs)}) ` : ''}{
let k = k0 + ${inDepth ? start(turn) : other(turn)};
let at = ${other(turn)} * ${u(pitch)} + ${start(turn)};
${fill(turn)}
}`,
      )
      .join('\n'),
    /** A fragment from line `from` and step `k` of the tile on. */
    load: (type: string, from: string, linesAreRows: boolean): string => {
      const at = inDepth ? `(${from}) * ${u(pitch)} + k` : `k * ${u(pitch)} + ${from}`;
      const order = linesAreRows === inDepth ? 'row_major' : 'col_major';
      return `subgroupMatrixLoad<${type}, ${order}>(&tile_${name}, ${at}, ${u(pitch)})`;
    },
  };
};

export const onUnits = (p: Product, tile: Tile, units: Units): Written => {
  const { m, n, k, subgroup, sized } = units;
  const { rows, columns, deep, tall, wide } = tile;
  const threads = threadsOf(tile, units);
  const across = columns / wide;
  const [down, side] = [indices(tall / m), indices(wide / n)];
  const each = down.flatMap((i) => side.map((j) => [i, j] as const));
  const a = operand('a', p.a, rows, p.rows, 'firstRow', p, tile, threads);
  const b = operand('b', p.b, columns, p.columns, 'firstColumn', p, tile, threads);
  const left = (i: number): string => a.load(`subgroup_matrix_left<f16, ${k}, ${m}>`, `top + ${u(i * m)}`, true);
  const right = (j: number): string => b.load(`subgroup_matrix_right<f16, ${n}, ${k}>`, `side + ${u(j * n)}`, false);
  const code = `${a.declaration}
${b.declaration}
var<workgroup> fragments: array<f32, ${(threads / subgroup) * m * n}>;
${put(p)}
@compute @workgroup_size(${threads})${sized ? ` @subgroup_size(${subgroup})` : ''} fn main(@builtin(workgroup_id) block: vec3u, @builtin(local_invocation_index) t: u32) {
${blockOf(p, tile)}
let team = t / ${u(subgroup)};
let top = team / ${u(across)} * ${u(tall)};
let side = team % ${u(across)} * ${u(wide)};
${each.map(([i, j]) => `var c${i}_${j}: subgroup_matrix_result<f32, ${n}, ${m}>;`).join('\n')}
${overTiles(
  p,
  deep,
  [a, b],
  `for (var k = 0u; k < ${u(deep)}; k += ${u(k)}) {
${down.map((i) => `let left${i} = ${left(i)};`).join('\n')}
${side.map((j) => `let right${j} = ${right(j)};`).join('\n')}
${each.map(([i, j]) => `c${i}_${j} = subgroupMatrixMultiplyAccumulate(left${i}, right${j}, c${i}_${j});`).join('\n')}
}`,
)}
let mine = team * ${u(m * n)};
${each
  .map(
    ([i, j]) => `subgroupMatrixStore<row_major>(&fragments, mine, c${i}_${j}, ${u(n)});
workgroupBarrier();
for (var e = t % ${u(subgroup)}; e < ${u(m * n)}; e += ${u(subgroup)}) {
put(z, firstRow + top + ${u(i * m)} + e / ${u(n)}, firstColumn + side + ${u(j * n)} + e % ${u(n)}, fragments[mine + e]);
}
workgroupBarrier();`,
  )
  .join('\n')}
}`;
  return { code, groups: groupsOf(p, tile), directives: directivesFor(units) };
};
