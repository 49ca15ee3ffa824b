/**
 * What CONTRIBUTING promises of a new operation and of a new layer, done in a copy: the compiler names the places, and when
 * they are filled in the new one runs on every device.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { swiftshaderEnvironment } from './swiftshader.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const parts = ['packages/tensor', 'packages/nn', 'packages/metrics', 'packages/yolo', 'test', 'tsconfig.base.json'];
let copy = '';

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'gdarknet-contributing-'));
  for (const part of [...parts, 'package.json']) {
    cpSync(join(root, part), join(copy, part), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !/\/(dist|fixtures|put-back)$/.test(path),
    });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const include = ['packages/tensor/src', 'packages/nn/src', 'packages/yolo/src', 'test/fuzz-tensor'];
  writeFileSync(
    join(copy, 'tsconfig.json'),
    JSON.stringify({ extends: './tsconfig.base.json', include, compilerOptions: { incremental: true } }),
  );
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Puts a line behind the first that begins so. */
const insert = (file: string, after: string, line: string): void => {
  const path = join(copy, file);
  const lines = readFileSync(path, 'utf8').split('\n');
  const at = lines.findIndex((one) => one.trimStart().startsWith(after));
  expect(at, `${file}: ${after}`).toBeGreaterThanOrEqual(0);
  writeFileSync(path, lines.toSpliced(at + 1, 0, line).join('\n'));
};

/** Files that do not compile. */
const complaints = (): readonly string[] => {
  const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], {
    cwd: copy,
    encoding: 'utf8',
  });
  return [...new Set([...stdout.matchAll(/^(\S+)\(\d+,\d+\): error/gm)].map(([, file]) => file))].sort();
};

const runIn = (file: string, text: string): unknown => {
  mkdirSync(join(copy, 'packages/yolo/src/tried'), { recursive: true });
  const path = join(copy, 'packages/yolo/src/tried', file);
  writeFileSync(path, text);
  const done = spawnSync(
    process.execPath,
    ['--conditions=@gdarknet/source', '--disable-warning=ExperimentalWarning', path],
    { encoding: 'utf8', env: { ...process.env, ...swiftshaderEnvironment() } },
  );
  expect(done.stderr).toBe('');
  return JSON.parse(done.stdout);
};

/** Compilers and devices on a machine that does other things too. */
const timeout = 600_000;

/** As CONTRIBUTING tells it: first the row, then what the compiler asks for. */
const row = ['packages/tensor/src/scalars.ts', 'atan: {', '  cube: { ...real, value: (x) => x ** 3 },'] as const;
const asked = [
  [
    'packages/tensor/src/wasm/expression.ts',
    'atan: byHost',
    "  cube: (f, x) => void f.get(x, x).do('f32x4.mul').get(x).do('f32x4.mul'),",
  ],
  ['packages/tensor/src/webgpu/wgsl.ts', "atan: 'atan_of", "  cube: '$a * $a * $a',"],
  ['packages/nn/src/autodiff/rules.ts', 'atan: (dy', '  cube: (dy, _y, _op, x) => [mul(dy, mul(mul(x, x), 3))],'],
  ['packages/nn/src/autodiff/rules.test.ts', 'atan: [{', '  cube: [{ f: (a) => cube(a), args: [x] }],'],
  ['packages/tensor/src/testing/cases.ts', 'atan: (x)', '  cube: T.cube,'],
  ['test/fuzz-tensor/bounds.ts', 'cos: bounded', '  cube: growing((x) => x ** 3, 4),'],
] as const;
const exported = [
  ['packages/tensor/src/ops/elementwise.ts', 'export const atan', "export const cube = unary('cube');"],
  ['packages/tensor/src/index.ts', 'cos,', '  cube,'],
  ['packages/nn/src/autodiff/rules.test.ts', 'cos,', '  cube,'],
] as const;

it('an operation: a row, then the places that the compiler names, and it runs on three devices', { timeout }, () => {
  insert(...row);
  expect(complaints()).toEqual([...asked.map(([file]) => file)].sort());
  for (const [file, after, line] of [...exported, ...asked]) insert(file, after, line);
  expect(complaints()).toEqual([]);
  const found = runIn(
    'cube.ts',
    `import { cube, openDevice, read, sum, tensor } from '@gdarknet/tensor';
import { grad } from '@gdarknet/nn';
const found = [];
for (const name of ['reference', 'wasm', 'webgpu'] as const) {
  const device = await openDevice(name);
  const x = tensor([-2, 0.5, 3]);
  const [y, dx] = await read(device, [cube(x), grad((v: typeof x) => sum()(cube(v)))(x)]);
  found.push([name, [...y], [...dx]]);
  await device.close();
}
console.log(JSON.stringify(found));
process.exit(0);
`,
  );
  const expected = [
    [-8, 0.125, 27],
    [12, 0.75, 27],
  ];
  expect(found).toEqual(['reference', 'wasm', 'webgpu'].map((name) => [name, ...expected]));
});

it('a layer: one file and one line, and it is read, printed and run', { timeout }, () => {
  const folder = 'packages/yolo/src/layers';
  writeFileSync(
    join(copy, folder, 'halve.ts'),
    `/** \`[halve]\`: half of every value. */
import { stateless } from '@gdarknet/nn';
import { mul, type Tensor } from '@gdarknet/tensor';
import { single } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { scaled } from './common/onnx.ts';
import { flat } from './common/row.ts';
import { sameAsInput } from './common/shape.ts';

export const halve = layerKind({
  keys: {},
  complete: (layer) => layer,
  shape: sameAsInput,
  row: (_, { input, output }) => \`halve                          \${flat(input)}  ->  \${flat(output)}\`,
  build: () => single(stateless((x: Tensor) => mul(x, 0.5))),
  onnx: (_, { to, sources }) => scaled(to, sources[0].name, 0.5),
});
`,
  );
  insert(`${folder}/index.ts`, 'import { dropout }', "import { halve } from './halve.ts';");
  insert(`${folder}/index.ts`, 'export const layerKinds', '  halve,');
  expect(complaints()).toEqual([]);
  const found = runIn(
    'halve.ts',
    `import { key, openDevice, read, tensor } from '@gdarknet/tensor';
import { buildNetwork, layerTable, parseNetwork } from '../index.ts';
const cfg = '[net]\\nwidth=2\\nheight=1\\nchannels=1\\n[halve]\\n';
const parsed = parseNetwork(cfg);
if (!('right' in parsed)) throw new Error(JSON.stringify(parsed.left));
const plan = parsed.right.value;
const network = buildNetwork(plan);
const { params, state } = network.init(key(1));
const device = await openDevice('reference');
const { outputs } = network.apply(params, state, tensor([3, -5], [1, 1, 2, 1]), { training: false });
const [y] = await read(device, [Object.values(outputs)[0]]);
console.log(JSON.stringify({ y: [...y], table: layerTable(plan).includes('halve') }));
process.exit(0);
`,
  );
  expect(found).toEqual({ y: [1.5, -2.5], table: true });
});
