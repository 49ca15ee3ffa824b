/** The page as it is sent: built into the package, or bundled on the spot when the sources are run. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type PageFiles = {
  readonly html: string;
  readonly js: string;
  readonly css: string;
  /** Changes with their content. */
  readonly tag: string;
};

const here = (): string => dirname(fileURLToPath(import.meta.url));

const load = async (): Promise<Omit<PageFiles, 'tag'>> => {
  if (import.meta.url.endsWith('.ts')) {
    // A variable, so that no bundler follows it: the published package has the page built in.
    const bundler = './bundle.ts';
    const { bundlePage } = (await import(bundler)) as typeof import('./bundle.ts');
    return bundlePage(join(here(), '../page'));
  }
  const read = (name: string): Promise<string> => readFile(join(here(), 'page', name), 'utf8');
  const [html, js, css] = await Promise.all([read('index.html'), read('board.js'), read('board.css')]);
  return { html, js, css };
};

let files: Promise<PageFiles> | undefined;

/** Read once. */
export const pageFiles = (): Promise<PageFiles> => {
  files ??= load().then((loaded) => ({
    ...loaded,
    tag: createHash('sha256')
      .update(loaded.html + loaded.js + loaded.css)
      .digest('hex')
      .slice(0, 16),
  }));
  return files;
};
