/**
 * The package as a stranger has it: packed, installed into a project outside the workspace, imported as ESM, as CJS, from
 * TypeScript under both ways of resolving modules, and from a bundle in a browser. All give the numbers of the source.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserAtHand, openBrowser, serveSite } from '../../../test/browser.ts';
import * as metrics from './index.ts';
import { figuresOf, scene } from './testing/scene.ts';

const source = dirname(fileURLToPath(import.meta.url));
const home = dirname(source);
const bin = (name: string): string => join(home, '..', '..', 'node_modules', '.bin', name);
const { tag: browserTag } = await browserAtHand();

let project = '';
const at = (file: string): string => join(project, file);
/** A program's stdout; its complaint when it fails. */
const call = async (program: string, args: readonly string[], cwd = project): Promise<string> => {
  // Without the workspace's condition, which would lead back to the sources.
  const { NODE_OPTIONS: _, ...env } = process.env;
  try {
    return (await promisify(execFile)(program, args, { cwd, env })).stdout;
  } catch (thrown) {
    const { stdout, stderr } = thrown as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`);
  }
};
const put = (file: string, content: string | object): void => {
  mkdirSync(dirname(at(file)), { recursive: true });
  writeFileSync(at(file), typeof content === 'string' ? content : JSON.stringify(content));
};

const expected = JSON.parse(JSON.stringify(figuresOf(metrics, scene))) as unknown;
const program = `
import * as metrics from '@gdarknet/metrics';
import { prChart } from '@gdarknet/metrics/charts';
import { parseCocoResults } from '@gdarknet/metrics/formats';
import { figuresOf, scene } from './scene.js';

const rows = parseCocoResults('[]', 'none');
if (rows._tag === 'Left' || prChart([]) === '') throw new Error('formats or charts');
`;
const nodeProgram = `
import { readCocoResults } from '@gdarknet/metrics/io';
import { cocoThreads } from '@gdarknet/metrics/node';

const threads = cocoThreads(2);
const { precision } = await threads.evaluate(scene.truth, scene.found);
await threads.close();
const alone = metrics.evaluateCoco(scene.truth, scene.found).precision;
if (!precision.every((value, i) => value === alone[i])) throw new Error('threads');
if ((await readCocoResults('none.json'))._tag !== 'Left') throw new Error('io');
`;
const print = 'console.log(JSON.stringify(figuresOf(metrics, scene)));\n';

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'gdarknet-user-'));
  await call(bin('tsup'), ['--silent'], home);
  await call('npm', ['pack', '--silent', '--pack-destination', project], home);
  const tarball = readdirSync(project).find((file) => file.endsWith('.tgz'))!;
  put('package.json', { name: 'user', private: true, type: 'module' });
  await call('npm', ['install', '--silent', '--offline', '--no-audit', '--no-fund', `./${tarball}`]);
  // The scene as the user's own code: it knows the package by its name.
  const code = readFileSync(join(source, 'testing', 'scene.ts'), 'utf8').replace(
    /'\.\.\/(?:coco\/input|index)\.ts'/g,
    "'@gdarknet/metrics'",
  );
  put('scene.ts', code);
  put('main.ts', program + nodeProgram + print);
  put('page.ts', `${program}(globalThis as { figures?: unknown }).figures = figuresOf(metrics, scene);\n`);
  for (const resolution of ['node16', 'bundler']) {
    put(`tsconfig.${resolution}.json`, {
      compilerOptions: {
        target: 'es2022',
        lib: ['es2023', 'dom'],
        types: [],
        strict: true,
        module: resolution === 'bundler' ? 'esnext' : resolution,
        moduleResolution: resolution,
        outDir: resolution,
      },
      files: ['main.ts', 'page.ts'],
    });
  }
}, 300_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('a project of its own', () => {
  it.each(['node16', 'bundler'])('TypeScript under %s, then ESM', async (resolution) => {
    await call(bin('tsc'), ['-p', `tsconfig.${resolution}.json`]);
    expect(JSON.parse(await call(process.execPath, [`${resolution}/main.js`]))).toEqual(expected);
  });

  it('CommonJS', async () => {
    await build({
      entryPoints: [at('scene.ts')],
      outfile: at('scene.cjs'),
      format: 'cjs',
      platform: 'node',
      logLevel: 'error',
    });
    put(
      'main.cjs',
      "const metrics = require('@gdarknet/metrics'); const { figuresOf, scene } = require('./scene.cjs');\n" +
        "require('@gdarknet/metrics/io'); require('@gdarknet/metrics/fp-ts').cocoMonoid.empty; " +
        print,
    );
    expect(JSON.parse(await call(process.execPath, ['main.cjs']))).toEqual(expected);
  });

  it.skipIf(browserTag === 'none')('a bundle in a browser', async () => {
    await build({
      entryPoints: [at('page.ts')],
      outfile: at('page.js'),
      bundle: true,
      format: 'esm',
      platform: 'browser',
      logLevel: 'error',
    });
    const site = await serveSite({
      '/index.html': '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
      '/page.js': readFileSync(at('page.js')),
    });
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(site.url);
      await page.waitForFunction('globalThis.figures !== undefined');
      expect(await page.evaluate('globalThis.figures')).toEqual(expected);
    } finally {
      await browser.close();
      await site.close();
    }
  });

  it('giou alone is under 2 kB', async () => {
    const { outputFiles } = await build({
      stdin: { contents: "export { giou } from '@gdarknet/metrics';", resolveDir: project },
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
      logLevel: 'error',
    });
    expect(outputFiles[0].contents.length).toBeLessThan(2048);
  });
});
