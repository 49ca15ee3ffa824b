/**
 * Everything that must hold, in one command: types, lint, dependency directions, unit + conformance + golden tests, and the
 * packed packages. Ends with `N passed, N failed, N skipped`.
 */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, root, run, setup } from './setup.mjs';

setup();
// Scripts below run on the repository's own Node; the packages must also load on the caller's.
process.env.GDARKNET_NODE ??= process.execPath;
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const totals = { passed: 0, failed: 0, skipped: 0 };

const check = (name, command, args) => {
  console.log(`\n--- ${name}`);
  const status = run(command, args, { stdout: 1 });
  totals[status === 0 ? 'passed' : 'failed']++;
  if (status !== 0) console.log(`FAILED: ${name} (exit ${status})`);
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
const report = join(tmpdir(), `gdarknet-tests-${process.pid}.json`);
const status = run(bin('vitest'), ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], {
  stdout: 1,
});
try {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  totals.passed += numPassedTests;
  totals.failed += numFailedTests;
  totals.skipped += numPendingTests + numTodoTests;
  // A file that cannot be loaded has no tests to fail.
  if (status !== 0 && numFailedTests === 0) totals.failed += Math.max(1, numFailedTestSuites);
} catch {
  console.log('FAILED: the test runner left no report');
  totals.failed++;
}
rmSync(report, { force: true });

if (check('build', 'npx', ['--yes', packageManager, '-r', '--workspace-concurrency=1', 'run', 'build'])) {
  check('packed packages (publint, attw, ESM and CJS, oldest Node)', bin('node'), ['scripts/packages.mjs']);
}

console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 ? 0 : 1);
