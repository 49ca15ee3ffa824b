/** Both pages in headless Chromium, on WebGPU (emulated) and on wasm. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openReference } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserAtHand, openBrowser, type Site, serveSite, webgpuOnCpu } from '../../../test/browser.ts';
import { bundleExamples } from '../examples/build.mjs';
import { completeWeights, parseNetwork, writeWeights, zoo } from './index.ts';

const at = await browserAtHand();
const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};

/** A bitmap with a pattern, 24 bits a pixel. */
const bitmap = (width: number, height: number): Buffer => {
  const line = Math.ceil((width * 3) / 4) * 4;
  const bytes = Buffer.alloc(54 + line * height, 0);
  bytes.write('BM');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  for (let i = 54; i < bytes.length; i++) bytes[i] = (i * 7919) % 256;
  return bytes;
};

describe.skipIf(at.tag === 'none')(
  `the example pages in Chromium ${at.tag === 'none' ? at.reason : at.version}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'gdarknet-examples-'));
    const file = (name: string) => join(folder, name);
    const errors: string[] = [];
    let browser: Browser;
    let site: Site;
    beforeAll(async () => {
      await bundleExamples(file('pages'));
      const names = readdirSync(file('pages'));
      site = await serveSite(
        Object.fromEntries(names.map((name) => [`/${name}`, readFileSync(join(folder, 'pages', name))])),
      );
      browser = await openBrowser(webgpuOnCpu);
      const cfg = zoo.shapes({ loss: 'giou', size: 64 });
      const { value: plan } = right(parseNetwork(cfg));
      writeFileSync(file('net.cfg'), cfg);
      writeFileSync(
        file('net.weights'),
        right(writeWeights(await completeWeights(openReference(), plan, undefined), plan)),
      );
      writeFileSync(file('cut.weights'), readFileSync(file('net.weights')).subarray(0, 1000));
      writeFileSync(file('picture.bmp'), bitmap(80, 50));
    }, 120_000);
    afterAll(async () => {
      await browser?.close();
      await site?.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const open = async (name: string): Promise<Page> => {
      const page = await browser.newPage();
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      await page.goto(`${site.url}/${name}`);
      return page;
    };
    const status = (page: Page): Promise<string | null> => page.locator('#status').textContent();

    it.each(['wasm', 'webgpu'])(
      'detects on %s, and says so',
      async (device) => {
        const page = await open('detect.html');
        await page.selectOption('#device', device);
        await page.setInputFiles('#cfg', file('net.cfg'));
        await page.setInputFiles('#weights', file('net.weights'));
        await page.waitForFunction("document.querySelector('#status').textContent.includes('Choose a picture')");
        await page.setInputFiles('#picture', file('picture.bmp'));
        await page.waitForFunction("/: [0-9.]+ ms$/.test(document.querySelector('#status').textContent)", undefined, {
          timeout: 30_000,
        });
        expect(await status(page)).toMatch(device === 'wasm' ? /^WebAssembly, / : /^WebGPU, /);
        expect(await page.locator('#found').textContent()).not.toBe('');
        expect(
          await page.evaluate("[document.querySelector('#view').width, document.querySelector('#view').height]"),
        ).toEqual([80, 50]);
      },
      60_000,
    );

    it('says which file is wrong', async () => {
      const page = await open('detect.html');
      await page.selectOption('#device', 'wasm');
      await page.setInputFiles('#cfg', file('net.cfg'));
      await page.setInputFiles('#weights', file('cut.weights'));
      await page.waitForFunction("document.querySelector('#status').className === 'fault'");
      expect(await status(page)).toMatch(/^cut\.weights: expected \d+ bytes for this layer/);
    }, 60_000);

    it.each(['wasm', 'webgpu'])(
      'trains on %s with a curve that falls',
      async (device) => {
        // SwiftShader makes some 2 GFLOP/s.
        const page = await open(device === 'wasm' ? 'train.html' : 'train.html?size=64&batch=2');
        await page.selectOption('#device', device);
        await page.click('#start');
        const wanted = device === 'wasm' ? 12 : 6;
        await page.waitForFunction(`globalThis.losses?.length >= ${wanted}`, undefined, { timeout: 110_000 });
        await page.click('#stop');
        await page.waitForFunction("document.querySelector('#status').textContent.startsWith('Stopped')", undefined, {
          timeout: 30_000,
        });
        const losses = (await page.evaluate('losses')) as number[];
        expect(losses.every((loss) => loss > 0 && Number.isFinite(loss))).toBe(true);
        expect(losses[losses.length - 1]).toBeLessThan(losses[0]);
      },
      150_000,
    );

    it('no page had an error', () => expect(errors).toEqual([]));
  },
);
