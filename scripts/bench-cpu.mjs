/**
 * `pnpm bench:cpu`: the CPU device against its peers on the repository's Node, and again on the Node that the caller has
 * when that is another one (bundled first, for a Node that does not read TypeScript). Options: see packages/yolo/bench/cpu.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { node, root, setup } from './setup.mjs';

setup();
const { build } = await import('esbuild');
const folder = mkdtempSync(join(tmpdir(), 'gdarknet-bench-'));
const file = join(folder, 'bench.mjs');
await build({
  entryPoints: [join(root, 'packages/yolo/bench/cpu/main.ts')],
  outfile: file,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  conditions: ['@gdarknet/source'],
  logLevel: 'error',
});
const versionOf = (command) => spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout?.trim();
const outside = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((path) => !path.startsWith(root))
  .map((path) => join(path, 'node'))
  .find((command) => versionOf(command));
const nodes = [node, ...(outside && versionOf(outside) !== versionOf(node) ? [outside] : [])];
let failed = 0;
for (const command of nodes) {
  const path = [dirname(command), process.env.PATH].join(delimiter);
  const { status } = spawnSync(command, [file, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  failed ||= status ?? 1;
}
rmSync(folder, { recursive: true, force: true });
process.exit(failed);
