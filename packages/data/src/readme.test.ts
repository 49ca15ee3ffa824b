import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

it('the example of the README is the one that is kept here, and it runs', async () => {
  const source = readFileSync(file('examples/batches.ts'), 'utf8');
  expect(readFileSync(file('README.md'), 'utf8')).toContain(`\`\`\`ts\n${source}\`\`\``);
  const folder = mkdtempSync(join(tmpdir(), 'readme-'));
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [
    '--conditions=@gdarknet/source',
    file('examples/batches.ts'),
    folder,
  ]);
  expect(stdout).toMatch(
    /^batch 0: 8 pictures, \d+ boxes\nbatch 1: 8 pictures, \d+ boxes\nbatch 2: 8 pictures, \d+ boxes\n$/,
  );
  expect(existsSync(join(folder, 'sheet.png'))).toBe(true);
});
