/** The whole suite in headless Chromium, bundled as a user's page would be. */
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserAtHand, openBrowser, type Site, serveSite, webgpuOnCpu } from '../../../../test/browser.ts';
import type { PageReport } from './page.ts';

const at = await browserAtHand();

describe.skipIf(at.tag === 'none')(`in Chromium ${at.tag === 'none' ? at.reason : at.version}`, () => {
  let browser: Browser;
  let site: Site;
  const errors: string[] = [];
  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: [new URL('page.ts', import.meta.url).pathname],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      conditions: ['@gdarknet/source'],
      external: ['node:*', 'webgpu'],
      write: false,
    });
    site = await serveSite({
      '/index.html': '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
      '/page.js': outputFiles[0].contents,
    });
    browser = await openBrowser(webgpuOnCpu);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });
  const open = async (): Promise<Page> => {
    const page = await browser.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(site.url);
    await page.waitForFunction('typeof conformance === "function"');
    return page;
  };
  const run = async (call: string): Promise<PageReport> => (await (await open()).evaluate(call)) as PageReport;

  it.each([1, 2])(
    'the wasm device with %d threads passes every case',
    async (threads) => {
      const { description, ran, failures } = await run(`conformance("wasm", {}, ${threads})`);
      expect(failures).toEqual([]);
      expect(ran).toBeGreaterThan(300);
      expect(description).toContain(`${threads} thread`);
    },
    120_000,
  );

  it('the webgpu device passes every case', async () => {
    const { failures, description } = await run('conformance("webgpu", { denormals: false }, 1)');
    expect(failures).toEqual([]);
    expect(description).toMatch(/^WebGPU/);
  }, 300_000);

  it('no page had an error', () => expect(errors).toEqual([]));
});
