/**
 * The packages as a user gets them: packed, then checked by publint and are-the-types-wrong, then installed together into
 * an empty folder and loaded as ESM and CJS.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, root } from './setup.mjs';

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folders = ['packages', 'apps'].flatMap((top) =>
  readdirSync(join(root, top)).map((name) => join(root, top, name)),
);
const work = mkdtempSync(join(tmpdir(), 'gdarknet-packages-'));
const call = (command, args, cwd = root) => {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    console.log(error.stdout, error.stderr);
    throw new Error(`${command} ${args.join(' ')} failed`);
  }
};

const packed = folders.map((folder) => {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  call('npx', ['--yes', packageManager, 'pack', '--pack-destination', work], folder);
  const file = join(work, `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`);
  return { manifest, file };
});

let failed = false;
for (const { manifest, file } of packed) {
  try {
    call(bin('publint'), ['run', file, '--strict']);
    if (manifest.exports) call(bin('attw'), [file, '--profile', 'node16', '--no-emoji']);
    console.log(`${manifest.name}: publint and attw are content`);
  } catch (error) {
    failed = true;
    console.log(String(error.message));
  }
}

const consumer = join(work, 'consumer');
execFileSync('mkdir', [consumer]);
const dependencies = Object.fromEntries(packed.map(({ manifest, file }) => [manifest.name, `file:${file}`]));
writeFileSync(
  join(consumer, 'package.json'),
  JSON.stringify({ private: true, dependencies, pnpm: { overrides: dependencies } }),
);
call('npx', ['--yes', packageManager, 'install', '--prefer-offline', '--ignore-workspace'], consumer);
// Every entry of every package, in both module systems, on the oldest Node at hand.
const entries = packed
  .filter(({ manifest }) => manifest.exports)
  .flatMap(({ manifest }) =>
    Object.entries(manifest.exports)
      .filter(([, target]) => typeof target === 'object')
      .map(([path]) => manifest.name + path.slice(1)),
  );
writeFileSync(
  join(consumer, 'esm.mjs'),
  entries
    .map((e) => `console.log(${JSON.stringify(e)}, Object.keys(await import(${JSON.stringify(e)})).length);`)
    .join('\n'),
);
writeFileSync(
  join(consumer, 'cjs.cjs'),
  entries
    .map((e) => `console.log(${JSON.stringify(e)}, Object.keys(require(${JSON.stringify(e)})).length);`)
    .join('\n'),
);
const nodes = [
  ["this repository's Node", bin('node')],
  ...(process.env.GDARKNET_NODE ? [["the caller's Node", process.env.GDARKNET_NODE]] : []),
];
for (const [name, node] of nodes) {
  for (const script of ['esm.mjs', 'cjs.cjs']) {
    try {
      call(node, [script], consumer);
      console.log(
        `${script.slice(0, 3)} on ${name} (${call(node, ['--version']).trim()}): ${entries.length} entries load`,
      );
    } catch (error) {
      failed = true;
      console.log(String(error.message));
    }
  }
}
rmSync(work, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
