/** Makes the page's files from its sources. A part of the build, not of the package. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** `folder`: where `main.ts`, `style.css` and `index.html` of the page lie. */
export const bundlePage = async (folder: string) => {
  const built = await build({
    entryPoints: { board: join(folder, 'main.ts'), style: join(folder, 'style.css') },
    outdir: folder,
    write: false,
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['es2022'],
    conditions: ['@gdarknet/source'],
    legalComments: 'none',
    logLevel: 'silent',
  });
  const text = (name: string): string => built.outputFiles.find(({ path }) => path.endsWith(name))?.text ?? '';
  return { html: await readFile(join(folder, 'index.html'), 'utf8'), js: text('board.js'), css: text('style.css') };
};

export const writePage = async (from: string, to: string): Promise<void> => {
  const { html, js, css } = await bundlePage(from);
  await mkdir(to, { recursive: true });
  await Promise.all([
    writeFile(join(to, 'index.html'), html),
    writeFile(join(to, 'board.js'), js),
    writeFile(join(to, 'board.css'), css),
  ]);
};
