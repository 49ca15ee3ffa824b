/** Programs that a test needs from Debian's packages: installed by the test where that is possible. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const call = promisify(execFile);

/** A program by its name, or a file by a pattern of its path. */
const isThere = async (program: string): Promise<boolean> => {
  try {
    await call('sh', ['-c', program.includes('/') ? `ls ${program}` : `command -v ${program}`]);
    return true;
  } catch {
    return false;
  }
};

/** Undefined when the programs are there, or have been installed; otherwise why they are not. */
export const missing = async (
  programs: readonly string[],
  packages: readonly string[],
): Promise<string | undefined> => {
  const present = async (): Promise<boolean> => (await Promise.all(programs.map(isThere))).every(Boolean);
  if (await present()) return undefined;
  const what = `${programs.join(', ')} not installed`;
  if (!(await isThere('apt-get'))) return `${what}, and there is no apt-get`;
  if (process.getuid?.() !== 0) return `${what}, and only root can run apt-get install ${packages.join(' ')}`;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const words = ['-qq', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', 'install', ...packages];
  try {
    await call('apt-get', words, { env, timeout: 300_000 }).catch(async () => {
      await call('apt-get', ['-qq', 'update'], { env, timeout: 120_000 });
      await call('apt-get', words, { env, timeout: 300_000 });
    });
  } catch (error) {
    return `${what}, and apt-get could not install them: ${String(error).split('\n')[0]}`;
  }
  return (await present()) ? undefined : `${what}, though apt-get installed ${packages.join(' ')}`;
};
