/**
 * A headless Chromium for tests of pages, driven by playwright-core: the one that `GDARKNET_CHROMIUM` names, else one of
 * the system, else the one of the development dependency `@sparticuz/chromium`, unpacked once into the temporary folder.
 * Pages are served from memory with the headers that SharedArrayBuffer and WebGPU ask for.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

export type BrowserAtHand =
  | { readonly tag: 'found'; readonly path: string; readonly version: string }
  /** Tests of pages report themselves skipped, and why. */
  | { readonly tag: 'none'; readonly reason: string };

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const quiet = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

const ofSystem = (): readonly string[] =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .filter((path) => existsSync(path));

/** Unpacks beside and renames, because several test processes may come here at once. */
const ofPackage = async (): Promise<string> => {
  const manifest = join(root, 'node_modules', '@sparticuz', 'chromium', 'package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const home = join(tmpdir(), `gdarknet-chromium-${version}`);
  const path = join(home, 'chromium');
  if (existsSync(path)) return path;
  const beside = mkdtempSync(`${home}-`);
  try {
    const unpack = "import('@sparticuz/chromium').then(({ default: c }) => c.executablePath())";
    await promisify(execFile)(process.execPath, ['-e', unpack], { cwd: root, env: { ...process.env, TMPDIR: beside } });
    renameSync(beside, home);
  } catch (thrown) {
    rmSync(beside, { recursive: true, force: true });
    // Another process was first.
    if (!existsSync(path)) throw thrown;
  }
  return path;
};

const reasonOf = (thrown: unknown): string => String(thrown).split('\n', 1)[0] ?? '';

const start = (executablePath: string, args: readonly string[]): Promise<Browser> =>
  chromium.launch({ executablePath, headless: true, args: [...quiet, ...args] });

/** Tries each candidate by starting it. */
const search = async (): Promise<BrowserAtHand> => {
  const named = process.env.GDARKNET_CHROMIUM;
  const candidates: readonly (() => string | Promise<string>)[] = named
    ? [() => named]
    : [...ofSystem().map((path) => () => path), ofPackage];
  const reasons: string[] = [];
  for (const candidate of candidates) {
    try {
      const path = await candidate();
      const browser = await start(path, []);
      const version = browser.version();
      await browser.close();
      return { tag: 'found', path, version };
    } catch (thrown) {
      reasons.push(reasonOf(thrown));
    }
  }
  const reason = `no browser can be started (${reasons.join('; ')}); install Chromium or name one in GDARKNET_CHROMIUM`;
  console.warn(`tests of pages are skipped: ${reason}`);
  return { tag: 'none', reason };
};

let known: Promise<BrowserAtHand> | undefined;

/** The browser of this machine, searched once a process. `describe.skipIf((await browserAtHand()).tag === 'none')`. */
export const browserAtHand = (): Promise<BrowserAtHand> => {
  known ??= search();
  return known;
};

/** Flags that give a page WebGPU on a machine without a GPU: SwiftShader on the processor. */
export const webgpuOnCpu: readonly string[] = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-webgpu-adapter=swiftshader',
  '--use-vulkan=swiftshader',
];

/**
 * Starts it; the caller closes it.
 * @throws Error with the reason when there is none.
 */
export const openBrowser = async (args: readonly string[] = []): Promise<Browser> => {
  const found = await browserAtHand();
  if (found.tag === 'none') throw new Error(found.reason);
  return start(found.path, args);
};

export interface Site {
  /** `http://127.0.0.1:<port>`, no slash at the end. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  json: 'application/json',
  css: 'text/css',
  svg: 'image/svg+xml',
  wasm: 'application/wasm',
};

/** Serves files by path (`/index.html`) from memory, isolated from other origins. */
export const serveSite = async (files: Readonly<Record<string, string | Uint8Array>>): Promise<Site> => {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://site').pathname;
    const name = path === '/' ? '/index.html' : path;
    const body = files[name];
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': types[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end(body);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const close = (): Promise<void> =>
    new Promise((done, fail) => {
      server.closeAllConnections();
      server.close((error) => (error ? fail(error) : done()));
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
};
