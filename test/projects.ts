/**
 * Which tests a contributor runs at each change, and which need more than this process: a test belongs where what it imports
 * says that it does, so that none can be put into the wrong place.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The first that fits. What is imported of the sources themselves does not count; helpers of tests do. */
const rules = [
  ['cluster', /\/debian\.ts$/],
  ['browser', /^playwright-core$/],
  ['gpu', /\/(swiftshader|lavapipe)\.ts$/],
  ['process', /^node:child_process$/],
] as const satisfies readonly (readonly [string, RegExp])[];

/**
 * - `unit`: in this process, on the CPU.
 * - `process`: commands as people start them.
 * - `gpu`: WebGPU, on an adapter that the processor emulates.
 * - `browser`: in Chromium.
 * - `cluster`: Slurm and MPI, which are installed where they may be.
 */
export type ProjectName = 'unit' | (typeof rules)[number][0];
export const projectNames: readonly ProjectName[] = ['unit', 'process', 'gpu', 'browser', 'cluster'];

const isHelper = (path: string): boolean => /(^|\/)(testing|test)\//.test(path);

/** What a test imports, by itself and through helpers; relative ones as paths from the root. */
const importsOf = (test: string): ReadonlySet<string> => {
  const found = new Set<string>();
  const waiting = [test];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, name] of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      const path = name.startsWith('.') ? join(dirname(file), name) : name;
      if (found.has(path)) continue;
      found.add(path);
      if (name.startsWith('.') && isHelper(path) && existsSync(join(root, path))) waiting.push(path);
    }
  }
  return found;
};

export const projectOf = (test: string): ProjectName => {
  const imports = [...importsOf(test)];
  return rules.find(([, needs]) => imports.some((name) => needs.test(name)))?.[0] ?? 'unit';
};

const skipped = new Set(['node_modules', 'dist', 'fixtures']);
const testsIn = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : testsIn(path);
    return entry.name.endsWith('.test.ts') ? [relative(root, path)] : [];
  });

/** All tests by project, as paths from the root. */
export const testsByProject = (): { readonly [P in ProjectName]: readonly string[] } => {
  const tests = ['packages', 'apps', 'test'].flatMap((folder) => testsIn(join(root, folder))).sort();
  const of = (wanted: ProjectName) => tests.filter((test) => projectOf(test) === wanted);
  return { unit: of('unit'), process: of('process'), gpu: of('gpu'), browser: of('browser'), cluster: of('cluster') };
};
