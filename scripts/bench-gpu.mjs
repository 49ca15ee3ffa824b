/**
 * `pnpm bench:gpu`: the webgpu device on this machine's graphics card against PyTorch; without one, small sizes on
 * SwiftShader. `--archive [file]` packs it for a bare machine instead. Options: see packages/yolo/bench/gpu.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fromSource, node, root, setup } from './setup.mjs';

setup();
const start = (file, args, env = {}) =>
  spawnSync(node, [...fromSource, join(root, 'packages/yolo/bench/gpu', file), ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  }).status ?? 1;

const args = process.argv.slice(2);
if (args.includes('--archive'))
  process.exit(
    start(
      'archive.ts',
      args.filter((arg) => arg !== '--archive'),
    ),
  );

/** What `main.ts` ends with where WebGPU finds nothing. */
const noAdapter = 3;
let status = start('main.ts', args);
if (status === noAdapter && !args.includes('--device')) {
  const print =
    "import('./test/swiftshader.ts').then(({ swiftshaderEnvironment }) => console.log(JSON.stringify(swiftshaderEnvironment())))";
  const { stdout, stderr } = spawnSync(node, [...fromSource, '-e', print], { cwd: root, encoding: 'utf8' });
  if (stdout) {
    console.log('On SwiftShader, which emulates one on the processor:\n');
    status = start('main.ts', args, JSON.parse(stdout));
  } else console.log(`not found: SwiftShader: ${stderr.trim().split('\n').at(-1)}`);
}
process.exit(status);
