/** The `gdarknet` command from the sources, built or not: `npm run -s gdarknet -- <arguments>`. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fromSource, node, root, setup } from './setup.mjs';

setup();
// Node gives every signal its default when it starts: nohup's wish is seen in what the shell says that it has started.
const held = process.env.GDARKNET_NOHUP !== undefined || /(^|\/)nohup$/.test(process.env._ ?? '');
const child = spawn(node, [...fromSource, join(root, 'apps/cli/src/main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  // Relative paths mean the folder where the user is, not the root where npm runs scripts.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  env: held ? { ...process.env, GDARKNET_NOHUP: '1' } : process.env,
});
// SIGUSR1 too: Node itself would open its debugger.
const unix = process.platform === 'win32' ? [] : ['SIGUSR1', 'SIGUSR2', ...(held ? [] : ['SIGHUP'])];
const windows = process.platform === 'win32' ? ['SIGBREAK'] : [];
for (const signal of ['SIGINT', 'SIGTERM', ...unix, ...windows]) process.on(signal, () => child.kill(signal));
if (held) process.on('SIGHUP', () => {});
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
