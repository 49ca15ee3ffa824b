/**
 * Everything that must hold, in one command: types, lint, dependency directions, unit + conformance + golden tests, and the
 * packed packages. Ends with `N passed, N failed, N skipped`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, root, run, setup } from './setup.mjs';

setup();
// Scripts below run on the repository's own Node; the packages must also load on the caller's.
process.env.GDARKNET_NODE ??= process.execPath;
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const totals = { passed: 0, failed: 0, skipped: 0 };
/** Said again at the end, where it is looked for. */
const failures = [];

const check = (name, command, args) => {
  console.log(`\n--- ${name}`);
  const status = run(command, args, { stdout: 1 });
  totals[status === 0 ? 'passed' : 'failed']++;
  if (status !== 0) failures.push(`${name} (exit ${status})`);
  return status === 0;
};

check('types', bin('tsc'), ['-p', 'tsconfig.json']);
check('lint and format', bin('biome'), ['check', '.']);
check('dependency directions and cycles', bin('depcruise'), [
  '--config',
  '.dependency-cruiser.cjs',
  'packages',
  'apps',
]);

console.log('\n--- unit, conformance and golden tests');
// Everything the tests leave behind lies in one folder, which goes when they end.
const scratch = mkdtempSync(join(tmpdir(), 'gdarknet-tests-'));
const report = join(scratch, 'report.json');
const reporters = ['--reporter=default', '--reporter=./scripts/test-report.mjs'];
const env = { TMPDIR: scratch, GDARKNET_TEST_REPORT: report };
const status = run(bin('vitest'), ['run', ...reporters], { stdout: 1, env });
try {
  const tests = JSON.parse(readFileSync(report, 'utf8'));
  for (const kind of Object.keys(totals)) totals[kind] += tests[kind];
  failures.push(...tests.failures);
  if (status !== 0 && tests.failed === 0) {
    totals.failed++;
    failures.push(`the test runner (exit ${status})`);
  }
} catch {
  totals.failed++;
  failures.push(`the test runner left no report (exit ${status})`);
}
rmSync(scratch, { recursive: true, force: true });

if (check('build', 'npx', ['--yes', packageManager, '-r', '--workspace-concurrency=1', 'run', 'build'])) {
  check('packed packages (publint, attw, ESM and CJS, oldest Node)', bin('node'), ['scripts/packages.mjs']);
}

for (const failure of failures) console.log(`\nFAILED: ${failure}`);
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 ? 0 : 1);
