/** The others, installed when they are needed: from npm into a temporary folder, from Debian's packages when they are there. */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const wanted = {
  'onnxruntime-node': '1.30.0',
  '@tensorflow/tfjs-core': '4.22.0',
  '@tensorflow/tfjs-backend-wasm': '4.22.0',
  koffi: '3.3.4',
} as const;
const folder = join(tmpdir(), 'gdarknet-bench-peers');

/** A package of the peers' folder, or why it is missing. */
export const peer = <T>(name: keyof typeof wanted): T | string => {
  const at = createRequire(join(folder, 'package.json'));
  try {
    if (!existsSync(join(folder, 'node_modules', name))) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
      const packages = Object.entries(wanted).map(([n, version]) => `${n}@${version}`);
      const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', ...packages];
      const { status, stderr } = spawnSync('npm', args, { encoding: 'utf8' });
      if (status !== 0) return `npm install failed: ${stderr.trim().split('\n')[0]}`;
    }
    return at(name) as T;
  } catch (error) {
    return String(error).split('\n')[0];
  }
};
export const peerFile = (...path: readonly string[]): string => join(folder, 'node_modules', ...path);

export type Sgemm = (m: number, n: number, k: number, a: Float32Array, b: Float32Array, c: Float32Array) => void;

/** C = A B, row-major, by OpenBLAS on so many threads; or why it is missing. */
export const openBlas = (threads: number): Sgemm | string => {
  const places = ['/usr/lib/x86_64-linux-gnu/openblas-pthread', '/usr/lib/aarch64-linux-gnu/openblas-pthread'];
  const place = places.find((path) => existsSync(path));
  if (!place) return 'libopenblas is missing (Debian: libopenblas0-pthread)';
  const koffi = peer<{ load: (file: string) => { func: (prototype: string) => (...args: unknown[]) => void } }>(
    'koffi',
  );
  if (typeof koffi === 'string') return `koffi: ${koffi}`;
  const file = readdirSync(place).find((name) => name.startsWith('libopenblas'));
  const library = koffi.load(join(place, file ?? 'libopenblas.so.0'));
  library.func('void openblas_set_num_threads(int n)')(threads);
  const sgemm = library.func(
    'void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, float *a, int lda, float *b, int ldb, float beta, _Inout_ float *c, int ldc)',
  );
  return (m, n, k, a, b, c) => sgemm(101, 111, 111, m, n, k, 1, a, k, b, n, 0, c, n);
};

/** A program of Python's that answers every line with milliseconds. */
export type Timer = { readonly step: () => Promise<number>; readonly close: () => void };

export const pythonTimer = async (program: string, args: readonly string[]): Promise<Timer | string> => {
  const python = ['/usr/bin/python3', 'python3'].find(
    (name) => spawnSync(name, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0,
  );
  if (!python) return 'PyTorch is missing (Debian: python3-torch)';
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(python, ['-c', program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.value !== 'ready') return 'PyTorch could not build the network';
  return {
    step: async () => {
      child.stdin.write('step\n');
      return Number((await lines.next()).value);
    },
    close: () => void child.kill(),
  };
};
