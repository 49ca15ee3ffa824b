/**
 * Proof that the fuzz is not tame: each fault that was mended is put back into a copy of the package, one patch a fault, and
 * the fuzz has a minute to find it. The patches are those of shared/cases/metrics and of the issues that named more.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const folder = fileURLToPath(new URL('./put-back', import.meta.url));

/** Seconds in which a fault is to be found. */
export const limit = 60;

/** Names of the faults that can be put back. */
export const faults: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.patch'))
  .map((file) => basename(file, '.patch'))
  .sort();

/** What the fuzz needs of a checkout. */
const copyTo = (target: string): void => {
  for (const part of ['packages/metrics/src', 'packages/metrics/bench', 'packages/metrics/package.json']) {
    cpSync(join(root, part), join(target, part), { recursive: true, filter: (path) => !path.endsWith('/put-back') });
  }
  mkdirSync(join(target, 'test'));
  cpSync(join(root, 'test/shared.ts'), join(target, 'test/shared.ts'));
  cpSync(join(root, 'package.json'), join(target, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(target, 'node_modules'));
};

export interface Search {
  readonly found: boolean;
  readonly seconds: number;
  /** The law that the fault breaks, or why there is no answer. */
  readonly text: string;
}

/** The fuzz of a copy with one fault. */
export const searchFor = (fault: string, seed = 0, seconds = limit): Search => {
  const copy = mkdtempSync(join(tmpdir(), 'gdarknet-put-back-'));
  try {
    copyTo(copy);
    const patch = join(folder, `${fault}.patch`);
    const applied = spawnSync('git', ['apply', '--unsafe-paths', `--directory=${copy}`, patch], {
      cwd: '/',
      encoding: 'utf8',
    });
    if (applied.status !== 0) {
      return { found: false, seconds: 0, text: `the patch no longer fits: ${applied.stderr.trim()}` };
    }
    const start = performance.now();
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '--conditions=@gdarknet/source',
        '--disable-warning=ExperimentalWarning',
        join(copy, 'packages/metrics/bench/fuzz.ts'),
        '1e9',
        String(seed),
      ],
      { encoding: 'utf8', timeout: 1000 * seconds },
    );
    const spent = (performance.now() - start) / 1000;
    const [law = ''] = stderr.match(/seed \d+, after.*/) ?? [];
    if (status === 1 && law !== '') return { found: true, seconds: spent, text: law };
    return { found: false, seconds: spent, text: stderr.slice(-400) || `nothing in ${seconds} s` };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
};
