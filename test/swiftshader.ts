/**
 * A Vulkan driver for machines without a graphics card: SwiftShader and a Vulkan loader from the development dependency
 * `@sparticuz/chromium`, unpacked once into the temporary folder. Import it before WebGPU is opened.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const unpack = (): string => {
  const home = join(root, 'node_modules', '@sparticuz', 'chromium');
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  const folder = join(tmpdir(), `gdarknet-swiftshader-${version}`);
  if (existsSync(folder)) return folder;
  const beside = mkdtempSync(`${folder}-`);
  const archive = join(beside, 'swiftshader.tar');
  writeFileSync(archive, brotliDecompressSync(readFileSync(join(home, 'bin', 'swiftshader.tar.br'))));
  execFileSync('tar', ['-xf', archive, '-C', beside]);
  rmSync(archive);
  try {
    renameSync(beside, folder);
  } catch {
    // Another process was first.
    rmSync(beside, { recursive: true, force: true });
  }
  return folder;
};

/** What another process needs in its environment, so that Dawn finds SwiftShader there. */
export const swiftshaderEnvironment = (): Readonly<Record<string, string>> => {
  const folder = unpack();
  const icd = readdirSync(folder).find((name) => name.endsWith('icd.json')) ?? '';
  const library = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { LD_LIBRARY_PATH: library, VK_DRIVER_FILES: join(folder, icd) };
};

/** Undefined when an adapter can be asked for; else why not. */
export const swiftshader = ((): string | undefined => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'SwiftShader comes for x64 Linux only';
  try {
    const folder = unpack();
    const icd = readdirSync(folder).find((name) => name.endsWith('icd.json'));
    if (!icd) return 'SwiftShader has no description';
    process.env.VK_DRIVER_FILES ??= join(folder, icd);
    process.env.VK_ICD_FILENAMES ??= join(folder, icd);
    const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
    try {
      // Not an addon: it is loaded all the same, and stays (RTLD_NODELETE), where Dawn finds it.
      process.dlopen({ exports: {} }, join(folder, 'libvulkan.so.1'), RTLD_NOW | RTLD_GLOBAL | 0x1000);
    } catch {}
    return undefined;
  } catch (error) {
    return `SwiftShader cannot be unpacked: ${String(error).split('\n')[0]}`;
  }
})();
