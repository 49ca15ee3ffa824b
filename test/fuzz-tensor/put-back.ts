/**
 * Proof that the generator is not tame: each fault that was fixed is put back into a copy of the checkout, and the fuzz has a
 * minute to find it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Failure } from './fuzz.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = fileURLToPath(new URL('./put-back', import.meta.url));
const limit = 60;

/** What the fuzz needs of a checkout. */
const copyTo = (target: string): void => {
  for (const part of ['packages/tensor', 'packages/nn', 'test', 'package.json']) {
    cpSync(join(root, part), join(target, part), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !/\/(dist|put-back)$/.test(path),
    });
  }
  symlinkSync(join(root, 'node_modules'), join(target, 'node_modules'));
};

type Found = { readonly failure?: Failure; readonly programs?: number; readonly trouble?: string };

/** The fuzz of the copy, in a process of its own; its first failure. */
const search = (copy: string, seed: number): Promise<Found> =>
  new Promise((resolve) => {
    const script = join(copy, 'test/fuzz-tensor/search.ts');
    const child = spawn(
      process.execPath,
      ['--conditions=@gdarknet/source', '--disable-warning=ExperimentalWarning', script, String(seed), String(limit)],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('exit', (code) => {
      const line = out.trim().split('\n').at(-1) ?? '';
      try {
        resolve(JSON.parse(line) as Found);
      } catch {
        resolve({ trouble: `exit ${code}: ${err.slice(-400) || line}` });
      }
    });
  });

/** Prints a table; the status is 1 when a fault was not found or its patch no longer fits. */
export const putBack = async (name: string, seed: number): Promise<number> => {
  const patches = readdirSync(folder)
    .filter((file) => file.endsWith('.patch') && (name === 'all' || file === `${name}.patch`))
    .sort();
  if (patches.length === 0) throw new Error(`--put-back: there is no ${name}.patch in ${folder}`);
  console.log(`seed ${seed}`);
  let missed = 0;
  for (const patch of patches) {
    const copy = mkdtempSync(join(tmpdir(), 'gdarknet-put-back-'));
    try {
      copyTo(copy);
      const applied = spawnSync('git', ['apply', '--unsafe-paths', `--directory=${copy}`, join(folder, patch)], {
        cwd: '/',
        encoding: 'utf8',
      });
      const fault = basename(patch, '.patch');
      if (applied.status !== 0) {
        missed++;
        console.log(`${fault}: the patch no longer fits: ${applied.stderr.trim()}`);
        continue;
      }
      const { failure, programs, trouble } = await search(copy, seed);
      if (failure === undefined) missed++;
      const told = failure
        ? `found after ${failure.programs} programs, ${failure.seconds.toFixed(1)} s: ${failure.title}: ${failure.reason}\n${failure.code.replace(/^/gm, '    ')}`
        : `NOT FOUND in ${limit} s, ${programs ?? 0} programs${trouble ? ` (${trouble})` : ''}`;
      console.log(`${fault}: ${told}`);
    } finally {
      if (existsSync(copy)) rmSync(copy, { recursive: true, force: true });
    }
  }
  console.log(`${patches.length - missed} of ${patches.length} faults found`);
  return missed > 0 ? 1 : 0;
};
