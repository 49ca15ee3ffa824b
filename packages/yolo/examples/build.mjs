/** `node packages/yolo/examples/build.mjs <folder>` bundles both pages; any static server then serves them. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
export const bundleExamples = async (folder) => {
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(here, 'detect.ts'), join(here, 'train.ts')],
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@gdarknet/source'],
    external: ['node:*', 'webgpu'],
    logLevel: 'error',
  });
  for (const name of ['detect.html', 'train.html', 'style.css']) copyFileSync(join(here, name), join(folder, name));
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? 'examples';
  await bundleExamples(folder);
  console.log(`Pages in ${folder}: detect.html and train.html. Serve them with the headers`);
  console.log('Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp for threads.');
}
