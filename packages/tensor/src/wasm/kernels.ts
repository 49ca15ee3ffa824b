/** Which matrix tile this machine runs best, found by trying, and how modules are compiled for it. */
import { hostImports, ModuleWriter } from './emitter.ts';
import { gemmFunction, type Tile } from './gemm.ts';
import { isNode } from './threads.ts';

export type ChosenTile = Tile & {
  /** Compiled with 256-bit vectors. */
  readonly wide: boolean;
  readonly label: string;
};

/** A rung and the GFLOP/s that one thread reached on it. */
export type MeasuredTile = ChosenTile & { readonly gflops: number };

/** From the fastest that some machines have to what every machine has. */
const ladder: readonly ChosenTile[] = [
  { rows: 6, columns: 16, fused: true, wide: true, label: '256-bit vectors, fused multiply-add, tile 6 x 16' },
  { rows: 6, columns: 8, fused: true, wide: false, label: '128-bit vectors, fused multiply-add, tile 6 x 8' },
  { rows: 3, columns: 12, fused: true, wide: false, label: '128-bit vectors, fused multiply-add, tile 3 x 12' },
  { rows: 4, columns: 8, fused: true, wide: false, label: '128-bit vectors, fused multiply-add, tile 4 x 8' },
  { rows: 4, columns: 8, fused: false, wide: false, label: '128-bit vectors, tile 4 x 8' },
];

const compileBytes = async (bytes: Uint8Array<ArrayBuffer>, wide: boolean): Promise<WebAssembly.Module> =>
  isNode() ? (await import('./node.ts')).compileModule(bytes, wide) : WebAssembly.compile(bytes);

export const compileKernels = (
  module: ModuleWriter,
  shared: boolean,
  { wide }: ChosenTile,
): Promise<WebAssembly.Module> => compileBytes(module.encode(shared), wide);

/** GFLOP/s of a tile on a small product, or undefined if it does not compile here or computes something else. */
const measure = async (tile: ChosenTile): Promise<number | undefined> => {
  const module = new ModuleWriter();
  module.add(gemmFunction(tile));
  const [m, n, k] = [tile.rows * 8, 48, 96];
  const memory = new WebAssembly.Memory({ initial: 8 });
  let gemm: (...args: number[]) => void;
  try {
    const { exports } = new WebAssembly.Instance(
      await compileBytes(module.encode(false), tile.wide),
      hostImports(memory),
    );
    gemm = exports[module.names()[0]] as typeof gemm;
  } catch {
    return undefined;
  }
  const floats = new Float32Array(memory.buffer);
  const [a, b, c] = [0, 32768, 65536];
  for (let i = 0; i < c; i++) floats[i] = ((i * 37) % 61) / 61 - 0.4;
  const call = () => gemm(a * 4, k * 4, b * 4, k * tile.columns * 4, c * 4, n * 4, 8, n / tile.columns, k);
  call();
  for (let i = 0; i < m; i += 5) {
    for (let j = 0; j < n; j++) {
      let expected = 0;
      const panel = b + Math.floor(j / tile.columns) * k * tile.columns + (j % tile.columns);
      for (let p = 0; p < k; p++) expected += floats[a + i * k + p] * floats[panel + p * tile.columns];
      if (!(Math.abs(floats[c + i * n + j] - expected) <= 1e-4)) return undefined;
    }
  }
  let best = 0;
  for (let round = 0; round < 8; round++) {
    const start = performance.now();
    for (let i = 0; i < 10; i++) call();
    best = Math.max(best, (20 * m * n * k) / 1e6 / (performance.now() - start));
  }
  return best;
};

const mayBeWide = async (): Promise<boolean> => isNode() && (await import('./node.ts')).hasWideVectors();

/** Every rung of the ladder, and whether it compiles and computes rightly here. */
export const rungs = async (): Promise<readonly { readonly label: string; readonly runs: boolean }[]> => {
  const wide = await mayBeWide();
  return Promise.all(
    ladder.map(async (tile) => ({
      label: tile.label,
      runs: (wide || !tile.wide) && (await measure(tile)) !== undefined,
    })),
  );
};

/** No rung of the ladder runs: the engine, or the processor under it, has no vectors for WebAssembly. */
export class NoVectorsError extends Error {
  override readonly name = 'NoVectorsError';
  constructor() {
    super(
      "WebAssembly has no 128-bit vectors here, which the wasm device is made of; the device 'reference' runs anywhere.",
    );
  }
}

let chosen: Promise<MeasuredTile> | undefined;

/**
 * The tile of the given label if it works here; otherwise the fastest that compiles and computes rightly, measured once for
 * the process (some milliseconds).
 */
export const chooseTile = async (wide: boolean, label?: string): Promise<MeasuredTile> => {
  const allowed = wide && (await mayBeWide());
  const candidates = ladder.filter((tile) => allowed || !tile.wide);
  const pick = async (): Promise<MeasuredTile> => {
    let best: MeasuredTile = { ...candidates[candidates.length - 1], gflops: 0 };
    for (const tile of candidates) {
      const gflops = (await measure(tile)) ?? 0;
      if (gflops > best.gflops * 1.05) best = { ...tile, gflops };
    }
    if (best.gflops === 0) throw new NoVectorsError();
    return best;
  };
  const asked = candidates.find((tile) => tile.label === label);
  const speed = asked && (await measure(asked));
  if (asked && speed !== undefined) return { ...asked, gflops: speed };
  if (!wide) return pick();
  chosen ??= pick();
  return chosen;
};
