import { describe, expect, it } from 'vitest';
import { browserAtHand, openBrowser, serveSite } from './browser.ts';

describe.skipIf((await browserAtHand()).tag === 'none')('the browser of the tests', () => {
  it('runs a module of a page that is isolated from other origins', async () => {
    const site = await serveSite({
      '/index.html': '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/main.js"></script>',
      '/main.js': 'window.sum = [1, 2, 3].reduce((a, b) => a + b); window.shared = crossOriginIsolated;',
    });
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(site.url);
      await page.waitForFunction('window.sum !== undefined');
      expect(await page.evaluate('[window.sum, window.shared]')).toEqual([6, true]);
    } finally {
      await browser.close();
      await site.close();
    }
  });
});
