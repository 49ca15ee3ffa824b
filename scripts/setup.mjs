/**
 * What every entry point needs first: the dependencies of the lock file, and the Node that the repository runs on. Works on
 * any Node from 20 up with nothing installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const bin = (name) => join(root, 'node_modules', '.bin', name);
/** The repository's own Node itself: the script of that name in `.bin` would keep signals to itself. */
export const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Runs a command in the root; output goes to stderr unless `inherit` is asked for. Ends the process when it fails. */
export const run = (command, args, { stdout = 2, env = {} } = {}) => {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: [0, stdout, 2],
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  if (error) throw error;
  return status ?? 1;
};

/** Installs when there is nothing installed or the lock file is newer than what is. */
export const setup = () => {
  const installed = join(root, 'node_modules', '.modules.yaml');
  const lock = join(root, 'pnpm-lock.yaml');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.error(`Installing dependencies with ${packageManager} ...`);
  const status = run('npx', ['--yes', packageManager, 'install', '--frozen-lockfile', '--prefer-offline'], {
    env: { CI: 'true' },
  });
  if (status !== 0) {
    console.error(
      'The dependencies could not be installed: see the messages above. A package registry must be reachable.',
    );
    process.exit(status);
  }
};

/** The arguments that make Node run TypeScript sources of the workspace. */
export const fromSource = ['--conditions=@gdarknet/source', '--disable-warning=ExperimentalWarning'];
