/** What a bundler takes from the package, and that a page gets the numbers that Node gets. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { browserAtHand, openBrowser, serveSite } from '../../../test/browser.ts';
import { evaluateCocoEach, evaluateVoc, giouLoss, giouLossGradient } from './index.ts';
import { figuresOf, scene } from './testing/scene.ts';

const source = dirname(fileURLToPath(import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'gdarknet-bundle-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const bundle = async (contents: string): Promise<string> => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: source, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
    write: false,
  });
  return outputFiles[0].text;
};

const { tag: browserTag } = await browserAtHand();

describe('bundles for browsers', () => {
  it('giou alone is under 2 kB and works', async () => {
    const code = await bundle("export { giou } from './index.ts';");
    expect(code.length).toBeLessThan(2048);
    const path = join(dir, 'giou.mjs');
    writeFileSync(path, code);
    const { giou } = (await import(pathToFileURL(path).href)) as typeof import('./index.ts');
    expect(giou([0, 0, 1, 1], [3, 0, 4, 1], { format: 'xyxy' })[0]).toBe(-0.5);
  });

  it('the whole needs nothing of Node', async () => {
    const code = await bundle(
      "export * from './index.ts'; export * from './formats/index.ts'; export * from './charts/index.ts';",
    );
    expect(code).not.toMatch(/\brequire\(|node:|process\./);
  });

  it.skipIf(browserTag === 'none')('a page gets the bits of Node', async () => {
    const code = await bundle(`
      import { evaluateCocoEach, evaluateVoc, giouLoss, giouLossGradient } from './index.ts';
      import { figuresOf, scene } from './testing/scene.ts';
      globalThis.figures = figuresOf({ evaluateCocoEach, evaluateVoc, giouLoss, giouLossGradient }, scene);`);
    const site = await serveSite({
      '/index.html': '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/main.js"></script>',
      '/main.js': code,
    });
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(site.url);
      await page.waitForFunction('globalThis.figures !== undefined');
      const here = figuresOf({ evaluateCocoEach, evaluateVoc, giouLoss, giouLossGradient }, scene);
      expect(await page.evaluate('globalThis.figures')).toEqual(here);
    } finally {
      await browser.close();
      await site.close();
    }
  });
});
