/** The `gdarknet` command from the sources, built or not: `npm run -s gdarknet -- <arguments>`. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fromSource, node, root, setup } from './setup.mjs';

setup();
const child = spawn(node, [...fromSource, join(root, 'apps/cli/src/main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  // Relative paths mean the folder where the user is, not the root where npm runs scripts.
  cwd: process.env.INIT_CWD ?? process.cwd(),
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
