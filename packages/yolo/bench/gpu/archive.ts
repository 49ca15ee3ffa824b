/**
 * One archive with everything that the bench needs on a bare machine with x64 Linux: Node, Dawn, a Vulkan loader, the bench
 * in one file, and `run.sh`. `pnpm bench:gpu --archive [file] [--preset 9e]`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../../../..');
const name = 'gdarknet-bench-gpu';
/** What the archive may take at most. */
const mostBytes = 60e6;

const refuse = (reason: string): never => {
  console.error(`no archive: ${reason}`);
  process.exit(1);
};

const isThere = (command: string): boolean => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

/** Copies a program, without its symbols where they can be taken out. */
const copyStripped = (from: string, to: string): void => {
  if (!isThere('strip') || spawnSync('strip', ['-o', to, from]).status !== 0) copyFileSync(from, to);
  chmodSync(to, 0o755);
};

/** The loader that comes with the browser of the tests; undefined where that is not installed. */
const loaderOfBrowser = (folder: string): string | undefined => {
  const packed = join(root, 'node_modules/@sparticuz/chromium/bin/swiftshader.tar.br');
  if (!existsSync(packed)) return undefined;
  execFileSync('tar', ['-xf', '-', '-C', folder], { input: brotliDecompressSync(readFileSync(packed)) });
  const found = join(folder, 'libvulkan.so.1');
  return existsSync(found) ? found : undefined;
};

/** Debian's, fetched now. */
const loaderOfDebian = (folder: string): string | undefined => {
  const fetched = spawnSync('apt-get', ['download', 'libvulkan1'], { cwd: folder, stdio: 'ignore' });
  const deb = readdirSync(folder).find((file) => file.endsWith('.deb'));
  if (fetched.status !== 0 || !deb) return undefined;
  execFileSync('dpkg-deb', ['-x', join(folder, deb), folder]);
  const library = join(folder, 'usr/lib/x86_64-linux-gnu');
  const file = readdirSync(library).find((entry) => /^libvulkan\.so\.1\./.test(entry));
  return file && join(library, file);
};

/** Where NVIDIA's driver is, for the loader: with X's libraries, or without. */
const driver = (library: string): string =>
  `${JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.3.0' } })}\n`;

const fill = async (folder: string, scratch: string): Promise<void> => {
  copyStripped(join(root, 'node_modules/node/bin/node'), join(folder, 'node'));
  await build({
    entryPoints: [join(here, 'main.ts')],
    outfile: join(folder, 'bench.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    conditions: ['@gdarknet/source'],
    external: ['webgpu'],
    logLevel: 'error',
  });
  for (const file of ['network.py', 'run.sh']) copyFileSync(join(here, file), join(folder, file));
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  writeFileSync(join(folder, 'nvidia_glx.json'), driver('libGLX_nvidia.so.0'));
  writeFileSync(join(folder, 'nvidia_egl.json'), driver('libEGL_nvidia.so.0'));

  const webgpu = dirname(createRequire(join(root, 'packages/tensor/package.json')).resolve('webgpu'));
  const dawn = join(folder, 'node_modules/webgpu');
  const binary = join(dawn, 'dist/linux-x64');
  mkdirSync(binary, { recursive: true });
  for (const file of ['package.json', 'index.js', 'LICENSE.md']) copyFileSync(join(webgpu, file), join(dawn, file));
  copyStripped(join(webgpu, 'dist/linux-x64/dawn.node'), join(binary, 'dawn.node'));
  const loader = loaderOfBrowser(scratch) ?? loaderOfDebian(scratch);
  // Dawn looks for it beside itself first.
  if (loader) copyFileSync(loader, join(binary, 'libvulkan.so.1'));
  else
    console.log("not found: a Vulkan loader (@sparticuz/chromium, or Debian's libvulkan1); the machine must have one");
};

/** Bytes of the archive. */
const pack = (folder: string, preset: string, file: string): number => {
  const tar = join(dirname(folder), `${name}.tar`);
  const plain = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=2026-01-01'];
  execFileSync('tar', [...plain, '-C', dirname(folder), '-cf', tar, name]);
  // Nearly all of it is code for x86.
  execFileSync('xz', ['-T0', '--x86', `--lzma2=preset=${preset}`, tar]);
  const { size } = statSync(`${tar}.xz`);
  if (size > mostBytes) refuse(`it has ${size} bytes, more than ${mostBytes}`);
  mkdirSync(dirname(file), { recursive: true });
  const beside = `${file}.part`;
  copyFileSync(`${tar}.xz`, beside);
  renameSync(beside, file);
  return size;
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { preset: { type: 'string', default: '9e' } },
});
if (process.platform !== 'linux' || process.arch !== 'x64') refuse('it is for x64 Linux, and is made there');
for (const command of ['xz', 'tar']) if (!isThere(command)) refuse(`${command} is missing`);
const file = resolve(positionals[0] ?? join(root, 'dist', `${name}-linux-x64.tar.xz`));
const scratch = mkdtempSync(join(tmpdir(), 'gdarknet-archive-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
const folder = join(scratch, name);
const loader = join(scratch, 'loader');
for (const path of [folder, loader]) mkdirSync(path);
await fill(folder, loader);
const bytes = pack(folder, values.preset, file);
console.log(`${file}: ${bytes} bytes (${(bytes / 1e6).toFixed(1)} MB)`);
console.log(`there: tar -xf ${name}-linux-x64.tar.xz && ${name}/run.sh`);
