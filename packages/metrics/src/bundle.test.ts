/** What a bundler takes from the package when only one function is used. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const esbuild = fileURLToPath(new URL('../../../node_modules/.bin/esbuild', import.meta.url));
const index = fileURLToPath(new URL('./index.ts', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'gdarknet-bundle-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const bundle = (names: string): { readonly code: string; readonly path: string } => {
  const entry = join(dir, 'entry.ts');
  const path = join(dir, `${names.replace(/\W/g, '-')}.mjs`);
  writeFileSync(entry, `export { ${names} } from ${JSON.stringify(index)};`);
  const flags = ['--bundle', '--minify', '--format=esm', '--platform=browser', '--log-level=error'];
  const code = execFileSync(esbuild, [entry, ...flags], { encoding: 'utf8' });
  writeFileSync(path, code);
  return { code, path };
};

describe.skipIf(!existsSync(esbuild))('bundles for browsers', () => {
  it('giou alone is under 2 kB and works', async () => {
    const { code, path } = bundle('giou');
    expect(code.length).toBeLessThan(2048);
    const { giou } = (await import(pathToFileURL(path).href)) as typeof import('./index.ts');
    expect(giou([0, 0, 1, 1], [3, 0, 4, 1], { format: 'xyxy' })[0]).toBe(-0.5);
  });

  it('the whole needs nothing of Node', () => {
    const { code } = bundle('evaluateCoco, evaluateVoc, cocoAccumulator, errorBreakdown, compareCoco');
    expect(code).not.toMatch(/\brequire\(|node:|process\./);
  });
});
