/**
 * `npm run bench:cpu`: the CPU device against its peers on the repository's Node, and again on the Node that the caller has
 * when that is another one (bundled first, for a Node that does not read TypeScript). With `--against <checkout>` it is this
 * checkout against another one, in place of the peers. Options: see packages/yolo/bench/cpu.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { node, root, setup } from './setup.mjs';

setup();
const { build } = await import('esbuild');
const folder = mkdtempSync(join(tmpdir(), 'gdarknet-bench-'));

/** A program of the bench as one file, with the libraries of a checkout. */
const bundle = async (program, checkout = root) => {
  const outfile = join(folder, `${checkout === root ? 'this' : 'other'}-${program}.mjs`);
  const libraries = {
    name: 'libraries of a checkout',
    setup: (plugin) => {
      plugin.onResolve({ filter: /^@gdarknet\// }, ({ path, importer, kind, pluginData }) =>
        pluginData !== libraries && importer.startsWith(join(root, 'packages/yolo/bench'))
          ? plugin.resolve(path, { kind, resolveDir: join(checkout, 'packages/yolo/src'), pluginData: libraries })
          : undefined,
      );
    },
  };
  await build({
    entryPoints: [join(root, 'packages/yolo/bench/cpu', `${program}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['@gdarknet/source'],
    logLevel: 'error',
    plugins: [libraries],
  });
  return outfile;
};

const againstPeers = async (args) => {
  const file = await bundle('main');
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
    const { status } = spawnSync(command, [file, ...args], { stdio: 'inherit', env: { ...process.env, PATH: path } });
    failed ||= status ?? 1;
  }
  return failed;
};

const args = process.argv.slice(2);
const { values } = parseArgs({ args, options: { against: { type: 'string' } }, strict: false });
let status;
if (typeof values.against === 'string') {
  const { benchAgainst } = await import('./bench-against.mjs');
  const other = resolve(process.env.INIT_CWD ?? process.cwd(), values.against);
  status = await benchAgainst({ ours: await bundle('timer'), theirs: await bundle('timer', other), args });
} else status = await againstPeers(args);
rmSync(folder, { recursive: true, force: true });
process.exit(status);
