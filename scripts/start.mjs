/** The main job, for a newcomer: set up, then the demonstration of the command line (`gdarknet demo`). */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fromSource, node, root, setup } from './setup.mjs';

setup();
const args = [...fromSource, join(root, 'apps/cli/src/main.ts'), 'shapes-demo', ...process.argv.slice(2)];
const { status } = spawnSync(node, args, { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
