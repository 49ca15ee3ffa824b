/**
 * `pnpm bench:gpu`: the webgpu device on this machine's graphics card against PyTorch; without one, small sizes on
 * SwiftShader. Options: see packages/yolo/bench/gpu.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fromSource, node, root, setup } from './setup.mjs';

setup();
const main = join(root, 'packages/yolo/bench/gpu/main.ts');
const bench = (env) =>
  spawnSync(node, [...fromSource, main, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  }).status ?? 1;

/** What `main.ts` ends with where WebGPU finds nothing. */
const noAdapter = 3;
let status = bench({});
if (status === noAdapter && !process.argv.includes('--device')) {
  const print =
    "import('./test/swiftshader.ts').then(({ swiftshaderEnvironment }) => console.log(JSON.stringify(swiftshaderEnvironment())))";
  const { stdout, stderr } = spawnSync(node, [...fromSource, '-e', print], { cwd: root, encoding: 'utf8' });
  if (stdout) {
    console.log('On SwiftShader, which emulates one on the processor:\n');
    status = bench(JSON.parse(stdout));
  } else console.log(`not found: SwiftShader: ${stderr.trim().split('\n').at(-1)}`);
}
process.exit(status);
